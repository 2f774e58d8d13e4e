"""A site of a test's own in Postgres, and what is asked for it."""

from __future__ import annotations

import secrets
from typing import Any

from .engines import Engine, new_site
from .support import Json

OWNER, OTHER = "0a" * 16, "0b" * 16
PERSON = {"fingerprint": "f-ü", "pseudonym": "cd" * 16}
SESSION: Json = {
    "scopes": ["analytics", "marketing"],
    "granted_at_ms": 1000,
    "changed_at_ms": 1000,
    "policy_version": None,
    "gpc": False,
    "narrowed": False,
}
PUT: Json = {
    "expected": None,
    "session": SESSION,
    "floor": None,
    "idempotency": None,
    "narrowing": False,
    "keep_ms": 600_000,
    "sessions_per_site_max": 100,
    "floors_per_site_max": 100,
    "idempotency_per_site_max": 100,
}
BODY = b'{"fingerprint":"\xc3\xbc"}\x00\xff'


class Site:
    """One site of its own."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.name = engine, new_site()

    def ask(self, role: str, method: str, **request: Any) -> Json:
        answer: Json = self.engine.ask(role, method, {"site": self.name, **request})
        return answer

    def admit(self, **more: Any) -> Json:
        request: Json = {
            "claims": [f"s:{1:064x}", f"e:{2:064x}"],
            "owner": OWNER,
            "lease_ms": 30_000,
            "keep_ms": 600_000,
            "claims_per_site_max": 100,
            "buckets_per_site_max": 100,
            "buckets": [],
        }
        return self.ask("admission", "admit", **request | more)

    def put(self, **more: Any) -> Json:
        return self.ask("sessions", "put", **PERSON, **PUT | more)

    def version(self) -> int:
        found: int = self.ask("sessions", "find", **PERSON)["session"]["version"]
        return found

    def record(self, call_id: str, **more: Any) -> Json:
        request: Json = {
            "call_id": call_id,
            "signature_hash": call_id * 2,
            "more_signature_hashes": [],
            "event_id": None,
            **PERSON,
            "session_version": None,
            "changed_at_ms": 1000,
            "received_at_ms": 2000,
            "marketing": "pending",
            "body": BODY,
            "keep_ms": 600_000,
            "delay_ms": 0,
            "calls_per_site_max": 100,
            "calls_bytes_per_site_max": 10_000_000,
        }
        return self.ask("calls", "record", **request | more)

    def enqueue(self, call_id: str) -> str:
        request = {"call_id": call_id, "session_version": self.version(), "delay_ms": 0}
        scopes = {"scopes": ["marketing"], "keep_ms": 600_000}
        outcome: str = self.ask("calls", "enqueue", **request, **scopes, **PERSON)["outcome"]
        return outcome


def call_id() -> str:
    return secrets.token_hex(16)
