"""Calls and the queue."""

from __future__ import annotations

from typing import Any

from .clock import Clock, Unsettled
from .sessions import Floors, Sessions

Json = dict[str, Any]
Key = tuple[str, str]

KEPT = ("call_id", "fingerprint", "event_id", "received_at_ms", "body")


class Calls:
    def __init__(self, clock: Clock, sessions: Sessions) -> None:
        self.clock = clock
        self.sessions = sessions
        self.rows: dict[Key, Json] = {}
        self.tombstones = Floors(clock)

    def row(self, site: str, call_id: str) -> Json | None:
        row = self.rows.get((site, call_id))
        return row if row and not self.clock.is_over(row["until"]) else None

    def rows_of(self, site: str) -> list[Json]:
        """In the order in which they were recorded, over or not."""
        return [row for key, row in self.rows.items() if key[0] == site]

    def has_moved(self, request: Json) -> bool:
        given = request["session_version"]
        if given is None:
            return False
        return given != self.sessions.version(request["site"], request["fingerprint"])

    def record(self, request: Json, timeout_s: float) -> Json:
        now, site = self.clock.now, request["site"]
        if self.has_moved(request):
            return {"outcome": "moved"}
        person = (site, request["pseudonym"])
        tombstones = (self.tombstones.newest(person), self.tombstones.newest_at_most(person))
        erased = [at is not None and at >= request["changed_at_ms"] for at in tombstones]
        if erased[0] != erased[1]:
            raise Unsettled("a newer tombstone is over before an older one")
        if erased[0]:
            return {"outcome": "moved"}
        names = {request["signature_hash"], *request["more_signature_hashes"]}
        if request["event_id"] is not None:
            names.add("event " + request["event_id"])
        same = [row for row in self.rows_of(site) if row["names"] & names]
        same = [row for row in same if not self.clock.is_over(row["until"])]
        if len(same) > 1:
            raise Unsettled("the same event as two rows")
        if same:
            marketing = "enqueued" if same[0]["job"] else "skipped"
            return {"outcome": "exists", "call_id": same[0]["call_id"], "marketing": marketing}
        ends = [row["until"] for row in self.rows_of(site)]
        if not self.clock.has_room(ends, 1, request["calls_per_site_max"]):
            return {"outcome": "full"}
        size = len(request["body"])
        most = request["calls_bytes_per_site_max"]
        bytes_ = [row["until"] for row in self.rows_of(site) for _ in row["body"]]
        if size > 0 and not self.clock.has_room(bytes_, size, most):
            return {"outcome": "full"}
        row = {name: request[name] for name in KEPT}
        row |= {"names": names, "until": self.clock.end(now + request["keep_ms"]), "job": None}
        if request["marketing"] == "pending":
            row["job"] = self.new_job(request)
        self.rows[site, request["call_id"]] = row
        return {"outcome": "inserted", "marketing": "enqueued" if row["job"] else "skipped"}

    def new_job(self, request: Json) -> Json:
        due_at = self.clock.now + request["delay_ms"]
        return {"due_at": due_at, "owner": None, "leased_until": 0, "attempts": 0, "final": False}

    def find(self, request: Json, timeout_s: float) -> Json:
        row = self.row(request["site"], request["call_id"])
        return {"call": {"fingerprint": row["fingerprint"]} if row else None}

    def enqueue(self, request: Json, timeout_s: float) -> Json:
        row = self.row(request["site"], request["call_id"])
        if self.has_moved(request):
            if row is None or row["job"]:
                raise Unsettled("moved, and nothing to queue besides")
            return {"outcome": "moved"}
        if request["session_version"] is not None:
            kept = self.sessions.stored(request["site"], request["fingerprint"])
            if kept and not set(request["scopes"]) <= set(kept["session"]["scopes"]):
                raise Unsettled("a store may look at the scopes again, or not")
        if row is None:
            return {"outcome": "missing"}
        if row["job"]:
            return {"outcome": "already"}
        row["job"] = self.new_job(request)
        if row["until"] < self.clock.now + request["keep_ms"]:
            row["until"] = self.clock.end(self.clock.now + request["keep_ms"])
        return {"outcome": "enqueued"}

    def erase(self, request: Json, timeout_s: float) -> Json:
        person, most = (request["site"], request["pseudonym"]), request["tombstones_per_site_max"]
        if not self.tombstones.has_room(person, most):
            return {"outcome": "full"}
        self.tombstones.add(person, request["tombstone"])
        for row in self.rows_of(request["site"]):
            if row["fingerprint"] == request["fingerprint"]:
                del self.rows[request["site"], row["call_id"]]
        return {"outcome": "erased"}

    def take(self, request: Json, timeout_s: float) -> Json:
        now = self.clock.now
        due = []
        for row in self.rows_of(request["site"]):
            job = row["job"]
            if job is None or job["final"] or now < job["due_at"]:
                continue
            if now < job["leased_until"]:
                if job["owner"] == request["owner"]:
                    raise Unsettled("taken again by whoever has it")
                continue
            if not self.clock.is_over(row["until"]):
                due.append(row)
        since = {row["call_id"]: row["job"]["due_at"] for row in due}
        again = {
            row["call_id"]: max(row["job"]["due_at"], row["job"]["leased_until"]) for row in due
        }
        by_due = sorted(due, key=lambda row: since[row["call_id"]])
        by_end = sorted(due, key=lambda row: again[row["call_id"]])
        ties = len(due) > min(len(set(since.values())), len(set(again.values())))
        if by_due != by_end or ties:
            raise Unsettled("due equally long, or due again after a lease")
        jobs = []
        for row in by_due[: request["limit"]]:
            job = row["job"]
            job["owner"], job["leased_until"] = request["owner"], now + request["lease_ms"]
            job["attempts"] += 1
            kept = {name: row[name] for name in KEPT}
            jobs.append(kept | {"attempts": job["attempts"]})
        return {"jobs": jobs}

    def finish(self, request: Json, timeout_s: float) -> Json:
        row = self.row(request["site"], request["call_id"])
        job = row["job"] if row else None
        if job is None or job["owner"] != request["owner"]:
            return {"outcome": "lost"}
        job["owner"], job["leased_until"] = None, 0
        if request["result"] == "retry":
            job["due_at"] = self.clock.now + request["delay_ms"]
        else:
            job["final"] = True
        return {"outcome": "finished"}

    def purge(self, request: Json, timeout_s: float) -> Json:
        now = self.clock.now
        over = [key for key, row in self.rows.items() if row["until"] <= now]
        over = over[: request["limit"]]
        for key in over:
            del self.rows[key]
        removed = len(over) + self.tombstones.purge(request["limit"] - len(over))
        return {"outcome": "purged", "removed": removed}
