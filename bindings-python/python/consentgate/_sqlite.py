"""The durable store in one file, for one machine; and the table of the audit in another."""

from __future__ import annotations

import json
import os
from os import PathLike, fsdecode
from types import TracebackType
from weakref import WeakSet

from ._native import Sqlite, SqliteAuditCore
from .types import AuditRecord

__all__ = ["Sqlite", "SqliteAudit", "sqlite", "sqlite_audit"]

_stores: WeakSet[Sqlite | SqliteAuditCore] = WeakSet()


def _suspend() -> None:
    for store in tuple(_stores):
        store.suspend()


def _resume() -> None:
    for store in tuple(_stores):
        store.resume()


# SQLite's connections must not be carried across a fork: the child opens its own.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_suspend, after_in_parent=_resume, after_in_child=_resume)


def sqlite(path: str | PathLike[str], *, wait_s: float | None = None) -> Sqlite:
    """All roles in one file: `db = sqlite("gate.db")`, then `db` for each role that it keeps.

    Give the same object for `sessions` and `calls`: they are then one store. Several processes of
    one machine may use the file. A `Gate` waits at most `wait_s` seconds (2) for the disk;
    an `AsyncGate` goes by the configured deadlines. `OSError` if the file cannot be used.
    """
    store = Sqlite(fsdecode(path), wait_s)
    _stores.add(store)
    return store


class SqliteAudit:
    """The table `security_audit_logs` in one file. Made by `sqlite_audit()`."""

    __slots__ = ("_core",)

    _core: SqliteAuditCore

    def __init__(self, core: SqliteAuditCore) -> None:
        if not isinstance(core, SqliteAuditCore):
            raise TypeError("it is made by `sqlite_audit()`")
        self._core = core

    def append(self, records: list[AuditRecord], /) -> None:
        """Keeps all of these records or none; what is there already stays as it is.

        The records are as a journal gives them. `OSError` if the file fails.
        """
        self._core.append([json.dumps(record, separators=(",", ":")) for record in records])

    def purge(self, before: float, limit: int) -> int:
        """Drops records from before that time, the oldest first, `limit` at the most.

        How many it were. `OSError` if the file fails.
        """
        return self._core.purge(before, limit)

    def close(self) -> None:
        """From now on it has failed. Nothing is open between two calls."""
        self._core.close()

    def __enter__(self) -> SqliteAudit:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        self.close()


def sqlite_audit(path: str | PathLike[str]) -> SqliteAudit:
    """The table of the audit, in a file of its own: `log.reconcile(sqlite_audit("audit.db"))`.

    Threads and processes of one machine may share the file. It is never a store's file. `OSError`
    if it cannot be used. A call waits for the disk: `ship` does it in a thread.
    """
    core = SqliteAuditCore(fsdecode(path))
    _stores.add(core)
    return SqliteAudit(core)
