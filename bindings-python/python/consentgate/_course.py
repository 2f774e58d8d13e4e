"""A decision on its way by asyncio: its stores are asked in one task, one after the other.

Whoever wants the decision waits for that task, or for the deadline of the call that is under way.
A call that is late stays behind with its task, and the decision goes on in another.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, TypeAlias

from ._begin import begun
from ._native import Ask, Asking, Decision, Held, Wait
from ._stores import Methods

__all__ = ["Tasks", "Turn", "abandon", "waited"]

Tasks: TypeAlias = set["asyncio.Future[Any]"]
Turn: TypeAlias = Decision | Ask | Wait | Held

GRAIN_S = 0.001
"""By so much timers of other loops ring too early."""


async def waited(asking: Asking, task: asyncio.Task[None], tasks: Tasks) -> Turn:
    """Where the decision stands once the task is done, or the store that it asks is late."""
    try:
        await _Watch(asking, task).done_or_late()
    except BaseException:
        _give_up(task, tasks)
        raise
    if task.done() and not task.cancelled():
        task.result()
        return asking.take()
    turn = asking.take()
    if not isinstance(turn, Ask):
        return turn
    if task.cancelled():  # Before it began, by somebody else.
        return turn.fail(asyncio.CancelledError("the store was cancelled"))
    _give_up(task, tasks)
    return turn.time_out()


def abandon(turn: Turn, methods: Methods, tasks: Tasks) -> None:
    """Gives back in the background what the decision holds that nobody waits for any more."""
    release = turn.abandon() if isinstance(turn, (Ask, Wait)) else None
    if release is None:
        return
    with suppress(RuntimeError):  # The loop is gone, and who could be asked: the lease lapses.
        loop = asyncio.get_running_loop()
        _keep(loop.create_task(_release(release, methods, tasks)), tasks)


async def _release(release: Ask, methods: Methods, tasks: Tasks) -> None:
    asking = Asking(release, methods)
    task = begun(asking, asyncio.get_running_loop())
    if task is not None:
        await waited(asking, task, tasks)


class _Watch:
    """Watches a task's calls of stores, each of which has its own deadline."""

    __slots__ = ("_asking", "_due", "_loop", "_task", "_timer", "_waiter")

    _timer: asyncio.TimerHandle
    _waiter: asyncio.Future[None]

    def __init__(self, asking: Asking, task: asyncio.Task[None]) -> None:
        self._asking = asking
        self._task = task
        self._loop = task.get_loop()

    async def done_or_late(self) -> None:
        """Waits until the task is done or the time for the call under way is over.

        Not `wait_for`, which waits for a store that does not let itself be cancelled; nor `wait`,
        which costs several times as much.
        """
        self._due = self._loop.time() + self._asking.timeout_s
        self._timer = self._loop.call_at(self._due, self._wake)
        self._asking.tell(self._asks)
        self._task.add_done_callback(self._wake)
        try:
            while True:
                self._waiter = self._loop.create_future()
                await self._waiter
                if self._task.done() or self._due <= self._loop.time() + GRAIN_S:
                    return
                self._set_timer()
        finally:
            self._task.remove_done_callback(self._wake)
            self._asking.tell(None)
            self._timer.cancel()

    def _asks(self, timeout_s: float) -> None:
        self._due = self._loop.time() + timeout_s
        # One that rings too early is set anew only then: most calls are done by that time.
        if self._due < self._timer.when():
            self._set_timer()

    def _set_timer(self) -> None:
        self._timer.cancel()
        self._timer = self._loop.call_at(self._due, self._wake)

    def _wake(self, _: object = None) -> None:
        if not self._waiter.done():
            self._waiter.set_result(None)


def _give_up(task: asyncio.Task[None], tasks: Tasks) -> None:
    with suppress(RuntimeError):  # The loop is gone, and the task with it.
        task.cancel()
        _keep(task, tasks)


def _keep(task: asyncio.Future[Any], tasks: Tasks) -> None:
    """An event loop keeps no task alive by itself."""
    tasks.add(task)
    task.add_done_callback(lambda ended: _forget(ended, tasks))


def _forget(task: asyncio.Future[Any], tasks: Tasks) -> None:
    tasks.discard(task)
    if not task.cancelled():
        task.exception()  # Looked at, so that nobody is told it never was.
