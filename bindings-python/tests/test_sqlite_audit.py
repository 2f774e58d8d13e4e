"""The table of the audit in one file: laws 9 and 11."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from consentgate import (
    Denied,
    Gate,
    Journal,
    SqliteAudit,
    journal,
    memory,
    sqlite,
    sqlite_audit,
)

from .support import NOW, config

KEYS = "SELECT writer, sequence FROM security_audit_logs ORDER BY 1, 2"


def record(sequence: int, **more: Any) -> Any:
    return {
        "writer": "ab" * 16,
        "sequence": sequence,
        "at": f"2027-01-15T08:00:{sequence % 60:02}.000Z",
        "tenant": "acme",
        "kind": "cross_tenant",
        "operation": "message",
        "severity": "critical",
        "subject": "cd" * 16,
        "outcome": "denied",
    } | more


def rows(path: Path, sql: str = KEYS) -> list[Any]:
    db = sqlite3.connect(path)
    try:
        return db.execute(sql).fetchall()
    finally:
        db.close()


def violate(log: Journal, times: int) -> None:
    places: Any = {"admission": memory(), "sessions": memory(), "calls": memory(), "audit": log}
    guard = Gate(config(), places, lambda: NOW).guard()
    for _ in range(times):
        with pytest.raises(Denied):
            guard.authenticate("nobody", "")


def child_of(work: Callable[[], None]) -> int:
    """The exit code of a forked child: 0 if nothing was raised."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Threads of other tests may live.
        child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit.db"


@pytest.fixture
def table(path: Path) -> Iterator[SqliteAudit]:
    with sqlite_audit(path) as table:
        yield table


def test_law_11_what_comes_twice_is_there_once(path: Path, table: SqliteAudit) -> None:
    batch = [record(1), record(2, tenant=None, subject=None)]
    for _ in range(2):
        table.append(batch)
    table.append([])
    fields = ", ".join(batch[0])
    kept = rows(path, f"SELECT {fields} FROM security_audit_logs ORDER BY sequence")
    assert kept == [tuple(row.values()) for row in batch]
    assert rows(path, "SELECT count(recorded_at) FROM security_audit_logs") == [(2,)]


def test_law_11_threads_and_handles_keep_each_once(path: Path, table: SqliteAudit) -> None:
    tables = [table, sqlite_audit(path)]

    def append(number: int) -> None:
        first = 1 + 5 * (number % 4)
        tables[number % 2].append([record(first + more) for more in range(10)])

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(append, range(18)))
    assert rows(path) == [("ab" * 16, sequence) for sequence in range(1, 26)]


def test_law_11_a_batch_is_whole_or_not_at_all(path: Path, table: SqliteAudit) -> None:
    db = sqlite3.connect(path)
    db.executescript("""
        CREATE TRIGGER refuse AFTER INSERT ON security_audit_logs WHEN new.sequence = 3 BEGIN
            INSERT INTO security_audit_logs
                (writer, sequence, at, kind, operation, severity, outcome)
            VALUES (new.writer, 9, new.at, new.kind, new.operation, 'fatal', new.outcome);
        END""")
    with pytest.raises(OSError, match="CHECK constraint failed"):
        table.append([record(sequence) for sequence in range(1, 5)])
    assert rows(path) == []
    with pytest.raises(sqlite3.IntegrityError, match="CHECK"):
        db.execute("""INSERT INTO security_audit_logs
            (writer, sequence, at, kind, operation, severity, outcome)
            VALUES (printf('%032d', 1), 1, '2027-01-15T08:00:00.000Z', 'forbidden', 'message',
                'fatal', 'denied')""")
    db.close()


@pytest.mark.parametrize(
    "odd",
    [
        record(0),
        record(1) | {"sequence": 1.0},
        record(1, severity="low"),
        record(1, kind="other"),
        record(1, more=1),
        record(1, at="2027-01-15"),
        {},
        None,
    ],
)
def test_law_11_what_is_no_record_is_refused_whole(
    path: Path, table: SqliteAudit, odd: Any
) -> None:
    with pytest.raises(ValueError, match="as a journal gives them"):
        table.append([record(1), odd])
    assert rows(path) == []


def test_law_11_a_journal_goes_into_it_and_stays_while_it_fails(
    tmp_path: Path, path: Path, table: SqliteAudit
) -> None:
    log = journal(tmp_path / "journal")
    violate(log, 600)
    closed = sqlite_audit(path)
    closed.close()
    closed.close()
    result = log.reconcile(closed)
    assert (result.shipped, type(result.error)) == (0, OSError)
    result = log.reconcile(table)
    assert (result.shipped, result.error) == (600, None)
    assert [sequence for _, sequence in rows(path)] == list(range(1, 601))
    assert log.reconcile(table).shipped == 0
    log.close()


def test_law_11_a_process_that_is_killed_loses_nothing(tmp_path: Path, path: Path) -> None:
    program = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parents[1])!r})
from consentgate import Denied, Gate, journal, memory, sqlite_audit
from tests.support import *
log = journal({str(tmp_path / "journal")!r})
log.ship(sqlite_audit({str(path)!r}), every_s=0.001)
places = dict.fromkeys(("admission", "sessions", "calls"), memory())
guard = Gate(config(), {{**places, "audit": log}}, lambda: NOW).guard()
while True:
    try:
        guard.authenticate("nobody", "")
    except Denied:
        print("denied", flush=True)
"""
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        told = sum(1 for _ in zip(range(1500), child.stdout, strict=False))
        child.kill()
        told += sum(line == "denied\n" for line in child.stdout)
    log = journal(tmp_path / "journal")
    with sqlite_audit(path) as table:
        result = log.reconcile(table)
    assert (result.error, result.foreign, result.unreadable) == (None, 0, 0)
    sequences = [sequence for _, sequence in rows(path)]
    assert len(sequences) in (told, told + 1), "the last one may be written and not told"
    assert sequences == list(range(1, len(sequences) + 1))
    log.close()


def test_field_41_a_child_that_is_forked_while_a_thread_ships_goes_on(
    tmp_path: Path, path: Path, table: SqliteAudit
) -> None:
    log = journal(tmp_path / "journal")
    shipper = log.ship(table, every_s=0.001)
    store = tmp_path / "gate.db"
    for number in range(1, 6):
        violate(log, 20)
        assert child_of(partial(table.append, [record(number)])) == 0
        assert child_of(lambda: sqlite(store).close()) == 0
    shipper.stop()
    assert log.reconcile(table).error is None
    assert len(rows(path)) == 105
    log.close()


def test_law_9_what_is_old_is_dropped_in_small_batches(path: Path, table: SqliteAudit) -> None:
    table.append([record(sequence) for sequence in range(1, 6)])
    before = 1_800_000_004  # 2027-01-15T08:00:04Z
    assert (table.purge(before, 2), table.purge(before, 2), table.purge(before, 2)) == (2, 1, 0)
    assert [sequence for _, sequence in rows(path)] == [4, 5]
    for odd in (-1.0, float("nan")):
        with pytest.raises(ValueError, match="`before`"):
            table.purge(odd, 1)
    with pytest.raises(ValueError, match="`limit`"):
        table.purge(0, -1)


def test_what_cannot_be_the_table_is_an_error(tmp_path: Path, table: SqliteAudit) -> None:
    with pytest.raises(OSError, match="nowhere"):
        sqlite_audit(tmp_path / "nowhere" / "audit.db")
    sqlite(tmp_path / "gate.db").close()
    with pytest.raises(OSError, match="a database of something else"):
        sqlite_audit(tmp_path / "gate.db")
    with pytest.raises(OSError, match="a database of something else"):
        sqlite(tmp_path / "audit.db")
    with pytest.raises(TypeError):
        SqliteAudit(json)  # type: ignore[arg-type]
