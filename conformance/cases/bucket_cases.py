"""bucket.json: takes and refunds against one bucket."""

from __future__ import annotations

from typing import Any

from oracle.bucket import Bucket, Rate, take_all

from .common import NOW_MS, Collector


class Run:
    """Builds the steps of one case; the times are told from NOW_MS on."""

    def __init__(self, rate: dict[str, Any], start_ms: int = NOW_MS) -> None:
        self.rate = rate
        self.now_ms = start_ms
        self.bucket = Bucket(Rate.of(rate))
        self.steps: list[dict[str, Any]] = []

    def take(self, times: int = 1, want: int | None = None) -> int:
        """Takes; `want` is the retry expected of the last (0: allowed)."""
        retry_ms = 0
        for _ in range(times):
            retry_ms = take_all([self.bucket], self.now_ms)
            expect = {"allowed": True} if retry_ms == 0 else {"allowed": False,
                                                              "retry_ms": retry_ms}
            self.steps.append({"now_ms": self.now_ms, "op": "take", "expect": expect})
        if want is not None and want != retry_ms:
            raise AssertionError(f"{self.rate}: the oracle says {retry_ms}, the case {want}")
        return retry_ms

    def refund(self) -> None:
        self.bucket.refund()
        self.steps.append({"now_ms": self.now_ms, "op": "refund"})

    def wait(self, ms: int) -> None:
        self.now_ms += ms


def plain(per_minute: int, capacity: int) -> dict[str, Any]:
    return {"capacity": capacity, "per_minute": per_minute, "strict": False}


def strict(per_minute: int) -> dict[str, Any]:
    return {"per_minute": per_minute, "strict": True}


def build() -> Collector:
    out = Collector(
        "Takes and refunds against one bucket, in order. A step of op `refund` has no `expect`. "
        "A strict rate has no capacity."
    )

    def add(name: str, note: str, run: Run) -> None:
        out.add(name, note, rate=run.rate, steps=run.steps)

    for per_minute, capacity in (
        (20, 20), (1, 1), (7, 3), (59, 2), (60, 1), (61, 4), (600, 5), (1000, 10), (59999, 2),
        (60000, 3), (60001, 3), (1_000_000, 2), (11, 1), (13, 5), (1, 3),
    ):
        rate = plain(per_minute, capacity)
        run = Run(rate)
        run.take(capacity, want=0)
        retry_ms = run.take()
        run.wait(retry_ms - 1)
        run.take(want=1)
        run.wait(1)
        run.take(want=0)
        run.take(want=retry_ms)
        add(f"deny, wait exactly: {capacity} at {per_minute}",
            "field 32: one ms less is denied, exactly that long is allowed", run)
    for per_minute in (1, 2, 3, 5, 20, 99, 100, 120_000):
        run = Run(strict(per_minute))
        burst = -(-per_minute // 2) if per_minute < 1000 else 5
        run.take(burst)
        if per_minute < 1000:
            retry_ms = run.take()
            run.wait(retry_ms - 1)
            run.take(want=1)
            run.wait(1)
            run.take(want=0)
        add(f"strict, wait exactly: {per_minute}", "burst ceil(N/2), interval ceil(2W/N)", run)
    for per_minute in (1, 2, 3, 4, 5, 7, 10):
        run = Run(strict(per_minute))
        allowed = 0
        for _ in range(240):
            if run.take() == 0 and run.now_ms < NOW_MS + 60_000:
                allowed += 1
            run.wait(500)
        if allowed > per_minute:
            raise AssertionError("strict let too many through")
        add(f"strict window: {per_minute}",
            "at most N allowed in any window of a minute, hammered twice a second", run)

    run = Run(plain(60, 2))
    run.take(2)
    for _ in range(10):
        run.take(want=1000)
    run.wait(1000)
    run.take(want=0)
    run.take(want=1000)
    add("denials cost nothing", "field 27: a denied call changes nothing", run)

    run = Run(plain(60, 3))
    run.take(3)
    run.wait(1500)
    run.take(want=0)
    run.take(want=500)
    run.wait(500)
    run.take(want=0)
    add("part of a token", "time between tokens is not lost", run)

    run = Run(plain(60, 3))
    run.take(1)
    run.wait(10_000_000)
    run.take(3, want=0)
    run.take(want=1000)
    add("a long rest fills to the brim only", "law 10: one burst at most", run)

    run = Run(plain(60, 3))
    run.take(3)
    run.wait(50 * 365 * 86_400_000)
    run.take(3, want=0)
    run.take(want=1000)
    add("clock jumps 50 years ahead", "law 10: one burst at most", run)

    run = Run(plain(60, 3))
    run.take(3)
    run.wait(-3_600_000)
    run.take(want=1000)
    run.wait(999)
    run.take(want=1)
    run.wait(1)
    run.take(want=0)
    run.take(want=1000)
    add("clock steps back an hour when empty",
        "law 10: cut to empty as of the new clock, and the cut stays, though the take was denied: "
        "who waits as told is let in", run)

    run = Run(plain(60, 3))
    run.take(1)
    run.wait(-3_600_000)
    run.take(want=1000)
    run.wait(1000)
    run.take(want=0)
    run.take(want=1000)
    add("clock steps back an hour when nearly full", "law 10: a step back grants nothing", run)

    run = Run(plain(60, 3))
    run.take(2)
    run.wait(-500)
    run.take(want=500)
    run.wait(500)
    run.take(want=0)
    run.take(want=1000)
    add("clock steps back half a token", "less than a bucket: nothing is cut, time is waited out",
        run)

    run = Run(plain(60, 3))
    run.take(3)
    run.wait(-1)
    run.take(want=1000)
    run.wait(1000)
    run.take(want=0)
    add("clock steps back one ms when empty", "law 10: cut by one ms", run)

    run = Run(plain(60, 2))
    run.take(2)
    run.wait(-10_000)
    run.take()
    run.wait(10_000)
    run.take(2, want=0)
    run.take(want=1000)
    add("clock steps back and forth", "law 10: back where it was: one burst at most", run)

    run = Run(plain(20, 2), start_ms=0)
    run.take(2)
    run.take(want=3000)
    run.wait(3000)
    run.take(want=0)
    add("clock starts at zero", "no subtraction below zero", run)

    run = Run(plain(20, 2), start_ms=5000)
    run.take(2)
    run.wait(-5000)
    run.take(want=3000)
    run.wait(3000)
    run.take(want=0)
    add("clock steps back to zero", "law 10", run)

    run = Run(plain(1, 1_000_000))
    run.take(3, want=0)
    add("a million at one a minute", "b*T = 6e10 ms: 64 bits", run)

    run = Run(plain(60, 2))
    run.take(2)
    run.refund()
    run.take(want=0)
    run.take(want=1000)
    add("refund gives one back", "a release gives its token back", run)

    run = Run(plain(60, 2))
    run.take(2)
    run.refund()
    run.refund()
    run.take(2, want=0)
    run.take(want=1000)
    add("two refunds give two back", "each release one", run)

    run = Run(plain(60, 2))
    run.take(1)
    run.wait(60_000)
    run.refund()
    run.take(2, want=0)
    run.take(want=1000)
    add("refund of a full bucket", "never above its capacity", run)

    run = Run(plain(60, 2))
    run.refund()
    run.take(2, want=0)
    run.take(want=1000)
    add("refund of an unknown bucket", "never above its capacity", run)

    run = Run(strict(5))
    run.take(3)
    run.refund()
    run.take(want=0)
    run.take()
    add("strict refund", "one for one", run)

    run = Run(plain(60, 3))
    run.take(3)
    run.wait(400)
    run.refund()
    run.take(want=0)
    run.take(want=600)
    add("refund between tokens", "the part of a token already waited for is kept", run)
    return out
