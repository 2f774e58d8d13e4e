"""Sessions, floors, tombstones, and the keys of statements."""

from __future__ import annotations

from typing import Any

from .clock import Clock, End, Unsettled

Json = dict[str, Any]
Key = tuple[str, str]


class Floors:
    """Points in time per person, each with an end: the newest that is not over counts."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.each: dict[Key, list[tuple[int, End]]] = {}
        self.merged: dict[Key, tuple[int, End]] = {}

    def add(self, key: Key, floor: Json) -> None:
        end = self.clock.end(self.clock.now + floor["keep_ms"])
        before = self.merged.get(key)
        if before and not self.clock.is_over(before[1]):
            self.merged[key] = (max(before[0], floor["at_ms"]), max(before[1], end))
        else:
            self.merged[key] = (floor["at_ms"], end)
        self.each.setdefault(key, []).append((floor["at_ms"], end))

    def newest(self, key: Key) -> int | None:
        kept = [at for at, end in self.each.get(key, []) if not self.clock.is_over(end)]
        return max(kept, default=None)

    def newest_at_most(self, key: Key) -> int | None:
        """As of a store that keeps one floor a person: its newest point until its latest end."""
        floor = self.merged.get(key)
        return floor[0] if floor and not self.clock.is_over(floor[1]) else None

    def has_room(self, key: Key, most: int) -> bool:
        """Whether the person has a place, or there is room for one more at the site."""
        kept = {own: end for own, (_, end) in self.merged.items() if own[0] == key[0]}
        if key in kept and not self.clock.is_over(kept[key]):
            return True
        return self.clock.has_room(kept.values(), 1, most)

    def purge(self, limit: int) -> int:
        removed = 0
        for floors in self.each.values():
            for floor in [own for own in floors if own[1] <= self.clock.now]:
                if removed < limit:
                    floors.remove(floor)
                    removed += 1
        return removed


class Sessions:
    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.sessions: dict[Key, Json] = {}
        self.floors = Floors(clock)
        self.refusals = Floors(clock)
        self.tombstones = Floors(clock)
        self.too_many: set[str] = set()
        self.statements: dict[Key, End] = {}
        self.last_version = 0

    def stored(self, site: str, fingerprint: str) -> Json | None:
        kept = self.sessions.get((site, fingerprint))
        return kept if kept and not self.clock.is_over(kept["until"]) else None

    def version(self, site: str, fingerprint: str) -> int | None:
        kept = self.stored(site, fingerprint)
        return kept["session"]["version"] if kept else None

    def find(self, request: Json, timeout_s: float) -> Json:
        kept = self.stored(request["site"], request["fingerprint"])
        person = (request["site"], request["pseudonym"])
        self.look_at_floors(request["site"])
        floor = self.floors.newest(person)
        if floor != self.floors.newest_at_most(person):
            raise Unsettled("a newer floor is over before an older one")
        return {"session": dict(kept["session"]) if kept else None, "floor_ms": floor}

    def put(self, request: Json, timeout_s: float) -> Json:
        now, site = self.clock.now, request["site"]
        session, narrowing = request["session"], request["narrowing"]
        statement = request["idempotency"]
        if statement and not narrowing:
            known_until = self.statements.get((site, statement["key"]))
            if known_until and not self.clock.is_over(known_until):
                return {"outcome": "repeated"}
        version = self.version(site, request["fingerprint"])
        if version != request["expected"]:
            return {"outcome": "conflict"}
        if session is None and version is not None:
            raise Unsettled("nothing to store where something is stored")
        person = (site, request["pseudonym"])
        if session and not narrowing:
            self.look_at_floors(site)
            floors = (self.floors.newest(person), self.floors.newest_at_most(person))
            below = [floor is not None and session["changed_at_ms"] <= floor for floor in floors]
            if below[0] != below[1]:
                raise Unsettled("a newer floor is over before an older one")
            if below[0]:
                return {"outcome": "conflict"}
        ends = [kept["until"] for key, kept in self.sessions.items() if key[0] == site]
        is_new = session is not None and version is None
        if is_new and not self.clock.has_room(ends, 1, request["sessions_per_site_max"]):
            if narrowing:
                raise Unsettled("a narrowing of nothing")
            return {"outcome": "full"}
        remembered = statement is None or self.remembers(site, statement["key"], request)
        if not remembered and not narrowing:
            return {"outcome": "full"}
        if session:
            self.last_version += 1
            self.sessions[site, request["fingerprint"]] = {
                "session": {"version": self.last_version, **session},
                "until": self.clock.end(now + request["keep_ms"]),
            }
        if request["floor"]:
            if not self.refusals.has_room(person, request["floors_per_site_max"]):
                self.too_many.add(site)
            self.refusals.add(person, request["floor"])
            self.floors.add(person, request["floor"])
        if statement and remembered:
            end = self.clock.end(now + statement["keep_ms"])
            self.statements[site, statement["key"]] = end
        return {"outcome": "stored"}

    def remembers(self, site: str, key: str, request: Json) -> bool:
        """Whether a statement's key has a place, or there is room for it."""
        known_until = self.statements.get((site, key))
        if known_until and not self.clock.is_over(known_until):
            return True
        ends = [end for own, end in self.statements.items() if own[0] == site]
        return self.clock.has_room(ends, 1, request["idempotency_per_site_max"])

    def look_at_floors(self, site: str) -> None:
        if site in self.too_many:
            raise Unsettled("a floor too many: which one made way is the store's affair")

    def delete(self, request: Json, timeout_s: float) -> Json:
        person = (request["site"], request["pseudonym"])
        if not self.tombstones.has_room(person, request["tombstones_per_site_max"]):
            return {"outcome": "full"}
        self.tombstones.add(person, request["tombstone"])
        self.floors.add(person, request["tombstone"])
        self.sessions.pop((request["site"], request["fingerprint"]), None)
        return {"outcome": "deleted"}

    def purge(self, request: Json, timeout_s: float) -> Json:
        now = self.clock.now
        over = [key for key, kept in self.sessions.items() if kept["until"] <= now]
        over = over[: request["limit"]]
        for key in over:
            del self.sessions[key]
        removed = len(over) + self.floors.purge(request["limit"] - len(over))
        return {"outcome": "purged", "removed": removed}
