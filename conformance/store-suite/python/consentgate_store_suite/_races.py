"""Many at once: what no sequence of calls can show. Each round is at a site of its own."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from . import _race_calls  # noqa: F401 - it adds to the list
from ._compare import Bindings, request_of
from ._race_list import MANY, NOW_MS, RACES, TOGETHER, Json, Lost, Ring
from ._run import TIMEOUT_S, Stores, Views, fresh_prefix, is_together, views_of

__all__ = ["RaceFailure", "races", "races_async"]

T = TypeVar("T")
ROUNDS = 5


@dataclass(frozen=True)
class RaceFailure:
    """A law that a store does not keep when many ask at once."""

    case: str
    proves: tuple[str, ...]
    wrong: str

    def __str__(self) -> str:
        return f"{self.case} ({', '.join(self.proves)})\n    {self.wrong}"


class _Ring(Ring):
    def __init__(self, views: Views, set_clock: Callable[[int], Any], site: str) -> None:
        self.views, self.set_clock, self.site = views, set_clock, site

    def call(self, role: str, method: str, request: Json) -> Any:
        asked = request_of({"site": self.site, **request}, Bindings(), "")
        return getattr(self.views[role], method)(asked, TIMEOUT_S)


class _Plain(_Ring):
    """Nothing is ever waited for: a coroutine runs through at once, in a thread of its own."""

    async def clock(self, after: int) -> None:
        self.set_clock(NOW_MS + after)

    async def ask(self, role: str, method: str, request: Json) -> Any:
        return self.call(role, method, request)

    async def many(self, work: Callable[[int], Awaitable[T]]) -> list[T]:
        start = threading.Barrier(MANY)

        def one(number: int) -> T:
            start.wait()
            return _through(work(number))

        with ThreadPoolExecutor(MANY) as threads:
            return list(threads.map(one, range(MANY)))


class _Awaited(_Ring):
    async def clock(self, after: int) -> None:
        done = self.set_clock(NOW_MS + after)
        if inspect.isawaitable(done):
            await done

    async def ask(self, role: str, method: str, request: Json) -> Any:
        return await self.call(role, method, request)

    async def many(self, work: Callable[[int], Awaitable[T]]) -> list[T]:
        return list(await asyncio.gather(*(work(number) for number in range(MANY))))


def _through(work: Awaitable[T]) -> T:
    assert inspect.iscoroutine(work)
    try:
        work.send(None)
    except StopIteration as end:
        done: T = end.value
        return done
    raise TypeError("a plain store waited for something")


async def _all(
    form: type[_Ring], stores: Stores, set_clock: Callable[[int], Any], prefix: str | None
) -> list[RaceFailure]:
    views = views_of(stores)
    together = is_together(stores, views)
    chosen = [race for race in RACES if race.role in views and (together or race.role != TOGETHER)]
    if together:
        chosen += [race for race in RACES if race.role == TOGETHER]
    prefix = fresh_prefix() if prefix is None else prefix
    failures = []
    for number, race in enumerate(chosen):
        for turn in range(ROUNDS):
            ring = form(views, set_clock, f"{prefix}r{number}-{turn}")
            try:
                await ring.clock(0)
                await race.run(ring)
            except Exception as error:
                text = str(error) if isinstance(error, Lost) else f"raised {error!r}"
                failures.append(RaceFailure(race.name, race.proves, f"round {turn}: {text}"))
                break
    return failures


def races(
    stores: Stores, set_clock: Callable[[int], object], *, prefix: str | None = None
) -> list[RaceFailure]:
    """Threads that ask a store at the same moment; the laws that it does not keep then."""
    work: Coroutine[Any, Any, list[RaceFailure]] = _all(_Plain, stores, set_clock, prefix)
    return _through(work)


async def races_async(
    stores: Stores,
    set_clock: Callable[[int], Awaitable[object] | object],
    *,
    prefix: str | None = None,
) -> list[RaceFailure]:
    """`races` for a store whose methods are awaited: tasks of one event loop."""
    return await _all(_Awaited, stores, set_clock, prefix)
