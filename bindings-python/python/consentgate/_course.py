"""A decision on its way by asyncio: its stores are asked in one task, one after the other.

Whoever wants the decision waits for that task, or for the deadline of the call that is under way.
A call that is late stays behind with its task, and the decision goes on in another.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeAlias

from ._begin import begun
from ._native import Ask, Decision, Held, Wait
from ._stores import Methods

__all__ = ["Course", "Tasks", "Turn"]

Tasks: TypeAlias = set["asyncio.Future[Any]"]
Turn: TypeAlias = Decision | Ask | Wait | Held

GRAIN_S = 0.001
"""By so much timers of other loops ring too early."""


class Course:
    """Where a decision stands. `tasks` holds what nobody waits for any more."""

    __slots__ = (
        "_asked",
        "_due",
        "_loop",
        "_methods",
        "_tasks",
        "_timeout_s",
        "_timer",
        "_waiter",
        "turn",
    )

    turn: Turn
    _waiter: asyncio.Future[None]

    def __init__(self, turn: Turn, methods: Methods, tasks: Tasks) -> None:
        self.turn = turn
        self._methods = methods
        self._tasks = tasks
        self._loop = asyncio.get_running_loop()
        # What a store is waited for with, how long and until when; any other was given up.
        self._asked: Ask | None = None
        self._timeout_s = self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None

    async def ask(self, ask: Ask) -> None:
        """Asks the host's stores until it is not their turn, or one of them is late."""
        self._asks(ask)
        task = begun(self._ask_each(ask), self._loop)
        if task is None:
            return
        try:
            await self._done_or_late(task)
        except BaseException:
            self._give_up(task)
            raise
        if task.cancelled():  # Before it began, by somebody else.
            self.turn = ask.fail(_cancelled())
        elif task.done():
            task.result()
        elif isinstance(self.turn, Ask):
            self._give_up(task)
            self.turn = self.turn.time_out()

    def abandon(self) -> None:
        """Gives back in the background what the decision holds that nobody waits for any more."""
        turn = self.turn
        release = None if isinstance(turn, (Decision, Held)) else turn.abandon()
        if release is None:
            return
        with suppress(RuntimeError):  # The loop is gone, and who could be asked: the lease lapses.
            course = Course(release, self._methods, self._tasks)
            _keep(course._loop.create_task(course.ask(release)), self._tasks)

    async def _ask_each(self, ask: Ask) -> None:
        while True:
            answer: Callable[[Any], Turn]
            try:
                method = self._methods[ask.role, ask.method]
                reply, answer = await method(ask.request, self._timeout_s), ask.answer
            except Exception as error:
                reply, answer = error, ask.fail
            except asyncio.CancelledError:
                if self._asked is not ask:
                    raise
                reply, answer = _cancelled(), ask.fail
            if self._asked is not ask:
                return
            self.turn = answer(reply)
            del reply  # Where it was raised, it holds this frame.
            if not isinstance(self.turn, Ask):
                return
            self._asks(ask := self.turn)

    def _asks(self, ask: Ask) -> None:
        self._asked, self._timeout_s = ask, ask.timeout_s
        if self._timer is not None:
            self._due = self._loop.time() + self._timeout_s
            # One that rings too early is set anew only then: most calls are done by that time.
            if self._due < self._timer.when():
                self._set_timer()

    async def _done_or_late(self, task: asyncio.Task[None]) -> None:
        """Waits until the task is done or the time for the call under way is over.

        Not `wait_for`, which waits for a store that does not let itself be cancelled; nor `wait`,
        which costs several times as much.
        """
        self._due = self._loop.time() + self._timeout_s
        task.add_done_callback(self._wake)
        try:
            while True:
                self._waiter = self._loop.create_future()
                self._set_timer()
                await self._waiter
                if task.done() or self._is_late():
                    return
        finally:
            task.remove_done_callback(self._wake)
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

    def _is_late(self) -> bool:
        return self._due <= self._loop.time() + GRAIN_S

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._due, self._wake)

    def _wake(self, _: object = None) -> None:
        if not self._waiter.done():
            self._waiter.set_result(None)

    def _give_up(self, task: asyncio.Task[None]) -> None:
        self._asked = None
        with suppress(RuntimeError):  # The loop is gone, and the task with it.
            task.cancel()
            _keep(task, self._tasks)


def _cancelled() -> asyncio.CancelledError:
    return asyncio.CancelledError("the store was cancelled")


def _keep(task: asyncio.Future[Any], tasks: Tasks) -> None:
    """An event loop keeps no task alive by itself."""
    tasks.add(task)
    task.add_done_callback(lambda ended: _forget(ended, tasks))


def _forget(task: asyncio.Future[Any], tasks: Tasks) -> None:
    tasks.discard(task)
    if not task.cancelled():
        task.exception()  # Looked at, so that nobody is told it never was.
