"""What the model gate keeps: sites with their defaults filled in, and the state of each."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from .bucket import Bucket, Rate
from .consent import Session, judge
from .devices import Devices, Used
from .keys import parse_key
from .schemes import STANDARD, UNTIMED
from .session_merge import Statement
from .signature import Key

DEFAULT_RATE = {"capacity": 20, "per_minute": 20, "strict": False}
DEFAULT_SYNC = {
    "per_site": {"capacity": 1000, "per_minute": 6000},
    "per_ip": {"capacity": 30, "per_minute": 60},
}
DEFAULT_CONSENT = {
    "record": ["analytics"],
    "convert": ["marketing"],
    "months": 6,
    "policy_version_min": None,
}


def sha256_hex(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def signature_claim(signature_hash: str) -> str:
    """Made of what the gate computed, never of header text (field 9)."""
    return "s:" + signature_hash


def event_claim(event_id: str) -> str:
    return "e:" + sha256_hex(b"consentgate/event-id/v1\0" + event_id.encode())


@dataclass
class Site:
    """One site's configuration with its defaults filled in."""

    keys: list[Key]
    scheme: str
    origins: list[str]
    tolerance_s: int
    pointer: str
    event_id_pointer: str | None
    rate: Rate
    sync_site: Rate
    sync_ip: Rate
    admit: Rate
    consent: dict[str, Any]
    devices: Devices | None

    @classmethod
    def of(cls, config: dict[str, Any]) -> Site:
        sync = {**DEFAULT_SYNC, **config.get("sync", {})}
        scheme = config.get("scheme", STANDARD)
        assert scheme not in UNTIMED or config["accept_untimed"] is True, "the named switch"
        assert scheme != STANDARD or "event_id_pointer" not in config, "a fault"
        default = "/id" if scheme == "stripe" else None
        return cls(
            keys=[parse_key(scheme, key["secret"]) for key in config["keys"]],
            scheme=scheme,
            event_id_pointer=config.get("event_id_pointer", default),
            origins=config.get("origins", []),
            tolerance_s=config.get("tolerance_s", 300),
            pointer=config.get("fingerprint_pointer", "/fingerprint"),
            rate=Rate.of(config.get("rate", DEFAULT_RATE)),
            sync_site=Rate.of(sync["per_site"]),
            sync_ip=Rate.of(sync["per_ip"]),
            admit=Rate.of(config.get("admit_rate", DEFAULT_SYNC["per_site"])),
            devices=Devices.of(config["devices"]) if "devices" in config else None,
            consent={**DEFAULT_CONSENT, **config.get("consent", {})},
        )

    def granted(self, session: Session | None, needed: str, now_ms: int) -> str:
        return judge(
            session,
            self.consent[needed],
            self.consent["months"],
            self.consent["policy_version_min"],
            self.tolerance_s,
            now_ms,
        )


@dataclass
class Done:
    """A claim that is decided: the row's call id, or none for a refusal."""

    accepted: bool
    until_ms: int


@dataclass
class Held:
    """A claim of work that nobody ended: its lease runs, and then it may be taken over."""

    lease_until_ms: int
    until_ms: int


@dataclass
class Job:
    """A call's place in the queue. A lease is a due time in the future, under an owner."""

    due_ms: int
    attempts: int = 0
    owner: int | None = None
    final: bool = False


@dataclass(eq=False)
class Row:
    """One call, with its job if it ever had one. Two of them are the same only if they are one."""

    fingerprint: str
    signature_hashes: list[str]
    event_id: str | None
    received_at_ms: int
    body: bytes
    job: Job | None
    until_ms: int

    @property
    def marketing(self) -> str:
        return "skipped" if self.job is None else "enqueued"


@dataclass
class Data:
    """One site's state; it outlives the site's removal."""

    retired: list[tuple[Key, int]] = field(default_factory=list)
    claims: dict[str, Done | Held] = field(default_factory=dict)
    buckets: dict[str, Bucket] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    floors: dict[str, tuple[int, int]] = field(default_factory=dict)
    tombstones: dict[str, int] = field(default_factory=dict)
    statements: dict[Statement, int] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    devices: Used = field(default_factory=Used)

    def bucket(self, name: str, key: str, rate: Rate) -> Bucket:
        """Its state is one timestamp; the rate is always the one in force."""
        bucket = self.buckets.setdefault(f"{name}:{key}", Bucket(rate))
        bucket.rate = rate
        return bucket

    def live_rows(self, now_ms: int) -> list[Row]:
        """What is over is never seen, whether or not it was dropped yet."""
        return [row for row in self.rows if now_ms < row.until_ms]

    def has(self, row: Row | None, now_ms: int) -> bool:
        return row in self.live_rows(now_ms)

    def record(self, new: Row, now_ms: int) -> Row | None:
        """The row that is there already, which stays as it is; else this one is from now on."""
        for row in self.live_rows(now_ms):
            same_id = new.event_id is not None and row.event_id == new.event_id
            if same_id or not set(new.signature_hashes).isdisjoint(row.signature_hashes):
                return row
        self.rows.append(new)
        return None

    def delete(self, fingerprint: str, at_ms: int) -> None:
        self.tombstones[fingerprint] = at_ms
        self.sessions.pop(fingerprint, None)

    def erase(self, fingerprint: str, at_ms: int) -> None:
        self.tombstones[fingerprint] = at_ms
        self.rows = [row for row in self.rows if row.fingerprint != fingerprint]

    def floor_ms(self, fingerprint: str, now_ms: int) -> int | None:
        """The newest floor or tombstone that still stands."""
        standing = []
        if fingerprint in self.floors and now_ms < self.floors[fingerprint][1]:
            standing.append(self.floors[fingerprint][0])
        if fingerprint in self.tombstones:
            standing.append(self.tombstones[fingerprint])
        return max(standing, default=None)
