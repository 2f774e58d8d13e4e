"""The role `admission`: claims and buckets, in one step each (docs/stores.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import wire
from .bucket import Bucket, take_all
from .state import Data, Done, Held


@dataclass(frozen=True)
class Rules:
    """What holds at every site."""

    ttl_ms: int
    lease_ms: int
    claims_per_site_max: int


@dataclass(frozen=True)
class Delivery:
    """One event on its way: what it is claimed under, and what it takes its token from.

    One after the other, so that nobody comes in between: what was admitted is held until it is
    settled. `first` is the name that every delivery of the event holds. What the memory of the
    process admits while the store rests `is_local`.
    """

    rules: Rules
    data: Data
    names: list[str]
    first: str
    keep_ms: int
    limit: str
    bucket: Bucket
    is_local: bool = False

    def admit(self, now_ms: int) -> dict[str, Any] | None:
        """Replay first, then the bucket; all or nothing. `None` is: go on."""
        live = {n: c for n, c in self.data.claims.items() if now_ms < c.until_ms}
        met = [live[name] for name in self.names if name in live]
        done = [claim for claim in met if isinstance(claim, Done)]
        held = [claim for claim in met if isinstance(claim, Held)]
        if done:
            for claim in done:
                claim.until_ms = max(claim.until_ms, now_ms + self.keep_ms)
            if any(claim.accepted for claim in done):
                return wire.decision("duplicate", "replay")
            return wire.decision("refused_before", "replay")
        for other in held:
            # A lease that is longer than a lease: the clock stepped back. The cut is kept.
            other.lease_until_ms = min(other.lease_until_ms, now_ms + self.rules.lease_ms)
        rest_ms = max((claim.lease_until_ms - now_ms for claim in held), default=0)
        if rest_ms > 0:
            return wire.decision("in_flight", "replay", retry_ms=rest_ms)
        if len(live) + len(self.names) > self.rules.claims_per_site_max:
            return wire.decision("overloaded", "replay")
        # A takeover spends no token.
        retry_ms = 0 if held else take_all([self.bucket], now_ms)
        if retry_ms > 0:
            rate = self.bucket.rate
            return wire.decision(
                "rate_limited", "rate_limit", retry_ms=retry_ms, limit_name=self.limit, rate=rate
            )
        lease_until_ms, until_ms = now_ms + self.rules.lease_ms, now_ms + self.keep_ms
        self.data.claims.update((name, Held(lease_until_ms, until_ms)) for name in self.names)
        return None

    def commit(self, names: list[str], *, accepted: bool, keep_ms: int, now_ms: int) -> None:
        for name in names:
            if isinstance(self.data.claims.get(name), Held):
                self.data.claims[name] = Done(accepted, now_ms + keep_ms)

    def release(self) -> None:
        """The event never happened, and gets its token back."""
        for name in self.names:
            del self.data.claims[name]
        self.bucket.refund()
