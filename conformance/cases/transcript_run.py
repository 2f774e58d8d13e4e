"""The effects of transcripts.json, spelt as a host store sees them (docs/stores.md)."""

from __future__ import annotations

from typing import Any

from oracle.keys import parse_key, signature_hash
from oracle.schemes import STANDARD
from oracle.signature import signed_content
from oracle.state import event_claim, signature_claim

from .common import NOW_MS, NOW_S, Collector, b64, compact, secret_of
from .sequence_run import K1, A, M, site

Effect = dict[str, Any]
ANY = "*"
CALL_ID = "00112233445566778899aabbccddeeff"
BODY = compact({"fingerprint": "f"})
GRANTED_MS = NOW_MS - 1000
PER_SITE_MAX = 4_000_000 // 16
FEW_PER_SITE_MAX = 400_000 // 16
BYTES_PER_SITE_MAX = (1 << 32) // 16
BUCKET = {"name": "fingerprint", "key": ANY, "interval_ms": 3000, "burst": 20}
SYNC_SITE = {"name": "site", "key": ANY, "interval_ms": 10, "burst": 1000}
SYNC_IP = {"name": "ip", "key": ANY, "interval_ms": 1000, "burst": 30}


def config(apart: bool = False, *secrets: str, **more: Any) -> dict[str, Any]:
    return {
        "sites": {"acme": site(*secrets)},
        "sessions_apart": apart,
        "hash_secret": secret_of("hash"),
        **more,
    }


def session(*scopes: str, version: int = 7, **more: Any) -> dict[str, Any]:
    """A stored session as `find` replies it."""
    return {
        "version": version,
        "scopes": sorted(scopes),
        "granted_at_ms": more.get("granted_at_ms", GRANTED_MS),
        "changed_at_ms": more.get("changed_at_ms", more.get("granted_at_ms", GRANTED_MS)),
        "policy_version": more.get("policy_version"),
        "gpc": more.get("gpc", False),
        "narrowed": more.get("narrowed", False),
    }


FULL = session(A, M)


def without_version(stored: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in stored.items() if key != "version"}


def effect(role: str, method: str, args: dict[str, Any], reply: Any) -> Effect:
    """`reply` is an object, or one of `raise`, `raise_not_written`, `nonsense`."""
    if isinstance(reply, str):
        return {"role": role, "method": method, "args": args, reply: True}
    return {"role": role, "method": method, "args": args, "reply": reply}


def nonsense(made: Effect, reply: Any) -> Effect:
    """A reply that stores.md does not list, spelt out for hosts that are not typed."""
    bare = {k: v for k, v in made.items() if k in ("role", "method", "args")}
    return {**bare, "nonsense": True, "nonsense_reply": reply}


class Event:
    """One signed event and the effects around it."""

    def __init__(self, listed: tuple[str, ...] = (K1,), retired: tuple[str, ...] = (),
                 event_id: str = "e1", sent_s: int = 0, body: bytes = BODY, **caps: int) -> None:
        self.caps = {name: PER_SITE_MAX for name in ("claims", "buckets", "calls")}
        self.caps |= {"calls_bytes": BYTES_PER_SITE_MAX, **caps}
        content = signed_content(event_id.encode(), str(NOW_S + sent_s).encode(), body)
        keys = [parse_key(STANDARD, text) for text in listed + retired]
        known = [signature_hash(key, content) for key in keys]
        self.event_id = event_id
        self.claims = [*(signature_claim(each) for each in known), event_claim(event_id)]
        self.signature_hash = known[0]
        self.keep_ms = max(600_000, (sent_s + 300 + 30) * 1000)

    def admit(self, reply: Any = None) -> Effect:
        reply = {"outcome": "admitted", "takeover": False} if reply is None else reply
        return effect("admission", "admit", {
            "site": "acme", "claims": self.claims, "owner": ANY, "lease_ms": 30_000,
            "keep_ms": self.keep_ms, "claims_per_site_max": self.caps["claims"],
            "buckets_per_site_max": self.caps["buckets"],
            "buckets": [BUCKET]}, reply)

    def record(self, reply: Any = None, version: int | None = 7, marketing: str = "pending",
               changed_at_ms: int = GRANTED_MS) -> Effect:
        if reply is None:
            verdict = "enqueued" if marketing == "pending" else "skipped"
            reply = {"outcome": "inserted", "marketing": verdict}
        return effect("calls", "record", {
            "site": "acme", "call_id": ANY, "signature_hash": self.signature_hash,
            "more_signature_hashes": [], "event_id": self.event_id, "fingerprint": "f",
            "pseudonym": ANY, "session_version": version, "changed_at_ms": changed_at_ms,
            "received_at_ms": NOW_MS, "marketing": marketing, "body_b64": b64(BODY),
            "keep_ms": 86_400_000, "delay_ms": 21_600_000,
            "calls_per_site_max": self.caps["calls"],
            "calls_bytes_per_site_max": self.caps["calls_bytes"]}, reply)

    def commit(self, result: str = "accepted", reply: Any = None, call_id: str = ANY) -> Effect:
        return effect("admission", "settle", {
            "site": "acme", "claims": self.claims, "owner": ANY, "action": "commit",
            "result": result, "call_id": call_id if result == "accepted" else None,
            "keep_ms": self.keep_ms}, reply or {"outcome": "settled"})

    def release(self, reply: Any = None) -> Effect:
        return effect("admission", "settle", {
            "site": "acme", "claims": self.claims, "owner": ANY, "action": "release",
            "refund": [BUCKET]}, reply or {"outcome": "settled"})


def find(stored: Any, floor_ms: int | None = None, who: str = "f") -> Effect:
    """`stored`: a session, `None`, or one of the failures."""
    reply = stored if isinstance(stored, str) else {"session": stored, "floor_ms": floor_ms}
    return effect("sessions", "find", {"site": "acme", "fingerprint": who, "pseudonym": ANY}, reply)


def admit_sync(reply: Any = None, ip: bool = True, most: int = PER_SITE_MAX) -> Effect:
    """A sync claims nothing: owner, lease and keep mean nothing there."""
    return effect("admission", "admit", {
        "site": "acme", "claims": [], "owner": ANY, "lease_ms": ANY, "keep_ms": ANY,
        "claims_per_site_max": ANY, "buckets_per_site_max": most,
        "buckets": [SYNC_SITE, SYNC_IP] if ip else [SYNC_SITE]},
        {"outcome": "admitted", "takeover": False} if reply is None else reply)


def put(stored: dict[str, Any] | None, expected: int | None, reply: Any = None,
        floor: dict[str, Any] | None = None, narrowing: Any = False,
        most: int = PER_SITE_MAX, most_floors: int = FEW_PER_SITE_MAX,
        most_keys: int = PER_SITE_MAX) -> Effect:
    return effect("sessions", "put", {
        "site": "acme", "fingerprint": "f", "pseudonym": ANY, "expected": expected,
        "session": None if stored is None else without_version(stored), "floor": floor,
        "idempotency": ANY, "narrowing": narrowing, "keep_ms": ANY,
        "sessions_per_site_max": most, "floors_per_site_max": most_floors,
        "idempotency_per_site_max": most_keys},
        reply or {"outcome": "stored"})


def find_call(reply: Any = None) -> Effect:
    return effect("calls", "find", {"site": "acme", "call_id": CALL_ID},
                  {"call": {"fingerprint": "f"}} if reply is None else reply)


def enqueue(reply: Any = None, version: int | None = 7, *scopes: str) -> Effect:
    """The scopes a sale needs go along, sorted, for stores that hold sessions to them as well."""
    return effect("calls", "enqueue", {
        "site": "acme", "call_id": CALL_ID, "fingerprint": "f", "pseudonym": ANY,
        "session_version": version, "scopes": sorted(scopes or (M,)),
        "delay_ms": 21_600_000, "keep_ms": ANY}, reply or {"outcome": "enqueued"})


def erasure(role: str, method: str, reply: Any = None, most: int = FEW_PER_SITE_MAX,
            at_ms: int = NOW_MS) -> Effect:
    done = {"outcome": "deleted" if method == "delete" else "erased"}
    return effect(role, method, {
        "site": "acme", "fingerprint": "f", "pseudonym": ANY,
        "tombstone": {"at_ms": at_ms, "keep_ms": ANY}, "tombstones_per_site_max": most},
        reply or done)


out = Collector(
    "One gate call with all three roles on the host and the clock standing still: the effects in "
    "order with the reply to feed, then the decision. `*` in args is any value. A `nonsense` reply "
    "is one that docs/stores.md does not list (`nonsense_reply` spells one out). An object "
    "`{$base64}` in a reply is bytes. `then` is what happens to the same gate afterwards. `settle` "
    "is how the host's own work on an admitted event ends: the answer before it is 503 uncommitted."
)
FAILURES = ("raise", "nonsense")
MOVED = {"outcome": "moved"}
FULL_REPLY = {"outcome": "full"}
