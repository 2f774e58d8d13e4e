"""A task that takes its first step at once: most never take another."""

from __future__ import annotations

import asyncio
import sys
from asyncio import current_task, tasks
from contextvars import copy_context
from typing import TypeAlias

from ._native import Asking

__all__ = ["begun"]

Task: TypeAlias = asyncio.Task[None]

# Given, since a name of its own for each task would cost a tenth of it.
NAME = "consentgate"


def begun(asking: Asking, loop: asyncio.AbstractEventLoop) -> Task | None:
    """The task that goes on with it, unless that was all."""
    # A loop with tasks of its own makes them itself; before 3.11 no task takes a context.
    if loop.get_task_factory() is not None or sys.version_info < (3, 11):
        return loop.create_task(_whole(asking))
    if sys.version_info < (3, 12):
        # As Python 3.12 does it: within its first step, the new task is the current one.
        context = copy_context()
        task: Task = asyncio.Task(asking, loop=loop, name=NAME, context=context)
        caller = current_task(loop)
        if caller is not None:
            tasks._leave_task(loop, caller)
        tasks._enter_task(loop, task)
        try:
            is_over = context.run(asking.begin)
        finally:
            tasks._leave_task(loop, task)
            if caller is not None:
                tasks._enter_task(loop, caller)
        return None if is_over else task
    eager: Task = asyncio.Task(asking, loop=loop, name=NAME, eager_start=True)
    if not eager.done():
        return eager
    eager.result()
    return None


async def _whole(asking: Asking) -> None:
    await asking
