"""The audit of violations: where they are written down, and how they come into a table."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Coroutine
from inspect import iscoroutinefunction
from os import PathLike, fsdecode
from types import TracebackType
from typing import Any, NamedTuple

from ._native import AuditMemoryCore, JournalCore, Pass
from .types import (
    AsyncAuditAppend,
    AsyncAuditTable,
    AuditAppend,
    AuditCounters,
    AuditRecord,
    AuditTable,
)

__all__ = [
    "AsyncShipper",
    "AuditMemory",
    "Journal",
    "Reconciled",
    "Shipper",
    "audit_memory",
    "journal",
    "sink",
]


class Reconciled(NamedTuple):
    """What bringing a journal into a table came to."""

    shipped: int
    """Records that the table took, or had already."""
    torn: int
    """Records cut short by the end of their process, whose callers were not answered. Dropped."""
    foreign: int
    """Lines that are no records. Their file is put aside, its name ending in `.foreign`."""
    unreadable: int
    """Files, or the directory, that could not be read, deleted or put aside."""
    error: Exception | None
    """What the table raised: all that is left stays in the journal. Call it again."""


class Journal:
    """Violations in the files of a directory, written before the caller is answered.

    Made by `journal()`. Give it to gates as their role `audit`.
    """

    __slots__ = ("__weakref__", "_core", "_shippers")

    _core: JournalCore
    _shippers: set[Shipper | AsyncShipper]

    def __init__(self, core: JournalCore) -> None:
        if not isinstance(core, JournalCore):
            raise TypeError("journals are made by `journal()`")
        self._core = core
        self._shippers = set()

    def reconcile(self, table: AuditTable | AuditAppend) -> Reconciled:
        """Brings what all processes have written into the table, and forgets what it has.

        The table has `append(records)`, or is a callable. If it raises, call it again: whatever
        happens in between, each record is in the table once.
        """
        return _reconcile(self._core, _plain(table), threading.Event())

    async def reconcile_async(self, table: AsyncAuditTable | AsyncAuditAppend) -> Reconciled:
        """As `reconcile`, for a table whose `append` is `async` or not."""
        append = _append(table)
        begun = self._core.reconciling()
        while (batch := begun.batch()) is not None:
            try:
                answer = append(json.loads(batch))
                if isinstance(answer, Awaitable):
                    await answer
            except Exception as error:
                return Reconciled(*begun.end(failed=True), error)
            begun.kept()
        return Reconciled(*begun.end(failed=False), None)

    def ship(self, table: AuditTable | AuditAppend, *, every_s: float = 1.0) -> Shipper:
        """Starts a thread that reconciles again and again, with such a pause in between.

        It ends with `stop()`, with the journal, with a gate of the journal, or with the process.
        """
        shipper = Shipper(self._core, _plain(table), _pause(every_s))
        self._shippers.add(shipper)
        return shipper

    def ship_async(
        self, table: AsyncAuditTable | AsyncAuditAppend, *, every_s: float = 1.0
    ) -> AsyncShipper:
        """As `ship`: a task of the event loop that runs now."""
        shipper = AsyncShipper(self._forever(table, _pause(every_s)))
        self._shippers.add(shipper)
        return shipper

    async def _forever(self, table: AsyncAuditTable | AsyncAuditAppend, every_s: float) -> None:
        while True:
            await self.reconcile_async(table)
            await asyncio.sleep(every_s)

    def counters(self) -> AuditCounters:
        """What became of violations."""
        return self._core.counters()

    def close(self) -> None:
        """Ends what ships it, and lets go of the file that is written.

        A violation that comes later opens another one. What closes a gate closes its journal.
        """
        while self._shippers:
            self._shippers.pop().end()
        self._core.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        self.close()


class Shipper:
    """A thread that brings a journal into a table; see `Journal.ship`."""

    __slots__ = ("_over", "_thread")

    def __init__(self, core: JournalCore, append: AuditAppend, every_s: float) -> None:
        self._over = over = threading.Event()

        def ship() -> None:
            while not over.is_set():
                _reconcile(core, append, over)
                over.wait(every_s)

        self._thread = threading.Thread(target=ship, name="consentgate-audit", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Lets it end after the batch that it is at."""
        self._over.set()

    def stop(self) -> None:
        """Ends it, and waits for the batch that it is at."""
        self.end()
        if self._thread is not threading.current_thread():
            self._thread.join()


class AsyncShipper:
    """A task that brings a journal into a table; see `Journal.ship_async`."""

    __slots__ = ("_task",)

    def __init__(self, forever: Coroutine[Any, Any, None]) -> None:
        try:
            self._task = asyncio.get_running_loop().create_task(forever)
        except RuntimeError:
            forever.close()
            raise

    def end(self) -> None:
        """Cancels it. A batch that is on its way may be in the table, and comes again."""
        loop = self._task.get_loop()
        if not loop.is_closed():
            loop.call_soon_threadsafe(self._task.cancel)

    async def stop(self) -> None:
        """Cancels it, and waits until it is over."""
        self._task.cancel()
        await asyncio.wait([self._task])


class AuditMemory:
    """Violations in the memory of this process, for tests. Made by `audit_memory()`."""

    __slots__ = ("_core",)

    _core: AuditMemoryCore

    def __init__(self, core: AuditMemoryCore) -> None:
        if not isinstance(core, AuditMemoryCore):
            raise TypeError("it is made by `audit_memory()`")
        self._core = core

    def records(self) -> list[AuditRecord]:
        """The records, oldest first."""
        return _records(self._core.records())

    def take(self) -> list[AuditRecord]:
        """Takes the records out, oldest first."""
        return _records(self._core.take())

    def close(self) -> None:
        """Does nothing."""


def journal(directory: str | PathLike[str], *, bytes_max: int | None = None) -> Journal:
    """Opens a directory as a journal of violations, or makes it. `OSError` if that fails.

    Once the directory holds `bytes_max` (1 GiB), violations are counted as unwritten.
    """
    return Journal(JournalCore(fsdecode(directory), bytes_max))


def audit_memory(records_max: int = 10_000) -> AuditMemory:
    """Keeps violations in memory, for tests; those above are counted as unwritten."""
    return AuditMemory(AuditMemoryCore(records_max))


def sink(given: object) -> Journal | AuditMemory | None:
    """What a gate is given as its role `audit`."""
    if given is None or isinstance(given, Journal | AuditMemory):
        return given
    name = type(given).__name__
    raise TypeError(f"`audit` must be a journal or an audit_memory, not {name}")


def _reconcile(core: JournalCore, append: AuditAppend, over: threading.Event) -> Reconciled:
    begun: Pass = core.reconciling()
    while not over.is_set() and (batch := begun.batch()) is not None:
        try:
            answer: object = append(json.loads(batch))  # type: ignore[func-returns-value]
            if isinstance(answer, Coroutine):
                answer.close()
            if isinstance(answer, Awaitable):
                raise TypeError("the table is async: give it to `reconcile_async`")
        except Exception as error:
            return Reconciled(*begun.end(failed=True), error)
        begun.kept()
    return Reconciled(*begun.end(failed=False), None)


def _append(table: object) -> Any:
    append: Any = getattr(table, "append", table)
    if not callable(append):
        name = type(table).__name__
        raise TypeError(f"`table` must have a method `append`, or be a callable, not {name}")
    return append


def _plain(table: object) -> Any:
    append = _append(table)
    if iscoroutinefunction(append):
        raise TypeError("the table is async: give it to `reconcile_async` or `ship_async`")
    return append


def _pause(every_s: float) -> float:
    if isinstance(every_s, bool) or not isinstance(every_s, int | float):
        raise TypeError(f"`every_s` must be int or float, not {type(every_s).__name__}")
    if not 0 < every_s <= 86_400:
        raise ValueError("`every_s` must be above 0 and at most a day")
    return every_s


def _records(array: str) -> list[AuditRecord]:
    records: list[AuditRecord] = json.loads(array)
    return records
