"""Runs cases against a store, plain or awaited: one loop, driven in two ways."""

from __future__ import annotations

import inspect
import json
import secrets
from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from ._cases import load_cases
from ._compare import Bindings, differences, request_of

__all__ = ["Failure", "Stores", "fresh_prefix", "report", "run", "run_async", "views_of"]

Json: TypeAlias = dict[str, Any]
Case: TypeAlias = Mapping[str, Any]
Views: TypeAlias = dict[str, Any]
Stores: TypeAlias = Any
Loop: TypeAlias = Generator[Callable[[], Any], Any, "Failure | None"]

# A method that says which role a store without views keeps.
TELLING = {"admission": "admit", "sessions": "put", "calls": "record"}
TIMEOUT_S = 5.0


@dataclass(frozen=True)
class Failure:
    """One case that a store does not pass. The case ends at the step that failed."""

    case: str
    proves: tuple[str, ...]
    step: int
    called: str
    expected: Any
    got: Any
    differences: tuple[str, ...]

    def __str__(self) -> str:
        lines = [
            f"{self.case} ({', '.join(self.proves)})",
            f"  step {self.step}: {self.called}",
            f"  expected {json.dumps(self.expected)}",
            f"  got      {self.got!r}",
            *(f"    {line}" for line in self.differences),
        ]
        return "\n".join(lines)


def report(failures: Iterable[object]) -> str:
    """All failures as one text."""
    return "\n".join(map(str, failures))


def views_of(stores: Stores) -> Views:
    """The view of each role: of one store that has some, or as `Gate` takes them, by role."""
    if isinstance(stores, Mapping):
        return dict(stores)
    views = {role: getattr(stores, role, stores) for role in TELLING}
    return {role: view for role, view in views.items() if hasattr(view, TELLING[role])}


def is_together(stores: Stores, views: Views) -> bool:
    """Whether sessions and calls are kept by one store."""
    if not {"sessions", "calls"} <= views.keys():
        return False
    sessions, calls = views["sessions"], views["calls"]
    same = getattr(sessions, "store", sessions) is getattr(calls, "store", calls)
    return same or not isinstance(stores, Mapping)


def fresh_prefix() -> str:
    """What no run before put before its sites."""
    return f"t{secrets.token_hex(5)}-"


def _chosen(
    stores: Stores, cases: Iterable[Case] | None, counts_buckets: bool
) -> tuple[Views, list[Case]]:
    views = views_of(stores)
    together = is_together(stores, views)
    chosen = [
        case
        for case in (load_cases() if cases is None else cases)
        if set(case["roles"]) <= views.keys()
        and (together or not {"sessions", "calls"} <= set(case["roles"]))
        and (counts_buckets or not case.get("counts_buckets", False))
    ]
    if not chosen:
        raise ValueError("no case is for these roles")
    return views, chosen


def _one(case: Case, views: Views, set_clock: Callable[[int], Any], prefix: str) -> Loop:
    """One case, as the calls that are to be made; each is sent its result, or thrown its error."""
    bindings = Bindings()
    clock = None
    for number, step in enumerate(case["steps"], start=1):
        role, method = step["role"], step["method"]
        called = f"{role}.{method} at {step['at']}: {json.dumps(step['request'])}"
        request = request_of(step["request"], bindings, prefix)
        person = f"{request.get('site')} {request.get('fingerprint')}"
        at, view = step["at"], views[role]
        try:
            if at != clock:
                yield lambda at=at: set_clock(at)
                clock = at
            ask = getattr(view, method)
            got = yield lambda ask=ask, request=request: ask(request, TIMEOUT_S)
            wrong = differences(step["reply"], got, bindings, person)
        except Exception as error:
            got, wrong = None, [f"raised {type(error).__name__}: {error}"]
        if wrong:
            return Failure(
                case["name"], tuple(case["proves"]), number, called, step["reply"], got,
                tuple(wrong),
            )  # fmt: skip
    return None


def run(
    stores: Stores,
    set_clock: Callable[[int], object],
    *,
    cases: Iterable[Case] | None = None,
    prefix: str | None = None,
    counts_buckets: bool = True,
) -> list[Failure]:
    """Runs every case that is for the roles given. `set_clock` sets the store's clock, in ms.

    `counts_buckets`: whether the store holds the buckets of a site to `buckets_per_site_max`.
    """
    views, chosen = _chosen(stores, cases, counts_buckets)
    prefix = fresh_prefix() if prefix is None else prefix
    failures = []
    for index, case in enumerate(chosen):
        loop = _one(case, views, set_clock, f"{prefix}{index}-")
        failure = _drive(loop)
        failures += [failure] if failure else []
    return failures


def _drive(loop: Loop) -> Failure | None:
    try:
        call = next(loop)
        while True:
            try:
                result = call()
            except Exception as error:
                call = loop.throw(error)
            else:
                call = loop.send(result)
    except StopIteration as end:
        failure: Failure | None = end.value
        return failure


async def run_async(
    stores: Stores,
    set_clock: Callable[[int], Awaitable[object] | object],
    *,
    cases: Iterable[Case] | None = None,
    prefix: str | None = None,
    counts_buckets: bool = True,
) -> list[Failure]:
    """`run` for a store whose methods are awaited; `set_clock` may be."""
    views, chosen = _chosen(stores, cases, counts_buckets)
    prefix = fresh_prefix() if prefix is None else prefix
    failures = []
    for index, case in enumerate(chosen):
        failure = await _drive_async(_one(case, views, set_clock, f"{prefix}{index}-"))
        failures += [failure] if failure else []
    return failures


async def _drive_async(loop: Loop) -> Failure | None:
    try:
        call = next(loop)
        while True:
            try:
                result = call()
                if inspect.isawaitable(result):
                    result = await result
            except Exception as error:
                call = loop.throw(error)
            else:
                call = loop.send(result)
    except StopIteration as end:
        failure: Failure | None = end.value
        return failure
