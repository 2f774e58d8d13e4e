"""The loops between a decision and the host's stores. They carry; the core judges."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from types import CoroutineType
from typing import Any, cast

from ._begin import begun
from ._course import Tasks, Turn, abandon, waited
from ._native import Ask, Asking, Decision, Held, Wait
from ._stores import Method, Methods

__all__ = ["Tasks", "admit", "admit_async", "drive", "drive_async"]


def admit(turn: Turn, methods: Methods) -> Decision | Held:
    """Asks the stores until the decision is made, or pauses for the host's own work."""
    try:
        while not isinstance(turn, (Decision, Held)):
            if isinstance(turn, Ask):
                turn = _ask(turn, methods[turn.role][turn.method])
            else:
                turn = turn.perform()
        return turn
    except BaseException:
        release = None if isinstance(turn, (Decision, Held)) else turn.abandon()
        if release is not None:
            with suppress(Exception):
                _ask(release, methods[release.role][release.method])
        raise


def _ask(ask: Ask, method: Method) -> Turn:
    try:
        reply = method(ask.request, ask.timeout_s)
    except Exception as error:
        return ask.fail(error)
    # Not `isinstance`, which asks the reply what it is: a lazy one may raise.
    if type(reply) is CoroutineType:
        reply.close()
    return ask.answer(reply)


async def admit_async(turn: Turn, methods: Methods, tasks: Tasks) -> Decision | Held:
    """As `admit`, for stores that are waited for. `tasks` holds what nobody waits for any more."""
    asking: Asking | None = None
    try:
        while True:
            if isinstance(turn, Ask):
                asking = Asking(turn, methods)
                task = begun(asking, asyncio.get_running_loop())
                turn = asking.take() if task is None else await waited(asking, task, tasks)
                asking = None
            elif isinstance(turn, Wait):
                turn = await _wait(turn)
            else:
                return turn
    except BaseException:
        abandon(turn if asking is None else asking.take(), methods, tasks)
        raise


# Only an admission pauses on its way.
drive = cast(Callable[[Turn, Methods], Decision], admit)
"""Asks the stores until the decision is made."""

drive_async = cast(Callable[[Turn, Methods, Tasks], Coroutine[Any, Any, Decision]], admit_async)
"""As `drive`, for stores that are waited for."""


async def _wait(wait: Wait) -> Turn:
    """A native store works on a thread of its own, and calls back."""
    loop = asyncio.get_running_loop()
    replied = asyncio.Event()

    def done() -> None:
        with suppress(RuntimeError):  # The loop is gone, and whoever waited with it.
            loop.call_soon_threadsafe(replied.set)

    wait.submit(done)
    try:
        await asyncio.wait_for(replied.wait(), wait.timeout_s)
    except asyncio.TimeoutError:
        return wait.time_out()
    return wait.take_up()
