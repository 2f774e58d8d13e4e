"""The loops between a decision and the host's stores. They carry; the core judges."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from contextlib import suppress
from types import CoroutineType
from typing import Any, TypeAlias, cast

from ._native import Ask, Decision, Held, Wait
from ._stores import Method, Methods

__all__ = ["Tasks", "admit", "admit_async", "drive", "drive_async"]

Tasks: TypeAlias = set["asyncio.Future[Any]"]


Turn: TypeAlias = Decision | Ask | Wait | Held


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
    try:
        while not isinstance(turn, (Decision, Held)):
            if isinstance(turn, Ask):
                turn = await _ask_async(turn, methods[turn.role, turn.method], tasks)
            else:
                turn = await _wait(turn)
        return turn
    except BaseException:
        release = None if isinstance(turn, (Decision, Held)) else turn.abandon()
        if release is not None:
            method = methods[release.role, release.method]
            _in_background(_ask_async(release, method, tasks), tasks)
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


async def _ask_async(ask: Ask, method: Method, tasks: Tasks) -> Turn:
    try:
        task = _begun(method(ask.request, ask.timeout_s))
    except Exception as error:
        return ask.fail(error)
    if not task.done():
        try:
            await _done_in_time(task, ask.timeout_s)
        except BaseException:
            _give_up(task, tasks)
            raise
    if not task.done():
        _give_up(task, tasks)
        return ask.time_out()
    if task.cancelled():
        return ask.fail(asyncio.CancelledError("the store was cancelled"))
    raised = task.exception()
    if raised is None:
        return ask.answer(task.result())
    if isinstance(raised, Exception):
        return ask.fail(raised)
    raise raised


def _begun(work: Any) -> asyncio.Future[Any]:
    """What a store does, as a task that has begun where Python can: most never wait."""
    if sys.version_info >= (3, 12):
        loop = asyncio.get_running_loop()
        # A loop with tasks of its own makes them itself.
        if type(work) is CoroutineType and loop.get_task_factory() is None:
            return asyncio.Task(work, loop=loop, eager_start=True)
    task: asyncio.Future[Any] = asyncio.ensure_future(work)
    return task


async def _done_in_time(task: asyncio.Future[Any], timeout_s: float) -> None:
    """Waits until the task is done or its time is over.

    Not `wait_for`, which waits for a store that does not let itself be cancelled; nor `wait`, which
    costs several times as much.
    """
    loop = asyncio.get_running_loop()
    waiter = loop.create_future()

    def wake(_: object = None) -> None:
        if not waiter.done():
            waiter.set_result(None)

    timer = loop.call_later(timeout_s, wake)
    task.add_done_callback(wake)
    try:
        await waiter
    finally:
        timer.cancel()
        task.remove_done_callback(wake)


def _give_up(task: asyncio.Future[Any], tasks: Tasks) -> None:
    with suppress(RuntimeError):  # The loop is gone, and the task with it.
        task.cancel()
        _keep(task, tasks)


def _in_background(work: Coroutine[Any, Any, Any], tasks: Tasks) -> None:
    try:
        _keep(asyncio.get_running_loop().create_task(work), tasks)
    except RuntimeError:
        # The loop is gone, and with it whoever could be asked: the lease will lapse.
        work.close()


def _keep(task: asyncio.Future[Any], tasks: Tasks) -> None:
    """An event loop keeps no task alive by itself."""
    tasks.add(task)
    task.add_done_callback(lambda ended: _forget(ended, tasks))


def _forget(task: asyncio.Future[Any], tasks: Tasks) -> None:
    tasks.discard(task)
    if not task.cancelled():
        task.exception()  # Looked at, so that nobody is told it never was.
