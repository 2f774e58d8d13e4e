"""Asking the stores: a breaker for each role, and what goes wrong on the way.

Written from `docs/decisions.md`, "Stores that fail", and `docs/stores.md`. A step of a store is
a function over the state; whether it is called, and whether its reply arrives, is decided here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from . import wire
from .breaker import Breaker
from .consent import Session
from .state import Data

ROLES = ("admission", "sessions", "calls")

T = TypeVar("T")


@dataclass(frozen=True)
class Fault:
    """How a store fails, in the words of the vectors, and whether it did as it was told before."""

    how: str
    written: bool


@dataclass(frozen=True)
class Asked:
    """An effect that a store was asked for, and how it failed, if it did."""

    role: str
    method: str
    fault: Fault | None


class Failed(Exception):
    """There is no reply."""

    def __init__(self, reason: str, retry_ms: int = 0, *, unwritten: bool) -> None:
        self.reason = reason
        self.retry_ms = retry_ms
        self.unwritten = unwritten

    def at(self, stage: str) -> dict[str, Any]:
        """The answer where nothing else is to be said."""
        return wire.decision(self.reason, stage, retry_ms=self.retry_ms)


class Stores:
    """All roles. `weather` says how an effect fails; nothing does unless it is set."""

    def __init__(self, rules: dict[str, int]) -> None:
        rules = {"failures": 5, "rest_ms": 5000, **rules}
        self.breakers = {role: Breaker(rules["failures"], rules["rest_ms"]) for role in ROLES}
        self.weather: Callable[[str, str], Fault | None] = lambda role, method: None
        self.asked: list[Asked] = []

    def rest(self, roles: list[str], now_ms: int) -> int | None:
        """How long an event that needs these roles is sent away for: the longest rest."""
        rests = [self.breakers[role].rest(now_ms) for role in roles]
        return max((rest for rest in rests if rest is not None), default=None)

    def ask(self, role: str, method: str, now_ms: int, step: Callable[[], T]) -> T:
        """What the step replies, unless the store rests, or fails."""
        breaker, counts = self.breakers[role], method != "purge"
        rest_ms = breaker.ask(now_ms) if counts else breaker.rest(now_ms)
        if rest_ms is not None:
            raise Failed("store_resting", rest_ms, unwritten=True)
        fault = self.weather(role, method)
        self.asked.append(Asked(role, method, fault))
        reply = step() if fault is None or fault.written else None
        if fault is None:
            if counts:
                breaker.succeeded()
            return reply  # type: ignore[return-value]
        if counts:
            breaker.failed(now_ms)
        raise Failed("store_failed", unwritten=fault.how == "raise_not_written")

    def find(self, data: Data, who: str, now_ms: int) -> tuple[Session | None, int | None]:
        """The session, and the newest floor; most flows look for them."""
        return self.ask(
            "sessions",
            "find",
            now_ms,
            lambda: (data.sessions.get(who), data.floor_ms(who, now_ms)),
        )
