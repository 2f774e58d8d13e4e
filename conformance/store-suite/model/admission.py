"""Claims and buckets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .clock import Clock, End, Unsettled

Json = dict[str, Any]
Key = tuple[str, str]

# An engine that expires entries does so by its own clock: ends closer than this are no case.
SHORTEST_MS = 2000
# Nor is it told when an engine that expires entries notices new room: within a minute.
ROOM_WITHIN_MS = 60_000


class Admission:
    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.claims: dict[Key, Json] = {}
        self.full_at: dict[Key, End] = {}

    def known(self, key: Key) -> Json | None:
        claim = self.claims.get(key)
        if claim is None:
            return None
        if self.clock.is_over(claim["forget_at"]):
            if claim["forget_at_latest"] > self.clock.now:
                raise Unsettled("taken over for less than it was to be remembered")
            return None
        return claim

    def has_room(self, site: str, new: int, most: int) -> bool:
        own = [claim for key, claim in self.claims.items() if key[0] == site]
        longest = [claim["forget_at_latest"] for claim in own]
        noticed = [end + ROOM_WITHIN_MS for end in longest]
        has_room = self.clock.has_room([claim["forget_at"] for claim in own], new, most)
        if has_room != (len([end for end in noticed if self.clock.now < end]) + new <= most):
            raise Unsettled("room that is noticed sooner or later")
        return has_room

    def admit(self, request: Json, timeout_s: float) -> Json:
        now, site = self.clock.now, request["site"]
        keys = [(site, claim) for claim in request["claims"]]
        met = [claim for claim in map(self.known, keys) if claim]
        done = [claim for claim in met if claim["state"] == "done"]
        held = [claim for claim in met if claim["state"] == "held"]
        if done:
            return self.met_done(done, held, request)
        for claim in held:
            claim["until"] = min(claim["until"], now + request["lease_ms"])
        rests = [claim["until"] - now for claim in held if now < claim["until"]]
        if rests:
            return {"outcome": "held", "retry_ms": max(rests)}
        new = len(keys) - len(met)
        if new > 0 and not self.has_room(site, new, request["claims_per_site_max"]):
            if any(self.is_beyond(site, bucket) for bucket in request["buckets"]):
                raise Unsettled("full: is a bucket cut all the same?")
            return {"outcome": "full"}
        takeover = len(held) > 0
        if not takeover:
            refused = self.take_tokens(site, request)
            if refused:
                return refused
        if request["keep_ms"] < request["lease_ms"]:
            raise Unsettled("a claim that is forgotten while it is held")
        for key in keys:
            before = self.known(key)
            end = now + request["keep_ms"]
            latest = max(end, before["forget_at_latest"]) if before else end
            self.claims[key] = {
                "state": "held",
                "owner": request["owner"],
                "until": now + request["lease_ms"],
                "forget_at": self.clock.end(end),
                "forget_at_latest": self.clock.end(latest),
            }
        return {"outcome": "admitted", "takeover": takeover}

    def met_done(self, done: list[Json], held: list[Json], request: Json) -> Json:
        now = self.clock.now
        if any(claim["until"] > now + request["lease_ms"] for claim in held):
            raise Unsettled("done: is a lease that is too long cut beside it?")
        accepted = [claim for claim in done if claim["result"] == "accepted"]
        if len({claim["call_id"] for claim in accepted}) > 1:
            raise Unsettled("accepted as two calls")
        for claim in done:
            if claim["forget_at"] < now + request["keep_ms"]:
                end = self.clock.end(now + request["keep_ms"])
                claim["forget_at"] = claim["forget_at_latest"] = end
        if accepted:
            call_id = accepted[0]["call_id"]
            return {"outcome": "done", "result": "accepted", "call_id": call_id}
        return {"outcome": "done", "result": "refused"}

    def take_tokens(self, site: str, request: Json) -> Json | None:
        """All or none. A refusal says the longest wait, and leaves no bucket emptier than empty."""
        now, buckets = self.clock.now, request["buckets"]
        following: dict[Key, End] = {}
        waits: list[tuple[int, int]] = []
        for index, bucket in enumerate(buckets):
            interval, window = bucket["interval_ms"], bucket["burst"] * bucket["interval_ms"]
            key = (site, bucket["key"])
            base = min(max(self.level(key), now), now + window)
            if base + interval > now + window:
                waits.append((base + interval - now - window, index))
            following[key] = self.clock.end(base + interval)
        if not waits:
            if not self.has_room_for(site, following, request["buckets_per_site_max"]):
                return {"outcome": "full"}
            self.full_at.update(following)
            return None
        for bucket in buckets:
            if self.is_beyond(site, bucket):
                window = bucket["burst"] * bucket["interval_ms"]
                self.full_at[site, bucket["key"]] = self.clock.end(now + window)
        retry_ms, index = max(waits)
        if len([wait for wait, _ in waits if wait == retry_ms]) > 1:
            raise Unsettled("two buckets with the longest wait")
        return {"outcome": "limited", "retry_ms": retry_ms, "bucket": index}

    def has_room_for(self, site: str, buckets: Iterable[Key], most: int) -> bool:
        """Those that are not full have a place. One that is full again is new."""
        new = len([key for key in buckets if self.level(key) <= self.clock.now])
        own = [end for key, end in self.full_at.items() if key[0] == site]
        return new == 0 or self.clock.has_room(own, new, most)

    def level(self, key: Key) -> int:
        """When the bucket is full; one that is full is the same as none."""
        end = self.full_at.get(key)
        return 0 if end is None or self.clock.is_over(end) else end

    def is_beyond(self, site: str, bucket: Json) -> bool:
        window: int = bucket["burst"] * bucket["interval_ms"]
        return self.level((site, bucket["key"])) > self.clock.now + window

    def settle(self, request: Json, timeout_s: float) -> Json:
        now, site = self.clock.now, request["site"]
        own: list[Key] = []
        for key in [(site, claim) for claim in request["claims"]]:
            claim = self.known(key)
            if claim and claim["state"] == "held" and claim["owner"] == request["owner"]:
                own.append(key)
        if not own:
            return {"outcome": "lost"}
        if request["action"] == "commit":
            end = self.clock.end(now + request["keep_ms"])
            for key in own:
                self.claims[key] = {
                    "state": "done",
                    "result": request["result"],
                    "call_id": request["call_id"],
                    "forget_at": end,
                    "forget_at_latest": end,
                }
            return {"outcome": "settled"}
        for key in own:
            del self.claims[key]
        if len(own) == len(request["claims"]):
            # Else somebody took over a part without a token: this one is theirs.
            self.refund(site, request["refund"])
        return {"outcome": "settled"}

    def refund(self, site: str, buckets: list[Json]) -> None:
        now = self.clock.now
        for bucket in buckets:
            if self.is_beyond(site, bucket):
                raise Unsettled("given back to a bucket that is emptier than empty")
            key = (site, bucket["key"])
            if self.level(key) > now:
                self.full_at[key] = self.clock.end(self.full_at[key] - bucket["interval_ms"])
                if 0 < self.full_at[key] - now < SHORTEST_MS:
                    raise Unsettled("so soon full that an engine may have dropped it")

    def purge(self, request: Json, timeout_s: float) -> Json:
        """What is over is not seen; it is remembered, to know what others may still count."""
        return {"outcome": "purged", "removed": 0}
