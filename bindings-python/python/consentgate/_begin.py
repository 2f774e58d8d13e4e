"""Work that takes its first step at once, in a task of its own: most never takes another."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from contextlib import suppress
from contextvars import copy_context
from typing import Any, TypeAlias

__all__ = ["begun"]

Work: TypeAlias = Coroutine[Any, Any, None]
Task: TypeAlias = asyncio.Task[None]


def begun(work: Work, loop: asyncio.AbstractEventLoop) -> Task | None:
    """The task that goes on with it, unless that was all."""
    # A loop with tasks of its own makes them itself; before 3.11 no task takes a context.
    if loop.get_task_factory() is not None or sys.version_info < (3, 11):
        return loop.create_task(work)
    if sys.version_info < (3, 12):
        return _begun(work, loop)
    task = asyncio.Task(work, loop=loop, eager_start=True)
    if not task.done():
        return task
    task.result()
    return None


if sys.version_info < (3, 12):

    def _begun(work: Work, loop: asyncio.AbstractEventLoop) -> Task | None:
        """As Python 3.12 does it: within its first step, the new task is the current one."""
        rest, context = _Rest(work), copy_context()
        task = asyncio.Task(rest, loop=loop, context=context)
        caller = asyncio.current_task(loop)
        if caller is not None:
            asyncio.tasks._leave_task(loop, caller)
        asyncio.tasks._enter_task(loop, task)
        try:
            context.run(rest.begin)
        finally:
            asyncio.tasks._leave_task(loop, task)
            if caller is not None:
                asyncio.tasks._enter_task(loop, caller)
        return None if rest.is_over else task

    class _Rest(Coroutine[Any, Any, None]):
        """What is left for a task to do after the first step, which it finds already taken."""

        __slots__ = ("_awaited", "_work", "is_over")

        def __init__(self, work: Work) -> None:
            self._work = work
            # What the first step came to wait for, until the task takes that up.
            self._awaited: list[Any] = []
            self.is_over = True

        def begin(self) -> None:
            with suppress(StopIteration):
                self._awaited.append(self._work.send(None))
                self.is_over = False

        def send(self, value: None) -> Any:
            if self.is_over:
                raise StopIteration
            return self._awaited.pop() if self._awaited else self._work.send(value)

        def throw(self, error: Any, *more: Any) -> Any:
            if self.is_over:
                raise error
            # Cancelled before it took that up: as of a task, what is waited for is cancelled first.
            awaited = self._awaited.pop() if self._awaited else None
            if awaited is not None and awaited.cancel():
                return awaited
            return self._work.throw(error, *more)

        def close(self) -> None:
            self._work.close()

        def __await__(self) -> Any:
            raise NotImplementedError("a task alone goes on with it")
