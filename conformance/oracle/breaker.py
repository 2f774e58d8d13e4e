"""When a store that fails is left alone: what one role's breaker lets through."""

from __future__ import annotations


class Breaker:
    """Told of every ask, success and failure of one role's store, in the order in which they come.

    A rest that ends later than one rest from now means that the clock stepped back. It is cut, and
    the cut is kept, as with a lease or a bucket: who waits as told is let in (law 10).
    """

    def __init__(self, failures: int, rest_ms: int) -> None:
        self.failures = failures
        self.rest_ms = rest_ms
        self.in_a_row = 0
        self.until_ms: int | None = None
        self.tried = False

    def rest(self, now_ms: int) -> int | None:
        """How long the store is still left alone; nothing when it may be asked."""
        if self.until_ms is None:
            return None
        self.until_ms = min(self.until_ms, now_ms + self.rest_ms)
        left_ms = self.until_ms - now_ms
        return left_ms if left_ms > 0 else None

    def ask(self, now_ms: int) -> int | None:
        """Nothing: go on; else how long to leave it alone. One effect ends a rest by its try."""
        left_ms = self.rest(now_ms)
        if left_ms is None and self.until_ms is not None:
            self.tried = True
            self.until_ms = now_ms + self.rest_ms
        return left_ms

    def succeeded(self) -> None:
        """At any time."""
        self.in_a_row = 0
        self.until_ms = None
        self.tried = False

    def failed(self, now_ms: int) -> None:
        """While nobody tries a store that rests, a failure is of something asked earlier."""
        if self.until_ms is None:
            self.in_a_row += 1
            if self.in_a_row >= self.failures:
                self.until_ms = now_ms + self.rest_ms
        elif self.tried:
            self.tried = False
            self.until_ms = now_ms + self.rest_ms
