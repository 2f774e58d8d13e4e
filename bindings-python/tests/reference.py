"""A store in plain Python, written from `docs/stores.md` alone: all roles, slow and obvious."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from consentgate.stores import METHODS

Json: TypeAlias = dict[str, Any]

NAMES = tuple(sorted({name for names in METHODS.values() for name in names}))
"""The methods of all roles."""


class Reference:
    """All roles over the same tables. `now_ms` is the store's clock."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self.now_ms = now_ms
        self.versions = 0
        self.claims: dict[tuple[str, str], Json] = {}
        self.buckets: dict[tuple[str, str, str], int] = {}
        self.sessions: dict[tuple[str, str], Json] = {}
        self.floors: dict[tuple[str, str], Json] = {}
        self.tombstones: dict[tuple[str, str], Json] = {}
        self.statements: dict[tuple[str, str], int] = {}
        self.calls: dict[tuple[str, str], Json] = {}
        self.jobs: dict[tuple[str, str], Json] = {}

    def stores(self) -> dict[str, object]:
        return {"admission": Admission(self), "sessions": Sessions(self), "calls": Calls(self)}

    def version(self) -> int:
        self.versions += 1
        return self.versions

    def session(self, request: Json) -> Json | None:
        stored = self.sessions.get((request["site"], request["fingerprint"]))
        return stored if stored and self.now_ms() < stored["until"] else None

    def floor(self, request: Json) -> int | None:
        """The newest floor or tombstone."""
        key = (request["site"], request["pseudonym"])
        kept = [table[key] for table in (self.floors, self.tombstones) if key in table]
        return max((f["at_ms"] for f in kept if self.now_ms() < f["until"]), default=None)

    def forget(self, request: Json) -> None:
        tombstone = request["tombstone"]
        until = self.now_ms() + tombstone["keep_ms"]
        key = (request["site"], request["pseudonym"])
        self.tombstones[key] = {"at_ms": tombstone["at_ms"], "until": until}

    def purge(self, limit: int, *tables: dict[Any, Any]) -> Json:
        """Drops what is over. An entry is a time, or has one."""
        over: list[tuple[dict[Any, Any], Any]] = []
        for table in tables:
            for key, kept in table.items():
                until = kept if isinstance(kept, int) else kept["until"]
                over += [(table, key)] if until <= self.now_ms() else []
        for table, key in over[:limit]:
            del table[key]
        return {"outcome": "purged", "removed": len(over[:limit])}


class View:
    def __init__(self, store: Reference) -> None:
        self.store = store


class Admission(View):
    def admit(self, request: Json, timeout_s: float) -> Json:
        s, now = self.store, self.store.now_ms()
        keys = [(request["site"], claim) for claim in request["claims"]]
        met = [s.claims[key] for key in keys if key in s.claims and now < s.claims[key]["until"]]
        done = [claim for claim in met if claim["state"] == "done"]
        for result in ("accepted", "refused"):
            found = [claim for claim in done if claim["result"] == result]
            if found:
                for claim in done:
                    claim["until"] = max(claim["until"], now + request["keep_ms"])
                reply = {"outcome": "done", "result": result}
                return reply | ({"call_id": found[0]["call_id"]} if result == "accepted" else {})
        for claim in met:
            # A lease longer than a lease: the clock stepped back. The cut stays, even when held.
            claim["lease_until"] = min(claim["lease_until"], now + request["lease_ms"])
        rests = [claim["lease_until"] - now for claim in met]
        if max(rests, default=0) > 0:
            return {"outcome": "held", "retry_ms": max(rests)}
        takeover = bool(met)
        if not takeover:
            limited = self._limited(request)
            if limited:
                return limited
            for bucket in request["buckets"]:
                tat, _ = self._take(request["site"], bucket)
                s.buckets[_bucket_key(request["site"], bucket)] = tat
        for key in keys:
            s.claims[key] = {
                "state": "held",
                "owner": request["owner"],
                "lease_until": now + request["lease_ms"],
                "until": now + request["keep_ms"],
            }
        return {"outcome": "admitted", "takeover": takeover}

    def _limited(self, request: Json) -> Json | None:
        waits = [self._take(request["site"], bucket)[1] for bucket in request["buckets"]]
        if max(waits, default=0) <= 0:
            return None
        return {"outcome": "limited", "retry_ms": max(waits), "bucket": waits.index(max(waits))}

    def _take(self, site: str, bucket: Json) -> tuple[int, int]:
        """The state after a token was taken, and how long to wait for that."""
        now, interval = self.store.now_ms(), bucket["interval_ms"]
        full = bucket["burst"] * interval
        place = _bucket_key(site, bucket)
        # A bucket emptier than empty: the clock stepped back. The cut stays, even when denied.
        if place in self.store.buckets:
            self.store.buckets[place] = min(self.store.buckets[place], now + full)
        base = max(self.store.buckets.get(place, 0), now)
        return base + interval, base + interval - now - full

    def settle(self, request: Json, timeout_s: float) -> Json:
        s = self.store
        keys = [(request["site"], claim) for claim in request["claims"]]
        own = [
            key
            for key in keys
            if s.claims.get(key, {}).get("owner") == request["owner"]
            and s.claims[key]["state"] == "held"
        ]
        if not own:
            return {"outcome": "lost"}
        for key in own:
            if request["action"] == "commit":
                until = s.now_ms() + request["keep_ms"]
                result = {name: request[name] for name in ("result", "call_id")}
                s.claims[key] = {"state": "done", "until": until, "lease_until": 0, **result}
            else:
                del s.claims[key]
        for bucket in request.get("refund", ()):
            place = _bucket_key(request["site"], bucket)
            if place in s.buckets:
                s.buckets[place] -= bucket["interval_ms"]
        return {"outcome": "settled"}

    def purge(self, request: Json, timeout_s: float) -> Json:
        """A full bucket is as good as none."""
        return self.store.purge(request["limit"], self.store.claims, self.store.buckets)


def _bucket_key(site: str, bucket: Json) -> tuple[str, str, str]:
    return site, bucket["name"], bucket["key"]


class Sessions(View):
    def find(self, request: Json, timeout_s: float) -> Json:
        stored = self.store.session(request)
        session = None if stored is None else {k: v for k, v in stored.items() if k != "until"}
        return {"session": session, "floor_ms": self.store.floor(request)}

    def put(self, request: Json, timeout_s: float) -> Json:
        s, now, narrowing = self.store, self.store.now_ms(), request["narrowing"]
        idempotency = request["idempotency"]
        known_until = idempotency and s.statements.get((request["site"], idempotency["key"]), 0)
        if known_until and now < known_until and not narrowing:
            return {"outcome": "repeated"}
        stored, session = s.session(request), request["session"]
        if (stored["version"] if stored else None) != request["expected"]:
            return {"outcome": "conflict"}
        floor = s.floor(request)
        if session and not narrowing and floor is not None and floor >= session["changed_at_ms"]:
            return {"outcome": "conflict"}
        if session:
            kept = {**session, "version": s.version(), "until": now + request["keep_ms"]}
            s.sessions[request["site"], request["fingerprint"]] = kept
        if request["floor"]:
            key, new = (request["site"], request["pseudonym"]), request["floor"]
            # The newest wins, and none ends before its time.
            known = s.floors.get(key, {"at_ms": -1, "until": 0})
            at_ms = known["at_ms"] if now < known["until"] else -1
            until = max(known["until"], now + new["keep_ms"])
            s.floors[key] = {"at_ms": max(at_ms, new["at_ms"]), "until": until}
        if idempotency:
            s.statements[request["site"], idempotency["key"]] = now + idempotency["keep_ms"]
        return {"outcome": "stored"}

    def delete(self, request: Json, timeout_s: float) -> Json:
        self.store.forget(request)
        self.store.sessions.pop((request["site"], request["fingerprint"]), None)
        return {"outcome": "deleted"}

    def purge(self, request: Json, timeout_s: float) -> Json:
        s = self.store
        return s.purge(request["limit"], s.sessions, s.floors, s.tombstones, s.statements)


class Calls(View):
    def _moved(self, request: Json) -> bool:
        """The session is another one than the one that was judged."""
        version = request["session_version"]
        session = self.store.session(request)
        return version is not None and (session is None or session["version"] != version)

    def _row(self, request: Json) -> Json | None:
        row = self.store.calls.get((request["site"], request["call_id"]))
        return row if row and self.store.now_ms() < row["until"] else None

    def record(self, request: Json, timeout_s: float) -> Json:
        s, site = self.store, request["site"]
        floor = s.floor(request)
        if self._moved(request) or (floor is not None and floor >= request["changed_at_ms"]):
            return {"outcome": "moved"}
        hashes = {request["signature_hash"], *request["more_signature_hashes"]}
        for (at, _), row in s.calls.items():
            same_id = request["event_id"] is not None and row["event_id"] == request["event_id"]
            same = same_id or hashes & {row["signature_hash"], *row["more_signature_hashes"]}
            if at == site and same and s.now_ms() < row["until"]:
                found = {"call_id": row["call_id"], "marketing": row["verdict"]}
                return {"outcome": "exists", **found}
        verdict = "enqueued" if request["marketing"] == "pending" else "skipped"
        until = s.now_ms() + request["keep_ms"]
        s.calls[site, request["call_id"]] = {**request, "verdict": verdict, "until": until}
        if verdict == "enqueued":
            self._queue(request)
        return {"outcome": "inserted", "marketing": verdict}

    def find(self, request: Json, timeout_s: float) -> Json:
        row = self._row(request)
        return {"call": None if row is None else {"fingerprint": row["fingerprint"]}}

    def enqueue(self, request: Json, timeout_s: float) -> Json:
        if self._row(request) is None:
            return {"outcome": "missing"}
        key = (request["site"], request["call_id"])
        if key in self.store.jobs:
            return {"outcome": "already"}
        if self._moved(request):
            return {"outcome": "moved"}
        self._queue(request)
        row = self.store.calls[key]
        row["until"] = max(row["until"], self.store.now_ms() + request["keep_ms"])
        return {"outcome": "enqueued"}

    def erase(self, request: Json, timeout_s: float) -> Json:
        self.store.forget(request)
        for key, row in list(self.store.calls.items()):
            if key[0] == request["site"] and row["fingerprint"] == request["fingerprint"]:
                del self.store.calls[key]
                self.store.jobs.pop(key, None)
        return {"outcome": "erased"}

    def _queue(self, request: Json) -> None:
        due = self.store.now_ms() + request["delay_ms"]
        job = {"due": due, "owner": None, "final": False, "attempts": 0}
        self.store.jobs[request["site"], request["call_id"]] = job

    def take(self, request: Json, timeout_s: float) -> Json:
        """A lease is a due time in the future."""
        s, now = self.store, self.store.now_ms()
        due = [
            (job["due"], key)
            for key, job in s.jobs.items()
            if key[0] == request["site"]
            and not job["final"]
            and job["due"] <= now < s.calls[key]["until"]
        ]
        taken = []
        for _, key in sorted(due)[: request["limit"]]:
            job, call = s.jobs[key], s.calls[key]
            job |= {"owner": request["owner"], "due": now + request["lease_ms"]}
            job["attempts"] += 1
            names = ("call_id", "fingerprint", "event_id", "received_at_ms", "body")
            taken.append({name: call[name] for name in names} | {"attempts": job["attempts"]})
        return {"jobs": taken}

    def finish(self, request: Json, timeout_s: float) -> Json:
        job = self.store.jobs.get((request["site"], request["call_id"]))
        if job is None or job["owner"] != request["owner"] or self._row(request) is None:
            return {"outcome": "lost"}
        job |= {"owner": None, "final": request["result"] != "retry"}
        if not job["final"]:
            job["due"] = self.store.now_ms() + request["delay_ms"]
        return {"outcome": "finished"}

    def purge(self, request: Json, timeout_s: float) -> Json:
        s = self.store
        purged = s.purge(request["limit"], s.calls)
        s.jobs = {key: job for key, job in s.jobs.items() if key in s.calls}
        return purged


def waited_for(store: object) -> object:
    """The same store for `AsyncGate`."""

    class Waited:
        pass

    def method(plain: Callable[..., Any]) -> Callable[..., Any]:
        async def waited(request: Json, timeout_s: float) -> Any:
            return plain(request, timeout_s)

        return waited

    view = Waited()
    for name in NAMES:
        if hasattr(store, name):
            setattr(view, name, method(getattr(store, name)))
    view.store = getattr(store, "store", store)  # type: ignore[attr-defined]
    return view
