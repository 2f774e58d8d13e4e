"""No input does anything but give a decision or raise what is documented."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from consentgate import (
    Admission,
    AsyncAdmission,
    AsyncGate,
    ConfigError,
    Decision,
    Gate,
    Verified,
    device_secret,
    sign,
    sign_device,
    verify,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from .support import BODY, NOW, SECRET, config, consented, event, host_config
from .test_stores import Host, replying

METER = b"a secret of one device alone"
SITE = {"devices": {"directory": [{"id": "meter-7", "secrets": [METER]}]}}
LINE = {"site": "acme", "method": "POST", "url": "/v1/readings?n=1"}
GATE = consented(Gate(config(site=SITE)))
ASYNC_GATE = AsyncGate(config(site=SITE))

junk: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None), max_size=20)
    | st.binary(max_size=20)
    | st.sampled_from([object(), iter([1]), bytearray(b"x"), memoryview(b"x"), 10**400]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(
            st.text(max_size=5) | st.binary(max_size=5) | st.integers(), inner, max_size=4
        )
    ),
    max_leaves=8,
)
names = st.sampled_from(["webhook-id", b"Webhook-Timestamp", "WEBHOOK-SIGNATURE", "origin", "x"])
values = st.sampled_from([*event().values()]) | st.text(max_size=50) | st.binary(max_size=50) | junk
headers = st.dictionaries(names, values) | st.lists(st.tuples(names, values)) | junk
bodies = st.just(BODY) | st.binary(max_size=200) | junk
sites = st.sampled_from(["acme", " ACME ", "nobody", ""]) | st.text() | junk
times = st.just(NOW) | st.none() | st.integers() | st.floats() | junk
allowed = (TypeError, ValueError)
quick = settings(max_examples=300, deadline=None, derandomize=True)


@quick
@given(sites, headers, bodies, st.none() | junk, times, st.booleans())
def test_events_and_statements(
    site: Any, headers: Any, body: Any, ip: Any, now: Any, waited: bool
) -> None:
    named = {"ip": ip, "now": now}
    for method in ("call_event", "sync_session"):
        try:
            if waited:
                coroutine = getattr(ASYNC_GATE, method)(site, headers, body, **named)
                decision = asyncio.run(coroutine)
            else:
                decision = getattr(GATE, method)(site, headers, body, **named)
        except allowed:
            continue
        assert isinstance(decision, Decision)
        assert decision.status in (200, 204, 400, 401, 413, 429)


# Signed well, under one of a few ids: let in, in flight, or done before.
webhooks = st.builds(event, st.sampled_from([f"w{n}" for n in range(20)])) | headers


@quick
@given(sites, webhooks, bodies, times, st.tuples(times, times), st.booleans())
def test_admissions(
    site: Any, headers: Any, body: Any, now: Any, ends: tuple[Any, Any], waited: bool
) -> None:
    """An admission or a documented error; and so is its end, however often it is ended."""

    async def both() -> None:
        for at in (now, NOW):
            try:
                admission = await ASYNC_GATE.admit(site, headers, body, now=at)
            except allowed:
                continue
            assert isinstance(admission, AsyncAdmission)
            was_let_in, answers = admission.admitted, [admission.decision]
            for end, later in zip((admission.commit, admission.release), ends, strict=True):
                with suppress(*allowed):
                    answers.append(await end(now=later))
            admission_holds(was_let_in, answers)

    if waited:
        asyncio.run(both())
        return
    for at in (now, NOW):
        try:
            admission = GATE.admit(site, headers, body, now=at)
        except allowed:
            continue
        assert isinstance(admission, Admission)
        was_let_in, answers = admission.admitted, [admission.decision]
        for end, later in zip((admission.commit, admission.release), ends, strict=True):
            with suppress(*allowed):
                answers.append(end(now=later))
        admission_holds(was_let_in, answers)


def admission_holds(was_let_in: bool, answers: list[Decision]) -> None:
    """The answer before the work, and after each end; the first end counts."""
    assert all(isinstance(decision, Decision) for decision in answers)
    assert all(decision.status in (200, 400, 401, 409, 413, 429, 503) for decision in answers)
    before, *after = answers
    assert was_let_in == (before.reason == "uncommitted")
    assert before.outcome != "accepted"
    for decision in after:
        assert decision is after[0] if was_let_in else decision is before


device_values = (
    st.builds(
        lambda n: sign_device(METER, "meter-7", BODY, nonce=f"{n:016}", now=NOW, **LINE)[
            "x-device-auth"
        ],
        st.integers(0, 20),
    )
    | values
)
device_headers = st.dictionaries(
    st.sampled_from(["x-device-auth", "X-Device-Auth", b"X-DEVICE-AUTH", "x"]), device_values
)
lines = st.fixed_dictionaries(
    {
        "site": st.just("acme") | sites,
        "method": st.just("POST") | st.text(max_size=5) | junk,
        "url": st.just(LINE["url"]) | st.text(max_size=20) | junk,
        "ip": st.none() | st.just("192.0.2.1") | junk,
        "now": st.just(NOW) | times,
    }
)


@quick
@given(device_headers | headers, st.just(BODY) | bodies, lines, st.booleans())
def test_devices(headers: Any, body: Any, line: dict[str, Any], waited: bool) -> None:
    try:
        if waited:
            decision = asyncio.run(ASYNC_GATE.device(headers, body, **line))
        else:
            decision = GATE.device(headers, body, **line)
    except allowed:
        return
    assert isinstance(decision, Decision)
    assert decision.status in (200, 401, 413, 429)
    # Nothing but what was signed is accepted.
    if decision.outcome == "accepted":
        signed = (str(line["site"]).strip().lower(), line["method"], line["url"], bytes(body))
        assert signed == ("acme", "POST", LINE["url"], BODY)


@quick
@given(st.just(METER) | junk, st.just("meter-7") | junk, lines, junk)
def test_a_device_s_own_half(secret: Any, device: Any, line: dict[str, Any], more: Any) -> None:
    line = {name: line[name] for name in ("site", "method", "url", "now")}
    with suppress(*allowed):
        signed = sign_device(secret, device, BODY, nonce=more, **line)
        assert list(signed) == ["x-device-auth"]
    with suppress(*allowed):
        assert len(device_secret(secret, line["site"], device, more)) == 44


@quick
@given(sites, st.text(max_size=40) | junk, times)
def test_sales_and_erasures(site: Any, name: Any, now: Any) -> None:
    for method in (GATE.confirm_sale, GATE.erase):
        try:
            decision = method(site, name, now=now)
        except allowed:
            continue
        assert decision.status in (200, 401, 404)


@quick
@given(st.just("standard-webhooks") | junk, st.just(SECRET) | junk, headers, bodies, times, junk)
def test_verify_and_sign(
    scheme: Any, secrets: Any, headers: Any, body: Any, now: Any, more: Any
) -> None:
    with suppress(*allowed):
        verified = verify(scheme, secrets, headers, body, now=now, tolerance_s=more)
        assert verified is None or isinstance(verified, Verified)
    with suppress(*allowed):
        assert len(sign(scheme, secrets, body, id=more, now=now)) == 3


@quick
@given(junk | st.dictionaries(st.sampled_from([*config(), "claim", "caps", "deadline_ms"]), junk))
def test_configurations(document: Any) -> None:
    for build in (Gate, lambda given: GATE.set_site("other", given)):
        try:
            build(document)
        except (TypeError, ConfigError):
            continue


@settings(max_examples=60, deadline=None, derandomize=True)
@given(junk | st.dictionaries(st.sampled_from(["outcome", "session", "floor_ms", "call"]), junk))
def test_replies(reply: Any) -> None:
    host = Host()
    for role, method in (
        *(("admission", "admit"), ("sessions", "find"), ("calls", "record")),
        ("admission", "settle"),
    ):
        decision = host.when(role, method, replying(reply))
        assert decision.status in (200, 204, 409, 429, 503)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(junk | st.dictionaries(st.sampled_from(["outcome", "takeover", "retry_ms"]), junk))
def test_replies_to_webhooks_and_devices(reply: Any) -> None:
    host = Host()
    gate = Gate(host_config(site=SITE), host.stores)
    for method in ("admit", "settle"):
        host.told = {("admission", method): replying(reply)}
        admission = gate.admit("acme", event("w1"), BODY, now=NOW)
        assert admission.decision.status in (200, 204, 409, 429, 503)
        assert admission.commit(now=NOW).status in (200, 204, 409, 429, 503)
    host.told = {("admission", "admit"): replying(reply)}
    headers = sign_device(METER, "meter-7", BODY, now=NOW, **LINE)
    assert gate.device(headers, BODY, now=NOW, **LINE).status in (200, 401, 429, 503)
