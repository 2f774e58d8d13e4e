"""The durable store in one file, under both forms of the gate."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from consentgate import AsyncGate, ConfigError, Decision, Gate, memory, sqlite

from .forked import in_child
from .support import BODY, NOW, ORIGIN, call, config, consented, event, host_config, statement


def roles(store: object) -> dict[str, object]:
    return {"admission": store, "sessions": store, "calls": store}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gate.db"


@pytest.fixture
def gate(path: Path) -> Iterator[Gate]:
    store = sqlite(path)
    with Gate(host_config(), roles(store)) as gate:
        yield consented(gate)
    store.close()


def test_a_whole_day(gate: Gate) -> None:
    first = gate.call_event("acme", event(), BODY, now=NOW)
    assert (first.outcome, first.marketing) == ("accepted", "enqueued")
    again = gate.call_event("acme", event(), BODY, now=NOW)
    assert (again.reason, again.stage, again.call_id) == ("duplicate", "replay", first.call_id)
    assert first.call_id is not None
    assert gate.confirm_sale("acme", first.call_id, now=NOW).reason == "already_enqueued"
    (job,) = gate.take_conversions("acme", 5, now=NOW + 21_600).conversions
    assert (job.call_id, job.body) == (first.call_id, BODY)
    assert gate.finish_conversion(job, "sent", now=NOW + 21_601).reason == "conversion_sent"
    assert gate.erase("acme", "f", now=NOW).outcome == "accepted"
    assert gate.confirm_sale("acme", first.call_id, now=NOW).reason == "not_found"
    assert gate.call_event("acme", event("e2"), BODY, now=NOW).reason == "no_session"
    assert gate.purge(100, now=NOW + 3600).removed > 0


def test_what_was_answered_outlives_the_process(path: Path) -> None:
    program = f"""
import sys, os
sys.path.insert(0, {str(Path(__file__).parents[1])!r})
from tests.support import *
from consentgate import sqlite
store = sqlite({str(path)!r})
gate = consented(Gate(host_config(), dict.fromkeys(("admission", "sessions", "calls"), store)))
decision = gate.call_event("acme", event(), BODY, now=NOW)
print(decision.call_id, flush=True)
os.kill(os.getpid(), 9)
"""
    child = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert child.returncode == -9, child.stderr
    store = sqlite(path)
    gate = Gate(host_config(), roles(store))
    again = gate.call_event("acme", event(), BODY, now=NOW)
    assert (again.reason, again.call_id) == ("duplicate", child.stdout.strip())
    store.close()


def test_threads_share_it(gate: Gate) -> None:
    """Two of each event; no thread holds the interpreter while it waits for the disk."""

    def send(number: int) -> Decision:
        return gate.call_event("acme", event(f"e{number % 10}"), BODY, now=NOW)

    with ThreadPoolExecutor(20) as pool:
        decisions = list(pool.map(send, range(20)))
    assert sorted(decision.outcome for decision in decisions).count("accepted") == 10
    assert {decision.reason for decision in decisions} <= {"accepted", "duplicate", "in_flight"}


def test_law_3_two_handles_on_one_file(path: Path, gate: Gate) -> None:
    other_store = sqlite(path)
    other = Gate(host_config(), roles(other_store))
    first = gate.call_event("acme", event(), BODY, now=NOW)
    second = other.call_event("acme", event(), BODY, now=NOW)
    assert (first.outcome, second.reason) == ("accepted", "duplicate")
    assert first.call_id == second.call_id
    other_store.close()


def test_field_41_a_forked_child_works_on(gate: Gate) -> None:
    first = gate.call_event("acme", event(), BODY, now=NOW)
    again = in_child(lambda: gate.call_event("acme", event(), BODY, now=NOW))
    assert (again.reason, again.call_id) == ("duplicate", first.call_id)
    fresh = in_child(lambda: gate.call_event("acme", event("e2"), BODY, now=NOW))
    assert fresh.outcome == "accepted"
    assert gate.call_event("acme", event("e2"), BODY, now=NOW).call_id == fresh.call_id


def test_asyncio_is_never_blocked(path: Path) -> None:
    store = sqlite(path)
    gate = AsyncGate(host_config(), roles(store))

    async def many() -> list[Decision]:
        body = statement("analytics", "marketing")
        agreed = await gate.sync_session("acme", {"origin": ORIGIN}, body, now=NOW)
        assert agreed.status == 200
        turns = 0

        async def count() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        counting = asyncio.create_task(count())
        calls = (gate.call_event("acme", event(f"e{n}"), BODY, now=NOW) for n in range(18))
        decisions = await asyncio.gather(*calls)
        counting.cancel()
        assert turns > 20, "the loop went on while the disk was waited for"
        return decisions

    decisions = asyncio.run(many())
    assert [decision.outcome for decision in decisions] == ["accepted"] * 18
    store.close()


def test_asyncio_a_deadline_that_passes_is_503(path: Path) -> None:
    store = sqlite(path)
    gate = AsyncGate(host_config(deadline_ms={"admit": 20}), roles(store))
    with _locked(path):
        decision = call(gate, "call_event", "acme", event(), BODY, now=NOW)
    assert (decision.reason, decision.stage) == ("store_failed", "replay")
    assert isinstance(decision.error, TimeoutError)
    store.close()


def test_asyncio_a_cancelled_call_leaves_nothing_behind(path: Path) -> None:
    store = sqlite(path)
    gate = AsyncGate(host_config(), roles(store))

    async def cancelled() -> None:
        call = asyncio.create_task(gate.call_event("acme", event(), BODY, now=NOW))
        await asyncio.sleep(0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    asyncio.run(cancelled())
    store.close()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Another process is writing; one process with two engines would not see its own lock."""
    program = f"""
import sqlite3
connection = sqlite3.connect({str(path)!r}, isolation_level=None)
connection.execute("begin immediate")
print("locked", flush=True)
input()
"""
    command = [sys.executable, "-c", program]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "locked\n"
        try:
            yield
        finally:
            other.kill()


def test_law_11_a_busy_file_is_503_and_the_retry_goes_through(path: Path, gate: Gate) -> None:
    hasty = sqlite(path, wait_s=0.1)
    with _locked(path):
        decision = Gate(host_config(), roles(hasty)).call_event("acme", event(), BODY, now=NOW)
    assert (decision.status, decision.reason) == (503, "store_failed")
    assert gate.call_event("acme", event(), BODY, now=NOW).outcome == "accepted"
    hasty.close()


def test_a_closed_store_has_failed(path: Path) -> None:
    store = sqlite(path)
    gate = Gate(host_config(), roles(store))
    store.close()
    store.close()
    decision = gate.call_event("acme", event(), BODY, now=NOW)
    assert (decision.status, decision.reason) == (503, "store_failed")


def test_roles_mix(path: Path) -> None:
    store = sqlite(path)
    stores = {"admission": memory(), "sessions": store, "calls": store}
    gate = consented(Gate(host_config(), stores))
    first = gate.call_event("acme", event(), BODY, now=NOW)
    gate = Gate(host_config(), stores)
    again = gate.call_event("acme", event(), BODY, now=NOW)
    assert (again.reason, again.stage) == ("duplicate", "insert"), "not the row was lost"
    assert again.call_id == first.call_id
    store.close()


def test_sessions_and_calls_in_two_files_must_be_said(path: Path) -> None:
    one, other = sqlite(path), sqlite(path.with_name("other.db"))
    apart = {"admission": one, "sessions": one, "calls": other}
    with pytest.raises(ConfigError, match="sessions_apart"):
        Gate(host_config(), apart)
    gate = consented(Gate(host_config(sessions_apart=True), apart))
    assert gate.call_event("acme", event(), BODY, now=NOW).outcome == "accepted"
    one.close()
    other.close()


def test_it_needs_a_hash_secret(path: Path) -> None:
    store = sqlite(path)
    with pytest.raises(ConfigError, match="hash_secret"):
        Gate(config(), roles(store))
    store.close()


def test_what_is_no_database_is_an_error(path: Path) -> None:
    path.write_bytes(b"this is no database, and long enough to be told from one" * 20)
    with pytest.raises(OSError, match=r"gate\.db"):
        sqlite(path)
    with pytest.raises(OSError, match="nowhere"):
        sqlite(path.parent / "nowhere" / "gate.db")
    with pytest.raises(TypeError):
        sqlite(7)  # type: ignore[arg-type]
    for odd in (-1.0, float("nan"), 1e9):
        with pytest.raises(ValueError, match="`wait_s`"):
            sqlite(path.with_name("x.db"), wait_s=odd)


def test_an_open_store_does_not_keep_the_process(path: Path) -> None:
    program = f"from consentgate import sqlite; store = sqlite({str(path)!r})"
    ended = subprocess.run([sys.executable, "-c", program], timeout=20, env=dict(os.environ))
    assert ended.returncode == 0


def test_a_store_that_ends_with_its_gate_waits_for_nobody(path: Path) -> None:
    """Its last reply wants the interpreter while its threads are waited for."""
    program = f"""
import asyncio, sys
sys.path.insert(0, {str(Path(__file__).parents[1])!r})
from tests.support import *
from consentgate import sqlite

async def main():
    for number in range(60):
        stores = dict.fromkeys(("admission", "sessions", "calls"), sqlite({str(path)!r}))
        gate = AsyncGate(host_config(), stores)
        del stores
        body = statement("analytics", "marketing")
        await gate.sync_session("acme", {{"origin": ORIGIN}}, body, now=NOW)
        await gate.call_event("acme", event(f"e{{number}}"), BODY, now=NOW)
        await gate.close()
        del gate

asyncio.run(main())
"""
    ended = subprocess.run([sys.executable, "-c", program], timeout=60)
    assert ended.returncode == 0


def test_field_41_a_gate_holds_its_store_for_the_fork(path: Path) -> None:
    gate = consented(Gate(host_config(), roles(sqlite(path))))
    first = gate.call_event("acme", event(), BODY, now=NOW)
    again = in_child(lambda: gate.call_event("acme", event(), BODY, now=NOW))
    assert (again.reason, again.call_id) == ("duplicate", first.call_id)
    gate.close()


def test_a_gate_on_a_file_waits_for_something(gate: Gate) -> None:
    assert not gate.keeps_all_in_memory
    assert Gate(config()).keeps_all_in_memory
