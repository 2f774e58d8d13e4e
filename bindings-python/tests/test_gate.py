"""What a gate is built from, and what it tells."""

from __future__ import annotations

import asyncio
import gc
import json
import weakref
from base64 import b64decode
from types import MappingProxyType
from typing import Any

import pytest
from consentgate import AsyncGate, ConfigError, Decision, Gate, NotWritten, memory

from .support import BODY, NOW, ORIGIN, SECRET, config, consented, event, statement


def accepted(**more: Any) -> Decision:
    return consented(Gate(config(**more))).call_event("acme", event(), BODY, now=NOW)


def test_a_decision_says_what_to_send_and_what_to_log() -> None:
    decision = accepted()
    assert decision.outcome == "accepted"
    assert decision.status == 200
    assert decision.headers == {"content-type": "application/json", "cache-control": "no-store"}
    assert json.loads(decision.body) == {"status": "accepted", "call_id": decision.call_id}
    assert (decision.flow, decision.stage, decision.reason) == (
        *("call_event", "marketing"),
        "accepted",
    )
    assert (decision.event_id, decision.key_id) == ("e1", "k1")
    assert decision.marketing == "enqueued"
    assert decision.retry_after is None
    assert decision.error is None


def test_a_decision_is_neither_true_nor_false() -> None:
    decision = accepted()
    with pytest.raises(TypeError, match="neither true nor false"):
        bool(decision)
    with pytest.raises(TypeError):
        assert not decision


def test_a_decision_cannot_be_made_or_changed() -> None:
    decision: Any = accepted()
    with pytest.raises(AttributeError):
        decision.outcome = "noop"
    with pytest.raises(TypeError):
        type(decision)()


def test_law_12_a_decision_shows_nothing_of_the_event() -> None:
    decision = accepted()
    assert repr(decision) == "<Decision accepted 200: call_event, marketing, accepted>"
    assert repr(decision) == str(decision)


def test_a_sale_is_confirmed_once() -> None:
    gate = consented(Gate(config()))
    call_id = gate.call_event("acme", event(), BODY, now=NOW).call_id
    assert call_id is not None
    sale = gate.confirm_sale("acme", call_id, now=NOW)
    assert (sale.status, sale.outcome, sale.marketing) == (200, "noop", "enqueued")
    assert gate.confirm_sale("acme", "0" * 32, now=NOW).status == 404
    assert gate.confirm_sale("acme", "\udc80", now=NOW).status == 404


def test_a_person_is_forgotten() -> None:
    gate = consented(Gate(config()))
    assert gate.erase("acme", "f", now=NOW).reason == "erased"
    assert gate.call_event("acme", event(), BODY, now=NOW).reason == "no_session"


@pytest.mark.parametrize("form", [Gate, AsyncGate])
@pytest.mark.parametrize(
    "given",
    [
        config(),
        MappingProxyType(config()),
        json.dumps(config()),
        json.dumps(config()).encode(),
        {"sites": MappingProxyType(config()["sites"])},
    ],
    ids=["dict", "mapping", "str", "bytes", "nested mapping"],
)
def test_forms_of_a_configuration(given: Any, form: type[Gate] | type[AsyncGate]) -> None:
    assert form(given).body_bytes_max == 65_536


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_a_secret_as_bytes_is_taken_as_it_is(kind: Any) -> None:
    key = b64decode(SECRET.removeprefix("whsec_"))
    gate = Gate(config(site={"keys": [{"id": "k1", "secret": kind(key)}]}))
    assert gate.call_event("acme", event(), BODY, now=NOW).reason == "no_session"


def test_every_fault_is_reported_with_its_path() -> None:
    with pytest.raises(ConfigError) as raised:
        Gate({"sites": {"acme": {"keys": [{"id": "k1", "secret": "c2VjcmV0"}]}, "b c": {}}, "x": 1})
    faults = {fault.path: fault.problem for fault in raised.value.faults}
    assert set(faults) == {"sites.acme.keys[0].secret", "sites.b c", "x"}
    assert all(isinstance(fault, tuple) for fault in raised.value.faults)
    assert "`sites.acme.keys[0].secret` is shorter than 24 bytes" in str(raised.value)
    assert "c2VjcmV0" not in str(raised.value) + repr(raised.value)


@pytest.mark.parametrize(
    "given", ["{", b"\xff", "\udc80", '{"a":1,"a":2}', "[]", {"sites": float("nan")}]
)
def test_no_strict_json(given: Any) -> None:
    with pytest.raises(ConfigError):
        Gate(given)


def test_a_configuration_without_end() -> None:
    loop: dict[str, Any] = {}
    loop["sites"] = loop
    deep: dict[str, Any] = {}
    for _ in range(100_000):
        deep = {"sites": deep}
    for document in (loop, deep, {"sites": 10**5000}):
        with pytest.raises(ConfigError):
            Gate(document)
    # Whoever drops it must not recurse.
    while deep:
        deep = deep["sites"]


@pytest.mark.parametrize("given", [None, 1, [], object(), {"sites": object()}, {"sites": {1, 2}}])
def test_no_configuration_at_all(given: Any) -> None:
    with pytest.raises((TypeError, ConfigError)):
        Gate(given)


@pytest.mark.parametrize(
    ("origins", "problem"),
    [
        ({1}, "`sites.acme.origins` cannot be a set"),
        ([{}, [object()]], r"`sites.acme.origins\[1\]\[0\]` cannot be a object"),
        ({None: 1}, "members of `sites.acme.origins` must be named by str, not NoneType"),
        ([float("nan")], "`sites.acme.origins` must be"),
        (float("inf"), "`sites.acme.origins` must be"),
    ],
    ids=repr,
)
def test_what_json_has_no_words_for_is_told_with_its_path(origins: Any, problem: str) -> None:
    with pytest.raises((TypeError, ConfigError), match=problem):
        Gate(config(site={"origins": origins}))


def test_exceptions_are_what_they_are() -> None:
    assert issubclass(ConfigError, ValueError)
    assert issubclass(NotWritten, Exception)


def test_sites_change_while_running() -> None:
    gate = consented(Gate(config(), clock=lambda: NOW))
    gate.remove_site("acme")
    assert gate.call_event("acme", event(), BODY).reason == "unknown_site"
    gate.set_site("acme", config()["sites"]["acme"])
    assert gate.call_event("acme", event(), BODY).outcome == "accepted"
    gate.set_site("ACME", json.dumps(config()["sites"]["acme"]))
    with pytest.raises(ConfigError) as raised:
        gate.set_site("acme", {"keys": []})
    assert [fault.path for fault in raised.value.faults] == ["sites.acme.keys"]
    for site in ("", "\udc80", "a b"):
        with pytest.raises(ConfigError):
            gate.set_site(site, config()["sites"]["acme"])
        with pytest.raises(ConfigError):
            gate.remove_site(site)


def test_counters_and_metrics() -> None:
    gate = consented(Gate(config()))
    for _ in range(3):
        gate.call_event("acme", event(), BODY, now=NOW)
    counters = gate.counters()
    assert counters["watch"]["call_events"] == 3
    assert counters["watch"]["replays_refused"] == 2
    assert counters["watch"]["conversions_enqueued"] == 1
    assert counters["store_failures"]["calls"] == {"errors": 0, "timeouts": 0}
    counted = {row["reason"]: row["count"] for row in counters["decisions"] if row["count"]}
    assert counted == {"stored": 1, "accepted": 1, "duplicate": 2}
    line = 'flow="call_event",stage="replay",reason="duplicate",outcome="noop"} 2'
    assert f"consentgate_decisions_total{{{line}\n" in gate.metrics()


def test_a_closed_gate_refuses() -> None:
    with Gate(config()) as gate:
        assert gate.call_event("acme", event(), BODY, now=NOW).reason == "no_session"
    gate.close()
    calls: list[Any] = [
        lambda: gate.call_event("acme", event(), BODY),
        lambda: gate.sync_session("acme", {}, b""),
        lambda: gate.confirm_sale("acme", ""),
        lambda: gate.erase("acme", "f"),
        lambda: gate.set_site("acme", {}),
        lambda: gate.remove_site("acme"),
        *(gate.metrics, gate.counters),
    ]
    for call in calls:
        with pytest.raises(ValueError, match="closed"):
            call()


def test_a_closed_async_gate_refuses() -> None:
    async def run() -> None:
        async with AsyncGate(config()) as gate:
            decision = await gate.sync_session("acme", {"origin": ORIGIN}, statement("analytics"))
            assert decision.outcome == "accepted"
        gate.close()
        await gate.close()
        with pytest.raises(ValueError, match="closed"):
            await gate.call_event("acme", event(), BODY)

    asyncio.run(run())


def test_stores_are_named_all_or_none() -> None:
    named = {"admission": memory(), "sessions": memory(), "calls": memory()}
    assert Gate(config(), named).keeps_all_in_memory
    for wrong in ({}, {"sessions": memory()}, {**named, "queue": memory()}):
        with pytest.raises(ConfigError) as raised:
            Gate(config(), wrong)
        paths = {fault.path for fault in raised.value.faults}
        assert paths == {f"stores.{role}" for role in set(named) ^ set(wrong)}
    with pytest.raises(TypeError):
        Gate(config(), [memory()])  # type: ignore[arg-type]


def test_nothing_is_kept_alive() -> None:
    """Gate, clock and stores may lead to each other."""

    class Host:
        gate: Gate

        def now(self) -> float:
            return NOW

    host = Host()
    host.gate = Gate(config(), clock=host.now)
    gone = weakref.ref(host)
    del host
    gc.collect()
    assert gone() is None
