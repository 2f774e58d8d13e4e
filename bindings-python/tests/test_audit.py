"""The audit of violations: laws 8, 9, 11 and 12."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from consentgate import (
    AsyncGate,
    AuditMemory,
    ConfigError,
    Denied,
    Gate,
    Journal,
    Reconciled,
    Shipper,
    audit_memory,
    journal,
    memory,
)

from .support import NOW, Json, config

ROLES = {"agent": ["calls.read"]}
PLACES: Json = {"admission": memory(), "sessions": memory(), "calls": memory()}


class Table:
    """As the contract says: one row a key, and no error if it is there."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, int], Json] = {}
        self.faults: list[Exception] = []
        self.calls = 0

    def append(self, records: list[Any]) -> None:
        self.calls += 1
        for record in records:
            key = (record["writer"], record["sequence"])
            assert self.rows.setdefault(key, record) == record
        if self.faults:
            raise self.faults.pop()

    @property
    def sequences(self) -> list[int]:
        return sorted(sequence for _, sequence in self.rows)


def open_gate(sink: Journal | AuditMemory, **more: Any) -> Gate:
    stores = {**PLACES, "audit": sink}
    return Gate(config(roles=ROLES), stores, more.get("clock", lambda: NOW))


def verify(credential: Any) -> Json:
    return {"tenant": "acme", "user": credential, "roles": ["agent"]}


def violate(gate: Gate, times: int = 1) -> None:
    guard = gate.guard()
    for _ in range(times):
        with pytest.raises(Denied) as caught:
            guard.authenticate("nobody", "")
        assert caught.value.status == 401


def files(path: Path) -> list[str]:
    return sorted(file.suffix for file in path.iterdir())


def test_law_12_a_record_has_nine_fields_and_nothing_personal(tmp_path: Path) -> None:
    log = journal(tmp_path)
    gate = open_gate(log)
    guard = gate.guard({"jwt": verify})
    alice = guard.authenticate("jwt", "alice@acme.example")
    scope = guard.require(alice, "agent", "acme")
    with pytest.raises(Denied):
        guard.require(alice, "agent", "globex", "message")
    with pytest.raises(Denied):
        scope.own({"owner": "bob"}, "globex")
    with pytest.raises(Denied):
        scope.own(None, None)  # Nothing is violated.
    text = b"".join(file.read_bytes() for file in tmp_path.iterdir()).decode()
    assert text.count("\n") == 2
    for personal in ("alice", "bob", "globex"):
        assert personal not in text
    rows: list[Any] = []
    assert log.reconcile(rows.extend) == Reconciled(2, 0, 0, 0, None)
    writer = rows[0]["writer"]
    assert len(writer) == 32
    common = {"writer": writer, "tenant": "acme"}
    common |= {"kind": "cross_tenant", "severity": "critical", "subject": alice.subject}
    assert [{key: row[key] for key in common} for row in rows] == [common, common]
    assert [(row["sequence"], row["operation"], row["outcome"]) for row in rows] == [
        (1, "message", "denied"),
        (2, "find_session", "hidden"),
    ]
    assert all(len(row) == 9 for row in rows)
    assert rows[0]["at"].endswith("Z")
    assert gate.counters()["audit"] == log.counters()
    assert log.counters()["written"] == log.counters()["shipped"] == 2
    assert "consentgate_audit_written_total 2\n" in gate.metrics()
    assert "consentgate_audit_backlog 0\n" in gate.metrics()


def test_law_11_the_gates_clock_tells_the_time_and_one_that_fails_hides_nothing() -> None:
    kept = audit_memory()

    def clock() -> float:
        return times.pop()

    times = [86_400.5]
    gate = open_gate(kept, clock=clock)
    violate(gate, 2)
    [told, machine] = kept.take()
    assert told["at"] == "1970-01-02T00:00:00.500Z"
    assert machine["at"] > "2020"
    assert kept.records() == []
    assert open_gate(audit_memory(0)).counters()["audit"] is not None
    assert Gate(config()).counters()["audit"] is None
    assert "audit" not in Gate(config()).metrics()


def test_law_9_memory_is_bounded_and_what_is_above_is_counted() -> None:
    kept = audit_memory(2)
    gate = open_gate(kept)
    violate(gate, 3)
    assert [row["sequence"] for row in kept.records()] == [1, 2]
    counts = gate.counters()["audit"]
    assert counts is not None
    assert (counts["written"], counts["unwritten"]) == (2, 1)


def test_law_11_a_table_that_raises_loses_nothing(tmp_path: Path) -> None:
    log, table = journal(tmp_path), Table()
    gate = open_gate(log)
    violate(gate, 3)
    broken = RuntimeError("the table is away")
    table.faults = [broken]
    result = log.reconcile(table)
    assert result.error is broken
    assert result.shipped == 0
    violate(gate)
    assert log.counters()["backlog"] == 4
    assert log.reconcile(table).error is None
    assert table.sequences == [1, 2, 3, 4]
    assert files(tmp_path) == []
    assert log.counters()["table_failures"] == 1


def test_law_11_an_async_table(tmp_path: Path) -> None:
    table = Table()

    class Later:
        async def append(self, records: list[Any]) -> None:
            await asyncio.sleep(0)
            table.append(records)

    async def main() -> None:
        log = journal(tmp_path)
        stores = {**PLACES, "audit": log}
        async with AsyncGate(config(roles=ROLES), stores) as gate:
            guard = gate.guard()

            async def violations(times: int) -> None:
                for _ in range(times):
                    with pytest.raises(Denied):
                        await guard.authenticate("nobody", "")

            await violations(2)
            table.faults = [RuntimeError("away"), RuntimeError("away")]
            assert (await log.reconcile_async(Later())).error is not None
            with pytest.raises(TypeError, match="reconcile_async"):
                log.reconcile(Later())  # type: ignore[arg-type]
            answer: Any = lambda records: Later().append(records)  # noqa: E731
            assert isinstance(log.reconcile(answer).error, TypeError)
            shipper = log.ship_async(Later(), every_s=0.001)
            await violations(2)
            while log.counters()["backlog"] or table.faults:  # noqa: ASYNC110 - no event
                await asyncio.sleep(0.001)
            await shipper.stop()
            calls = table.calls
            await violations(1)
            await asyncio.sleep(0.01)
            assert table.calls == calls
            log.ship_async(table.append, every_s=0.001)
        await asyncio.sleep(0.01)
        assert len(asyncio.all_tasks()) == 1, "what closes the gate ends its shippers"

    asyncio.run(main())
    with journal(tmp_path) as log:
        log.reconcile(table)
    assert table.sequences == [1, 2, 3, 4, 5]


def test_law_11_a_thread_ships_until_it_is_stopped_or_its_gate_closed(tmp_path: Path) -> None:
    log, table = journal(tmp_path), Table()
    gate = open_gate(log)
    table.faults = [ValueError("away")]
    shipper = log.ship(table, every_s=0.001)
    assert isinstance(shipper, Shipper)
    violate(gate, 3)
    while log.counters()["backlog"]:
        time.sleep(0.001)
    shipper.stop()
    assert table.sequences == [1, 2, 3]
    before = threading.active_count()
    log.ship(table, every_s=0.001)
    gate.close()
    while threading.active_count() > before:
        time.sleep(0.001)
    for every_s in (0, -1, float("nan"), 1e9):
        with pytest.raises(ValueError, match="every_s"):
            log.ship(table, every_s=every_s)


FLOOD = """
    import os, sys
    from consentgate import Denied, Gate, journal, memory
    places = {role: memory() for role in ("admission", "sessions", "calls")}
    gate = Gate({"sites": {}}, {**places, "audit": journal(sys.argv[1])})
    guard = gate.guard()
    while True:
        try:
            guard.authenticate("nobody", "")
        except Denied:
            os.write(1, b".")
"""


def test_law_11_a_killed_process_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    table, told = Table(), []
    for most in (1, 2_000, 9_000):
        program = [sys.executable, "-c", textwrap.dedent(FLOOD), str(tmp_path)]
        with subprocess.Popen(program, stdout=subprocess.PIPE) as flood:
            assert flood.stdout is not None
            answered = len(flood.stdout.read(most))
            flood.send_signal(signal.SIGKILL)
            told.append(answered + len(flood.stdout.read()))
    assert len(files(tmp_path)) >= 3
    broken = ConnectionError("away")
    table.faults = [broken, broken]
    with journal(tmp_path) as log:
        results = [log.reconcile(table) for _ in range(3)]
    assert [result.error for result in results] == [broken, broken, None]
    assert results[-1].foreign == 0
    by_writer: dict[str, list[int]] = {}
    for writer, sequence in sorted(table.rows):
        by_writer.setdefault(writer, []).append(sequence)
    kept = sorted(by_writer.values(), key=len)
    assert kept == [list(range(1, len(all_of_it) + 1)) for all_of_it in kept], "no gap"
    for answered, records in zip(sorted(told), kept, strict=True):
        # The last one may be written, and its caller not told.
        assert answered <= len(records) <= answered + 1
    assert files(tmp_path) == []


def test_law_11_a_forked_child_has_a_writer_of_its_own(tmp_path: Path) -> None:
    log, table = journal(tmp_path), Table()
    gate = open_gate(log)
    violate(gate, 2)
    child = os.fork()
    if child == 0:
        try:
            violate(gate, 3)
            log.close()
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    violate(gate, 1)
    assert log.reconcile(table).shipped == 6
    assert table.sequences == [1, 1, 2, 2, 3, 3]
    assert len({writer for writer, _ in table.rows}) == 2
    violate(gate)
    log.reconcile(table)
    assert table.sequences == [1, 1, 2, 2, 3, 3, 4], "the parent goes on where it was"


def test_law_11_a_full_disk_is_counted_and_changes_no_answer(tmp_path: Path) -> None:
    program = """
        import resource, sys
        from consentgate import Denied, Gate, journal, memory
        places = {role: memory() for role in ("admission", "sessions", "calls")}
        log = journal(sys.argv[1])
        guard = Gate({"sites": {}}, {**places, "audit": log}).guard()

        def violate(times):
            for _ in range(times):
                try:
                    guard.authenticate("nobody", "")
                except Denied as denied:
                    assert denied.status == 401

        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
        violate(10)
        print(log.counters()["written"], log.counters()["unwritten"])
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        violate(2)
    """
    program = [sys.executable, "-c", textwrap.dedent(program), str(tmp_path)]  # type: ignore[assignment]
    out = subprocess.run(program, check=True, capture_output=True, text=True).stdout
    assert out == "4 6\n"
    table = Table()
    with journal(tmp_path) as log:
        result = log.reconcile(table)
    assert (result.shipped, result.torn, result.foreign) == (6, 0, 0)
    assert table.sequences == [1, 2, 3, 4, 5, 6], "parts are undone, and no number is lost"


def test_law_11_torn_and_foreign_lines_are_told_apart(tmp_path: Path) -> None:
    gate = open_gate(journal(tmp_path))
    violate(gate, 2)
    gate.close()
    [file] = tmp_path.iterdir()
    torn = file.read_bytes()[:-1]
    file.write_bytes(torn)
    (tmp_path / "notes.jsonl").write_text("not a record\n")
    (tmp_path / "notes.txt").write_text("not a record\n")
    with journal(tmp_path) as log:
        assert log.reconcile(Table()) == Reconciled(1, 1, 1, 0, None)
    assert files(tmp_path) == [".foreign", ".txt"]


def test_misuse_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="exists"):
        journal(tmp_path / "file")
    with pytest.raises(TypeError, match="`audit` must be a journal"):
        Gate(config(), {**PLACES, "audit": memory()})
    with pytest.raises(ConfigError, match=r"known are .*`audit`"):
        Gate(config(), {**PLACES, "other": memory()})
    with pytest.raises(ConfigError, match="is missing"):
        Gate(config(), {"audit": audit_memory()})
    with pytest.raises(TypeError, match="`journal"):
        Journal(object())  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="`audit_memory"):
        AuditMemory(object())  # type: ignore[arg-type]
    for wrong in (None, 7, object()):
        with pytest.raises(TypeError, match="`table`"):
            journal(tmp_path / "log").reconcile(wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="bytes_max"):
        journal(tmp_path / "log", bytes_max=-1)
    with pytest.raises(RuntimeError, match="no running event loop"):
        journal(tmp_path / "log").ship_async(print)


def test_law_9_a_directory_is_bounded(tmp_path: Path) -> None:
    log = journal(tmp_path, bytes_max=1)
    gate = open_gate(log)
    violate(gate)
    log.close()
    violate(gate)
    counts = log.counters()
    assert (counts["written"], counts["unwritten"]) == (1, 1)
    log.reconcile(Table())
    violate(gate)
    assert log.counters()["written"] == 2
