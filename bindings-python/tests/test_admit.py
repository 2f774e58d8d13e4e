"""`admit`: the host's own work, done once, and given back when it was not done."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from consentgate import Admission, AsyncAdmission, AsyncGate, Decision, Gate, sign

from .reference import Reference, waited_for
from .support import HASH_SECRET, NOW, Json

SECRET = "a webhook's secret of its own"
BODY = b"payload=%7B%7D"
HEADERS = sign("github", SECRET, BODY)


def config(**more: Any) -> Json:
    key = {"id": "k1", "secret": SECRET}
    rate = {"capacity": 1, "per_minute": 1}
    site = {"scheme": "github", "accept_untimed": True, "keys": [key], "admit_rate": rate}
    return {"sites": {"hooks": site}, **more}


def admit(gate: Gate, now: float = NOW) -> Admission:
    return gate.admit("hooks", HEADERS, BODY, now=now)


def test_law_3_work_is_done_once() -> None:
    gate = Gate(config())
    with admit(gate) as admission:
        assert admission.admitted
        assert (admission.decision.status, admission.decision.reason) == (503, "uncommitted")
        assert (admission.decision.flow, admission.decision.stage) == ("admit", "settle")
        assert (admission.decision.key_id, admission.decision.event_id) == ("k1", None)
        committed = admission.commit()
    assert committed is admission.decision
    assert (committed.outcome, committed.reason) == ("accepted", "committed")
    assert (committed.status, committed.body) == (200, b'{"status":"accepted"}')
    again = admit(gate)
    assert not again.admitted
    assert (again.decision.outcome, again.decision.reason) == ("noop", "duplicate")
    assert again.commit() is again.release() is again.decision


@pytest.mark.parametrize("error", [ValueError(), KeyboardInterrupt(), None])
def test_law_4_what_is_not_committed_is_given_back(error: BaseException | None) -> None:
    """One rule, whether the block raised or not. The bucket holds one token: it comes back too."""
    gate = Gate(config())
    for _ in range(3):
        with suppress(ValueError, KeyboardInterrupt), admit(gate) as admission:
            assert admission.admitted
            if error is not None:
                raise error
        assert (admission.decision.status, admission.decision.reason) == (503, "uncommitted")
        assert admission.commit().reason == "uncommitted", "it has ended"
    with admit(gate) as admission:
        assert admission.commit().reason == "committed"


def test_the_first_end_counts() -> None:
    gate = Gate(config())
    admission = admit(gate)
    assert admission.commit().reason == "committed"
    assert admission.release().reason == "committed"
    assert admission.commit().reason == "committed"
    assert admit(gate).decision.reason == "duplicate"


def test_field_21_a_crash_in_the_middle_is_healed_by_the_lease() -> None:
    gate = Gate(config())
    assert admit(gate).admitted
    held = admit(gate, NOW + 29).decision
    assert (held.reason, held.status, held.retry_after) == ("in_flight", 409, 1)
    with admit(gate, NOW + 30) as retry:
        assert retry.commit().reason == "committed"


def test_field_22_who_comes_late_is_told() -> None:
    gate = Gate(config())
    late, successor = admit(gate), admit(gate, NOW + 30)
    lost = late.commit(now=NOW + 31)
    assert (lost.outcome, lost.reason, lost.status) == ("rejected", "commit_lost", 409)
    assert successor.commit().reason == "committed"


def test_law_11_a_store_that_fails_at_the_commit() -> None:
    reference = Reference(lambda: NOW * 1000)
    kept: Any = reference.stores()
    settle = kept["admission"].settle
    raised = RuntimeError("down")

    def fails(request: Json, timeout_s: float) -> Any:
        raise raised

    kept["admission"].settle = fails
    gate = Gate(config(hash_secret=HASH_SECRET), kept)
    with admit(gate) as admission:
        unknown = admission.commit()
    assert (unknown.outcome, unknown.reason) == ("unavailable", "store_failed")
    assert (unknown.stage, unknown.error) == ("settle", raised)
    assert admit(gate).decision.reason == "in_flight"
    kept["admission"].settle = settle


def test_refusals_are_values_and_misuse_raises() -> None:
    gate = Gate(config())
    for headers, site in (({}, "hooks"), (HEADERS, "nobody")):
        with gate.admit(site, headers, BODY) as admission:
            assert not admission.admitted
            assert admission.commit().status == 401
    with pytest.raises(TypeError, match="look at `admitted`"):
        bool(admit(gate))
    with pytest.raises(ValueError, match="now"):
        admit(Gate(config())).commit(now=float("nan"))
    with pytest.raises(TypeError):
        gate.admit("hooks", HEADERS, "text")  # type: ignore[arg-type]
    with pytest.raises(AttributeError):
        admit(gate).decision = None  # type: ignore[misc, assignment]


def test_a_clock_that_fails_at_the_end_leaves_the_end_open() -> None:
    told: list[float] = [NOW, NOW]
    gate = Gate(config(), clock=lambda: told.pop())
    admission = gate.admit("hooks", HEADERS, BODY)
    told.clear()
    with pytest.raises(IndexError):
        admission.commit()
    assert admission.commit(now=NOW).reason == "committed"


def test_each_admission_is_counted_once_by_how_it_ended() -> None:
    gate = Gate(config())
    with admit(gate):
        pass
    admit(gate).commit()
    admit(gate)
    rows = [row for row in gate.counters()["decisions"] if row["flow"] == "admit" and row["count"]]
    assert {row["reason"]: row["count"] for row in rows} == {
        "uncommitted": 1,
        "committed": 1,
        "duplicate": 1,
    }


def host_gate(reference: Reference) -> AsyncGate:
    stores = {role: waited_for(store) for role, store in reference.stores().items()}
    return AsyncGate(config(hash_secret=HASH_SECRET), stores, lambda: NOW)


@pytest.mark.parametrize("hosted", [False, True])
def test_asyncio(hosted: bool) -> None:
    async def work() -> list[Decision]:
        reference = Reference(lambda: NOW * 1000)
        gate = host_gate(reference) if hosted else AsyncGate(config(), clock=lambda: NOW)
        with suppress(ValueError):
            async with gate.admit("hooks", HEADERS, BODY) as failed:
                assert isinstance(failed, AsyncAdmission)
                raise ValueError
        async with gate.admit("hooks", HEADERS, BODY) as admission:
            assert admission.admitted
            meanwhile = await gate.admit("hooks", HEADERS, BODY)
            await admission.commit()
        again = await gate.admit("hooks", HEADERS, BODY)
        return [failed.decision, meanwhile.decision, admission.decision, again.decision]

    reasons = [decision.reason for decision in asyncio.run(work())]
    assert reasons == ["uncommitted", "in_flight", "committed", "duplicate"]


def test_law_4_a_task_that_is_cancelled_at_work_gives_the_event_back() -> None:
    async def work() -> None:
        reference = Reference(lambda: NOW * 1000)
        gate = host_gate(reference)
        started = asyncio.Event()

        async def handle() -> None:
            async with gate.admit("hooks", HEADERS, BODY):
                started.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(handle())
        await started.wait()
        assert reference.claims
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not reference.claims
        async with gate.admit("hooks", HEADERS, BODY) as admission:
            assert (await admission.commit()).reason == "committed"

    asyncio.run(work())
