"""The queue's consumer and `purge`, as a worker calls them."""

from __future__ import annotations

from typing import Any, cast

import pytest
from consentgate import AsyncGate, Conversion, Decision, Gate

from .reference import Reference
from .support import BODY, NOW, call, config, consented, event, host_config

DELAY_S = 21_600
DUE = NOW + DELAY_S


def sold(gate: Gate) -> Decision:
    """A person who agreed to everything, and their call."""
    decision = consented(gate).call_event("acme", event(), BODY, now=NOW)
    assert decision.marketing == "enqueued"
    return decision


def take(gate: Gate | AsyncGate, now: float = DUE) -> list[Conversion]:
    decision = call(gate, "take_conversions", "acme", 10, now=now)
    assert (decision.reason, decision.flow, decision.stage) == ("taken", "take_conversions", "take")
    return decision.conversions


def test_a_conversion_is_taken_when_it_is_due_and_sent_once() -> None:
    gate = Gate(config())
    recorded = sold(gate)
    assert take(gate, DUE - 1) == []
    (job,) = take(gate)
    assert (job.site, job.call_id, job.fingerprint) == ("acme", recorded.call_id, "f")
    assert (job.event_id, job.body, job.attempts) == ("e1", BODY, 1)
    assert job.received_at == NOW
    sent = gate.finish_conversion(job, "sent", now=DUE)
    assert (sent.outcome, sent.reason, sent.call_id) == ("accepted", "conversion_sent", job.call_id)
    again = gate.finish_conversion(job, "sent", now=DUE)
    assert (again.outcome, again.reason) == ("noop", "lease_lost")


def test_a_retry_is_due_after_its_back_off_or_as_told() -> None:
    gate = Gate(config())
    sold(gate)
    (job,) = take(gate)
    assert gate.finish_conversion(job, "retry", now=DUE).reason == "conversion_put_back"
    assert take(gate, DUE + 59) == []
    (job,) = take(gate, DUE + 60)
    soon = gate.finish_conversion(job, "retry", retry_in_s=0.5, now=DUE + 60)
    assert soon.reason == "conversion_put_back"
    (job,) = take(gate, DUE + 60.5)
    assert job.attempts == 3
    assert gate.finish_conversion(job, "failed", now=DUE + 61).reason == "conversion_failed"


def test_law_7_what_was_withdrawn_is_cancelled() -> None:
    gate = Gate(config())
    sold(gate)
    gate.erase("acme", "nobody", now=NOW)
    decision = gate.sync_session(
        "acme",
        {"origin": "https://acme.example"},
        b'{"fingerprint":"f","consent_scopes":["analytics"],"consent_at":"2023-11-15T00:00:00Z"}',
        now=DUE,
    )
    assert decision.status == 200
    taken = gate.take_conversions("acme", 10, now=DUE)
    assert (taken.conversions, taken.cancelled) == ([], 1)
    assert gate.counters()["watch"]["conversions_cancelled"] == 1


def test_through_a_store_of_the_hosts() -> None:
    now = [NOW * 1000]
    reference = Reference(lambda: now[0])
    gate = Gate(host_config(), reference.stores())
    sold(gate)
    now[0] = DUE * 1000
    (job,) = take(gate)
    assert (job.body, job.fingerprint, job.event_id) == (BODY, "f", "e1")
    assert gate.finish_conversion(job, "sent", now=DUE).reason == "conversion_sent"
    assert take(gate) == []


def test_purge_says_how_much_it_dropped() -> None:
    gate = Gate(config())
    sold(gate)
    nothing = gate.purge(100, now=NOW)
    assert (nothing.outcome, nothing.reason, nothing.removed) == ("accepted", "purged", 0)
    assert gate.purge(100, now=NOW + 3600).removed > 0
    assert gate.purge(100, now=NOW + 3600).removed == 0


def test_of_other_methods_there_is_nothing_to_take() -> None:
    decision = sold(Gate(config()))
    assert (decision.conversions, decision.cancelled, decision.removed) == ([], 0, 0)
    assert decision.admitted_locally is False


def test_law_12_neither_person_nor_body_is_shown() -> None:
    gate = Gate(config())
    sold(gate)
    (job,) = take(gate)
    assert repr(job) == f"<Conversion acme {job.call_id}, attempts: 1>"


@pytest.mark.parametrize("limit", [-1, 2**64])
def test_a_limit_out_of_bounds(limit: int) -> None:
    gate = Gate(config())
    with pytest.raises(ValueError, match="`limit`"):
        gate.take_conversions("acme", limit)
    with pytest.raises(ValueError, match="`limit`"):
        gate.purge(limit)


@pytest.mark.parametrize("limit", [None, 1.0, "1", True])
def test_a_limit_of_another_type(limit: Any) -> None:
    with pytest.raises(TypeError, match="`limit`"):
        Gate(config()).take_conversions("acme", limit)


def test_misuse_of_finish() -> None:
    gate = Gate(config())
    sold(gate)
    (job,) = take(gate)
    with pytest.raises(TypeError, match="`job`"):
        gate.finish_conversion(cast(Conversion, {"call_id": job.call_id}), "sent")
    with pytest.raises(ValueError, match="`result`"):
        gate.finish_conversion(job, cast(Any, "cancelled"))
    with pytest.raises(ValueError, match="`retry_in_s`"):
        gate.finish_conversion(job, "sent", retry_in_s=1)
    for odd in (-1, float("nan"), float("inf"), 1e12):
        with pytest.raises(ValueError, match="`retry_in_s`"):
            gate.finish_conversion(job, "retry", retry_in_s=odd)
    with pytest.raises(TypeError):
        Conversion()
    assert gate.finish_conversion(job, "sent", now=DUE).reason == "conversion_sent"


def test_with_asyncio() -> None:
    async_gate = AsyncGate(config())
    headers = {"origin": "https://acme.example"}
    body = (
        b'{"fingerprint":"f","consent_scopes":["analytics","marketing"],'
        b'"consent_at":"2023-11-14T22:00:00Z"}'
    )
    assert call(async_gate, "sync_session", "acme", headers, body, now=NOW).status == 200
    assert call(async_gate, "call_event", "acme", event(), BODY, now=NOW).status == 200
    (job,) = take(async_gate)
    finished = call(async_gate, "finish_conversion", job, "sent", now=DUE)
    assert finished.reason == "conversion_sent"
    assert call(async_gate, "purge", 10, now=DUE).reason == "purged"
