"""The loops between a decision and the host's stores. They carry; the core judges."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from types import CoroutineType
from typing import cast

from ._course import Course, Tasks, Turn
from ._native import Ask, Decision, Held, Wait
from ._stores import Method, Methods

__all__ = ["Tasks", "admit", "admit_async", "drive", "drive_async"]


def drive(turn: Turn, methods: Methods) -> Decision:
    """Asks the stores until the decision is made. Only an admission pauses on its way."""
    return cast(Decision, admit(turn, methods))


def admit(turn: Turn, methods: Methods) -> Decision | Held:
    """Asks the stores until the decision is made, or pauses for the host's own work."""
    try:
        while not isinstance(turn, (Decision, Held)):
            if isinstance(turn, Ask):
                turn = _ask(turn, methods[turn.role, turn.method])
            else:
                turn = turn.perform()
        return turn
    except BaseException:
        release = None if isinstance(turn, (Decision, Held)) else turn.abandon()
        if release is not None:
            with suppress(Exception):
                _ask(release, methods[release.role, release.method])
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


async def drive_async(turn: Turn, methods: Methods, tasks: Tasks) -> Decision:
    """Asks the stores until the decision is made. `tasks` holds what nobody waits for any more."""
    return cast(Decision, await admit_async(turn, methods, tasks))


async def admit_async(turn: Turn, methods: Methods, tasks: Tasks) -> Decision | Held:
    """As `admit`, for stores that are waited for."""
    if isinstance(turn, (Decision, Held)):
        return turn
    course = Course(turn, methods, tasks)
    try:
        while not isinstance(turn := course.turn, (Decision, Held)):
            if isinstance(turn, Ask):
                await course.ask(turn)
            else:
                course.turn = await _wait(turn)
        del course.turn  # What a store raised holds the course.
        return turn
    except BaseException:
        course.abandon()
        raise


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
