"""How cases are written: one line a step, times in milliseconds from a fixed instant."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any

Json = dict[str, Any]

NOW_MS = 1_700_000_000_000
LEASE = 30_000
KEEP = 600_000
DAY = 86_400_000
CALL_KEEP = DAY
DELAY = 21_600_000
SESSION_KEEP = 180 * DAY
# Within it an engine that expires claims by itself notices that there is room again.
MINUTE = 60_000
A, M = "analytics", "marketing"


def name_of(label: str, digits: int = 32) -> str:
    """Hex digits that stand for a label."""
    return hashlib.sha256(f"consentgate store suite {label}".encode()).hexdigest()[:digits]


def claim(label: str) -> str:
    """`s1` is a signature, `e1` an event id; the digits are those of the rest of the label."""
    return f"{label[0]}:{name_of('claim ' + label[1:], 64)}"


def bucket(label: str, interval_ms: int = 20_000, burst: int = 3) -> Json:
    return {"name": "fingerprint", "key": name_of("bucket " + label),
            "interval_ms": interval_ms, "burst": burst}


def session(*scopes: str, granted: int = -1000, changed: int | None = None, **more: Any) -> Json:
    fields = {"scopes": sorted(scopes), "granted_at_ms": NOW_MS + granted,
              "changed_at_ms": NOW_MS + (granted if changed is None else changed),
              "policy_version": None, "gpc": False, "narrowed": False}
    unknown = more.keys() - fields.keys()
    if unknown:
        raise ValueError(f"a session has no {unknown}")
    return fields | more


FULL_SESSION = session(A, M)
ADMITTED = {"outcome": "admitted", "takeover": False}
TAKEOVER = {"outcome": "admitted", "takeover": True}
FULL = {"outcome": "full"}
REFUSED = {"outcome": "done", "result": "refused"}
SETTLED, LOST = {"outcome": "settled"}, {"outcome": "lost"}
STORED, REPEATED, CONFLICT = ({"outcome": o} for o in ("stored", "repeated", "conflict"))
MOVED, MISSING = {"outcome": "moved"}, {"outcome": "missing"}
ENQUEUED, ALREADY = {"outcome": "enqueued"}, {"outcome": "already"}
FINISHED = {"outcome": "finished"}
QUEUED = {"outcome": "inserted", "marketing": "enqueued"}
SKIPPED = {"outcome": "inserted", "marketing": "skipped"}


def held(retry_ms: int) -> Json:
    return {"outcome": "held", "retry_ms": retry_ms}


def limited(retry_ms: int, bucket: int = 0) -> Json:
    return {"outcome": "limited", "retry_ms": retry_ms, "bucket": bucket}


class Case:
    """One case in the making."""

    def __init__(self, name: str, proves: tuple[str, ...]) -> None:
        self.name, self.proves = name, proves
        self.steps: list[Json] = []
        self.recorded: dict[str, Json] = {}
        self.bound: set[str] = set()
        self.counts_buckets = False

    def step(self, at: int, role: str, method: str, request: Json, reply: Json) -> None:
        self.steps.append({"at": NOW_MS + at, "role": role, "method": method,
                           "request": request, "reply": reply})

    def roles(self) -> list[str]:
        order = ("admission", "sessions", "calls")
        return [role for role in order if any(step["role"] == role for step in self.steps)]

    def as_json(self) -> Json:
        """`counts_buckets`: for stores that hold the buckets of a site to their bound."""
        counts = {"counts_buckets": True} if self.counts_buckets else {}
        return {"name": self.name, "proves": list(self.proves), "roles": self.roles(), **counts,
                "steps": self.steps}

    def call_id(self, label: str) -> str:
        return name_of(f"call {label} of {self.name}")

    def done(self, label: str) -> Json:
        return {"outcome": "done", "result": "accepted", "call_id": self.call_id(label)}

    def exists(self, label: str, marketing: str) -> Json:
        return {"outcome": "exists", "call_id": self.call_id(label), "marketing": marketing}

    # admission

    def admit(self, at: int, owner: str, claims: list[str], reply: Json, *buckets: Json,
              site: str = "acme", lease: int = LEASE, keep: int = KEEP, most: int = 1000,
              most_buckets: int = 1000) -> None:
        self.counts_buckets |= most_buckets < 1000
        self.step(at, "admission", "admit", {
            "site": site, "claims": [claim(label) for label in claims],
            "owner": name_of("owner " + owner), "lease_ms": lease, "keep_ms": keep,
            "claims_per_site_max": most, "buckets_per_site_max": most_buckets,
            "buckets": list(buckets)}, reply)

    def commit(self, at: int, owner: str, claims: list[str], reply: Json, *,
               call: str | None = "c", site: str = "acme", keep: int = KEEP) -> None:
        self.step(at, "admission", "settle", {
            "site": site, "claims": [claim(label) for label in claims],
            "owner": name_of("owner " + owner), "action": "commit",
            "result": "accepted" if call else "refused",
            "call_id": self.call_id(call) if call else None, "keep_ms": keep}, reply)

    def release(self, at: int, owner: str, claims: list[str], reply: Json, *refund: Json,
                site: str = "acme") -> None:
        self.step(at, "admission", "settle", {
            "site": site, "claims": [claim(label) for label in claims],
            "owner": name_of("owner " + owner), "action": "release", "refund": list(refund)},
            reply)

    # sessions

    def person(self, site: str, who: str) -> Json:
        return {"site": site, "fingerprint": who, "pseudonym": name_of("person " + who)}

    def version(self, label: str | None) -> Json | None:
        return None if label is None else {"$is": label}

    def find(self, at: int, who: str, stored: Json | None, version: str | None = None, *,
             floor: int | None = None, site: str = "acme") -> None:
        """A version that was not seen before in the case has to be new."""
        found = None
        if stored is not None:
            kind = "$is" if version in self.bound else "$new"
            self.bound.add(str(version))
            found = {"version": {kind: version}, **stored}
        self.step(at, "sessions", "find", self.person(site, who), {
            "session": found, "floor_ms": None if floor is None else NOW_MS + floor})

    def put(self, at: int, who: str, reply: Json, stored: Json | None = FULL_SESSION, *,
            expected: str | None = None, floor: tuple[int, int] | None = None,
            key: tuple[str, int] | None = None, narrowing: bool = False,
            keep: int = SESSION_KEEP, most: int = 1000, most_floors: int = 1000,
            most_keys: int = 1000, site: str = "acme") -> None:
        self.step(at, "sessions", "put", {
            **self.person(site, who), "expected": self.version(expected), "session": stored,
            "floor": floor and {"at_ms": NOW_MS + floor[0], "keep_ms": floor[1]},
            # Made of all that a statement says, so of the person as well.
            "idempotency": key and {
                "key": name_of(f"statement {key[0]} of {who}"), "keep_ms": key[1]},
            "narrowing": narrowing, "keep_ms": keep, "sessions_per_site_max": most,
            "floors_per_site_max": most_floors, "idempotency_per_site_max": most_keys}, reply)

    def delete(self, at: int, who: str, tombstone: tuple[int, int], *, most: int = 1000,
               full: bool = False, site: str = "acme") -> None:
        self.step(at, "sessions", "delete", {
            **self.person(site, who),
            "tombstone": {"at_ms": NOW_MS + tombstone[0], "keep_ms": tombstone[1]},
            "tombstones_per_site_max": most}, FULL if full else {"outcome": "deleted"})

    # calls

    def record(self, at: int, who: str, call: str, reply: Json, *, sig: str | None = None,
               more: tuple[str, ...] = (), event: str | None = None, version: str | None = None,
               changed: int = -1000, received: int | None = None, pending: bool = True,
               body: bytes = b"{}", keep: int = CALL_KEEP, delay: int = DELAY, most: int = 1000,
               most_bytes: int = 1_000_000, site: str = "acme") -> None:
        request = {
            **self.person(site, who), "call_id": self.call_id(call),
            "signature_hash": name_of("signature " + (call if sig is None else sig), 64),
            "more_signature_hashes": [name_of("signature " + label, 64) for label in more],
            "event_id": event, "session_version": self.version(version),
            "changed_at_ms": NOW_MS + changed,
            "received_at_ms": NOW_MS + (at if received is None else received),
            "marketing": "pending" if pending else "skipped",
            "body": {"base64": base64.b64encode(body).decode()},
            "keep_ms": keep, "delay_ms": delay, "calls_per_site_max": most,
            "calls_bytes_per_site_max": most_bytes}
        if reply.get("outcome") == "inserted":
            self.recorded[call] = request
        self.step(at, "calls", "record", request, reply)

    def call(self, at: int, call: str, who: str | None, *, site: str = "acme") -> None:
        self.step(at, "calls", "find", {"site": site, "call_id": self.call_id(call)},
                  {"call": None if who is None else {"fingerprint": who}})

    def enqueue(self, at: int, who: str, call: str, reply: Json, *, version: str | None = None,
                delay: int = DELAY, keep: int = CALL_KEEP, site: str = "acme") -> None:
        self.step(at, "calls", "enqueue", {
            **self.person(site, who), "call_id": self.call_id(call),
            "session_version": self.version(version), "scopes": [M], "delay_ms": delay,
            "keep_ms": keep}, reply)

    def erase(self, at: int, who: str, tombstone: tuple[int, int], *, most: int = 1000,
              full: bool = False, site: str = "acme") -> None:
        self.step(at, "calls", "erase", {
            **self.person(site, who),
            "tombstone": {"at_ms": NOW_MS + tombstone[0], "keep_ms": tombstone[1]},
            "tombstones_per_site_max": most}, FULL if full else {"outcome": "erased"})

    def take(self, at: int, owner: str, jobs: dict[str, int], *, limit: int = 10,
             lease: int = LEASE, site: str = "acme") -> None:
        """`jobs`: the attempts of each call that is given, in their order."""
        kept = ("call_id", "fingerprint", "event_id", "received_at_ms", "body")
        given = [{name: self.recorded[call][name] for name in kept} | {"attempts": attempts}
                 for call, attempts in jobs.items()]
        self.step(at, "calls", "take", {
            "site": site, "owner": name_of("owner " + owner), "limit": limit,
            "lease_ms": lease}, {"jobs": given})

    def finish(self, at: int, owner: str, call: str, result: str, reply: Json, *,
               delay: int | None = None, site: str = "acme") -> None:
        self.step(at, "calls", "finish", {
            "site": site, "call_id": self.call_id(call), "owner": name_of("owner " + owner),
            "result": result, "delay_ms": delay}, reply)

    # every role

    def purge(self, at: int, role: str, limit: int, *, removed: int | None = None) -> None:
        count = {"$max": limit} if removed is None else removed
        self.step(at, role, "purge", {"limit": limit}, {"outcome": "purged", "removed": count})


class Theme:
    """One file of cases."""

    def __init__(self, name: str, about: str) -> None:
        self.name, self.about = name, about
        self.cases: list[Case] = []

    def case(self, name: str, *proves: str) -> Callable[[Callable[[Case], None]], None]:
        def add(write: Callable[[Case], None]) -> None:
            if not proves:
                raise ValueError(f"`{name}` proves nothing")
            case = Case(f"{self.name}: {name}", proves)
            write(case)
            self.cases.append(case)

        return add

    def text(self) -> str:
        return as_file(self.about, [case.as_json() for case in self.cases])


def as_file(about: str, cases: list[Json]) -> str:
    """A case a line, ASCII only: stable, and a diff shows the case that changed."""
    head = f'{{\n"about": {json.dumps(about)},\n"count": {len(cases)},\n"cases": [\n'
    lines = [json.dumps(case, separators=(", ", ": ")) for case in cases]
    return head + ",\n".join(lines) + "\n]\n}\n"
