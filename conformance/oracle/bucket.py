"""The token bucket: one timestamp of state a key, integers only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


def ceil_div(a: int, b: int) -> int:
    """Rounded up, for whole numbers."""
    return -(-a // b)


@dataclass(frozen=True)
class Rate:
    """`interval_ms` between tokens, `burst` of them at once."""

    interval_ms: int
    burst: int

    @classmethod
    def of(cls, rate: dict[str, Any]) -> Rate:
        """From configuration; strict rates derive their burst and take no capacity."""
        if rate.get("strict", False):
            assert "capacity" not in rate, "capacity beside strict is a configuration fault"
            return cls(ceil_div(120_000, rate["per_minute"]), ceil_div(rate["per_minute"], 2))
        return cls(ceil_div(60_000, rate["per_minute"]), rate["capacity"])

    @property
    def span_ms(self) -> int:
        """How far an empty bucket's timestamp lies ahead."""
        return self.interval_ms * self.burst


class Bucket:
    """One key's bucket.

    A timestamp further ahead than an empty bucket's means that the clock stepped back. It is cut,
    and the cut is kept even when the take is denied: were it dropped, every later take would be
    cut and denied anew, and a client that waits as told would stay locked out until the clock
    caught up (law 10, field 32).
    """

    def __init__(self, rate: Rate) -> None:
        self.rate = rate
        self.tat_ms: int | None = None

    def retry_ms(self, now_ms: int) -> int:
        """0 when a token is there, else how long until one is."""
        if self.tat_ms is None:
            return 0
        self.tat_ms = min(self.tat_ms, now_ms + self.rate.span_ms)
        base_ms = max(self.tat_ms, now_ms)
        return max(0, base_ms + self.rate.interval_ms - now_ms - self.rate.span_ms)

    def take(self, now_ms: int) -> None:
        """Only after `retry_ms` said 0."""
        assert self.retry_ms(now_ms) == 0
        base_ms = now_ms if self.tat_ms is None else max(self.tat_ms, now_ms)
        self.tat_ms = base_ms + self.rate.interval_ms

    def refund(self) -> None:
        """Takes one interval off; a bucket never taken from stays untouched."""
        if self.tat_ms is not None:
            self.tat_ms -= self.rate.interval_ms


def take_all(buckets: list[Bucket], now_ms: int) -> int:
    """All or none (field 27): the longest retry, or 0 with a token taken from each."""
    longest = max((bucket.retry_ms(now_ms) for bucket in buckets), default=0)
    if longest == 0:
        for bucket in buckets:
            bucket.take(now_ms)
    return longest
