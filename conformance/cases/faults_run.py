"""Random sequences over stores that fail: drawn effect by effect, decided by the oracle.

As `random_run.py`, but for the effects: each step lists what the stores are asked for, in order,
and which of it fails, and how.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from oracle.stores import Fault

from .common import compact
from .random_run import LISTINGS, Drawn

HOW = ("raise", "raise", "raise_not_written", "timeout", "nonsense")
READS = ("find",)
# How likely an effect of a step is to fail: mostly not at all, sometimes often.
LIKELY = (*(0.0,) * 5, 0.2, 0.2, 0.5, 0.9)
BREAKERS = ({}, {"failures": 1, "rest_ms": 1}, {"failures": 1, "rest_ms": 5000},
            {"failures": 1, "rest_ms": 60_000}, {"failures": 2, "rest_ms": 60_000},
            {"failures": 1_000_000}, {"failures": 1_000_000})


class Failing(Drawn):
    """The same two sites over stores that fail."""

    def __init__(self, random: Random) -> None:
        self.likely = 0.0
        fallback = {"admission_fallback": "local"} if random.random() < 0.5 else {}
        super().__init__(random, {"breaker": random.choice(BREAKERS), **fallback})
        self.gate.stores.weather = self.weather

    def kinds(self) -> tuple[Callable[[], None], ...]:
        return (*super().kinds(), *(self.insist,) * 10, *(self.honest,) * 15)

    def honest(self) -> None:
        """A new event that is as it should be: more effects to fail than of most that are drawn."""
        body = compact({"fingerprint": "f", "id": f"h{len(self.sent)}"})
        keys, seconds = list(LISTINGS[self.listing]), str(self.now_ms // 1000)
        self.sent.append(("acme", self.signed(keys, f"h{len(self.sent)}", seconds, body), body))
        self.send(*self.sent[-1])

    def insist(self) -> None:
        """An honest sender's retry: the last event once more, as it was, perhaps after a lease."""
        if self.sent:
            self.now_ms += self.random.choice((0, 1, 1000, self.gate.lease_ms))
            self.latest_ms = max(self.latest_ms, self.now_ms)
            self.send(*self.sent[-1])

    def weather(self, role: str, method: str) -> Fault | None:
        if self.random.random() >= self.likely:
            return None
        how = self.random.choice(HOW)
        may_be_written = how != "raise_not_written" and method not in READS
        return Fault(how, may_be_written and self.random.random() < 0.5)

    def put(self, do: str, args: dict[str, Any], expect: dict[str, Any] | None,
            want: str | None) -> None:
        effects: list[dict[str, Any]] = []
        for asked in self.gate.stores.asked:
            fault = asked.fault
            told = {} if fault is None else {fault.how: True, "written": fault.written}
            effects.append({"role": asked.role, "method": asked.method, **told})
        self.gate.stores.asked.clear()
        super().put(do, {**args, "effects": effects}, expect, None)
        self.likely = self.random.choice(LIKELY)


def drawn(random: Random, steps: int) -> Failing:
    """A whole sequence."""
    run = Failing(random)
    run.draw(steps)
    return run
