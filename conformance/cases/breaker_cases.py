"""breaker.json: asks, successes and failures of one role's store."""

from __future__ import annotations

import random
from typing import Any

from oracle.breaker import Breaker

from .common import NOW_MS, Collector

GO = 0


class Run:
    """One breaker; `ms` is from NOW_MS on. What a step wants is a rest, or `GO`."""

    def __init__(self, failures: int = 3, rest_ms: int = 1000) -> None:
        self.rules = {"failures": failures, "rest_ms": rest_ms}
        self.breaker = Breaker(failures, rest_ms)
        self.now_ms = NOW_MS
        self.steps: list[dict[str, Any]] = []

    def at(self, ms: int) -> Run:
        self.now_ms = NOW_MS + ms
        return self

    def put(self, op: str, got: int | None, want: int | None) -> Run:
        if want is not None and want != (got or GO):
            raise AssertionError(f"step {len(self.steps)}: {got}, the case says {want}")
        self.steps.append({"now_ms": self.now_ms, "op": op, "expect": {"rest_ms": got}})
        return self

    def ask(self, want: int | None = None) -> Run:
        return self.put("ask", self.breaker.ask(self.now_ms), want)

    def rest(self, want: int | None = None) -> Run:
        return self.put("rest", self.breaker.rest(self.now_ms), want)

    def failed(self, times: int = 1) -> Run:
        for _ in range(times):
            self.breaker.failed(self.now_ms)
            self.steps.append({"now_ms": self.now_ms, "op": "failed"})
        return self

    def succeeded(self) -> Run:
        self.breaker.succeeded()
        self.steps.append({"now_ms": self.now_ms, "op": "succeeded"})
        return self

    def opened(self) -> Run:
        """Asked and failed until it rests."""
        for _ in range(self.rules["failures"]):
            self.ask(GO).failed()
        return self


def rests(add: Any) -> None:
    for failures in (1, 2, 3, 5, 20):
        run = Run(failures)
        for _ in range(failures - 1):
            run.ask(GO).failed().rest(GO)
        run.ask(GO).failed().rest(1000).ask(1000)
        add(f"opens at failure {failures}", "law 11: so many in a row, not one less", run)
    for rest_ms in (1, 2, 999, 1000, 5000, 600_000):
        run = Run(1, rest_ms).opened()
        run.at(rest_ms - 1).ask(1)
        run.at(rest_ms).rest(GO).ask(GO)
        add(f"rests for {rest_ms} ms", "half-open: at its end the store may be tried", run)
    run = Run()
    for _ in range(5):
        run.failed(2).succeeded()
    run.ask(GO).failed(2).ask(GO).failed().ask(1000)
    add("a success in between", "only failures in a row count", run)
    run = Run(5)
    for s in (0, 100, 10_000, 86_400_000, 86_400_001):
        run.at(s).ask(GO).failed()
    run.ask(1000)
    add("failures far apart", "a row has no end in time, only a success ends it", run)
    run = Run()
    for _ in range(6):
        run.ask(GO)
    run.failed(6).ask(1000)
    run.at(999).ask(1)
    run.at(1000).ask(GO)
    add("many under way when it opens", "those asked before fail too: that lengthens nothing", run)
    run = Run().opened()
    run.at(900).failed().ask(100)
    run.at(999).failed().failed().ask(1)
    run.at(1000).failed().rest(GO).ask(GO)
    add("failures of effects asked earlier", "they do not lengthen a rest, nor begin another", run)
    run = Run().opened()
    run.at(400).succeeded().ask(GO).failed(2).ask(GO).failed().ask(1000)
    add("a success while it rests", "closes it at any time; the count begins anew", run)
    run = Run().succeeded().rest(GO).ask(GO).succeeded().rest(GO)
    add("a store that does well", "is always asked", run)


def tries(add: Any) -> None:
    run = Run().opened()
    run.at(1000).ask(GO).ask(1000).rest(1000).ask(1000)
    run.at(1999).ask(1)
    run.at(2000).ask(GO).ask(1000)
    add("one tries it", "and no other for another rest", run)
    run = Run().opened()
    run.at(1500).ask(GO)
    run.at(1600).succeeded().ask(GO).ask(GO).failed(2).ask(GO)
    add("the try succeeds", "closed, and the count begins anew", run)
    run = Run().opened()
    run.at(1500).ask(GO)
    run.at(1700).failed().ask(1000)
    run.at(2699).ask(1)
    run.at(2700).ask(GO).ask(1000)
    add("the try fails", "another rest, from the failure on", run)
    run = Run().opened()
    run.at(1000).ask(GO)
    run.at(2500).failed().ask(1000)
    run.at(3499).ask(1)
    run.at(3500).ask(GO)
    add("the try fails late", "after the rest in which nobody else tried: another rest", run)
    run = Run().opened()
    run.at(1000).ask(GO)
    run.at(2000).ask(GO)
    run.at(2100).failed().failed().ask(1000)
    run.at(3100).ask(GO)
    add("two tries fail", "the second is one asked earlier", run)
    run = Run().opened()
    for n in range(1, 8):
        run.at(n * 1000).ask(GO).failed().ask(1000)
    run.at(8000).ask(GO).succeeded().ask(GO)
    add("down for long, then back", "one try a rest, one success closes it", run)
    run = Run().opened()
    for ms in (0, 300, 700, 999):
        run.at(ms).rest(1000 - ms).rest(1000 - ms)
    run.at(1000).rest(GO).rest(GO).rest(GO).ask(GO).rest(1000)
    add("looking is not trying", "a look leaves the one try to who asks", run)
    run = Run().opened()
    run.at(10**9).rest(GO).ask(GO).ask(1000)
    add("nobody asks for long", "a rest is over whether or not anybody looked", run)


def clocks(add: Any) -> None:
    note = "law 10: no clock leaves a store alone for longer than one rest; the cut is kept"
    run = Run().opened()
    run.at(-3_600_000).ask(1000)
    run.at(-3_600_000 + 999).ask(1)
    run.at(-3_600_000 + 1000).ask(GO)
    add("clock steps back an hour", note, run)
    run = Run().opened()
    run.at(-3_600_000).rest(1000)
    run.at(-3_600_000 + 1000).rest(GO).ask(GO)
    add("clock steps back an hour, looked at only", note + ", by a look too", run)
    run = Run().opened()
    run.at(1000).ask(GO)
    run.at(-5000).ask(1000)
    run.at(-4000).ask(GO)
    add("clock steps back while one tries it", note, run)
    run = Run().opened()
    run.at(500).ask(500)
    run.at(200).ask(800)
    run.at(1000).ask(GO)
    add("clock steps back within a rest", "nothing is cut, time is waited out", run)
    run = Run().opened()
    run.at(-1).ask(1000)
    run.at(999).ask(GO)
    add("clock steps back one ms", note, run)
    run = Run().opened()
    run.at(-5000).ask(1000)
    run.at(-5).ask(GO)
    run.at(-4).failed()
    run.at(995).ask(1)
    run.at(996).ask(GO)
    add("clock steps back and goes on", note, run)
    run = Run().opened()
    run.at(-10_000).ask(1000)
    run.at(0).ask(GO)
    add("clock steps back and forth", note, run)
    run = Run()
    run.failed(2)
    run.at(-9000).failed().ask(1000)
    run.at(-8000).ask(GO)
    add("clock steps back before it opens", "a rest begins where the failure is", run)
    run = Run().opened()
    run.at(50 * 365 * 86_400_000).ask(GO).failed().ask(1000)
    add("clock jumps 50 years ahead", "law 10: the rest is over, one tries it", run)


def walks(add: Any) -> None:
    rng = random.Random(17)
    for n in range(40):
        run = Run(rng.choice([1, 2, 3]), rng.choice([1, 10, 1000]))
        ms = 0
        for _ in range(60):
            rest_ms = run.rules["rest_ms"]
            ms += rng.choice([0, 0, 1, rest_ms - 1, rest_ms, rest_ms + 1, -1, -3 * rest_ms])
            run.at(ms)
            rng.choice([run.ask, run.ask, run.rest, run.failed, run.failed, run.succeeded])()
        add(f"walk {n}", "law 10, 11: any order, any clock", run)


def build() -> Collector:
    out = Collector(
        "One role's breaker, told in order of asks, successes and failures, or looked at. "
        "`rest_ms` in `expect` is how long the store is left alone, null: it may be asked."
    )

    def add(name: str, note: str, run: Run) -> None:
        out.add(name, note, **run.rules, steps=run.steps)

    rests(add)
    tries(add)
    clocks(add)
    walks(add)
    return out
