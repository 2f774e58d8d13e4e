"""The gate as its users have it: in memory, and with stores that answer at once."""

from __future__ import annotations

import json
import time
from typing import Any

from consentgate import AsyncGate, Gate
from event import SECRET, fingerprint

MANY = {"capacity": 10_000, "per_minute": 10_000}
MOST = 100_000_000
CONFIG: dict[str, Any] = {
    "sites": {
        "acme": {
            "keys": [{"id": "k1", "secret": SECRET}],
            "origins": ["https://acme.example"],
            "rate": MANY,
            "sync": {"per_site": MANY},
        }
    },
    "caps": {
        "sites_max": 2,
        "claims_max": MOST,
        "buckets_max": MOST,
        "sessions_max": MOST,
        "calls_max": MOST,
        "calls_bytes_max": 1000 * MOST,
        "idempotency_max": MOST,
    },
    "roles": {"agent": ["calls.read"]},
}


def gate(sessions: int) -> Gate:
    """With sessions that have consent, and caps and rates that no bench meets."""
    gate = Gate(CONFIG)
    now = time.time()
    for person in range(sessions):
        statement = {
            "fingerprint": fingerprint(person),
            "consent_scopes": ["analytics", "marketing"],
            "consent_at": "2026-10-01T00:00:00Z",
        }
        # As many arrive in a minute as the site's bucket lets in.
        at = now - 0.006 * (sessions - person)
        headers = {"origin": "https://acme.example"}
        said = gate.sync_session("acme", headers, json.dumps(statement).encode(), now=at)
        assert said.outcome == "accepted", said
    return gate


class Trivial:
    """Stores of all roles that answer at once, always the same."""

    def __init__(self) -> None:
        at = int(time.time() * 1000) - 1000
        self.admission, self.sessions, self.calls = _Admission(), _Sessions(at), _Calls()
        for view in (self.admission, self.sessions, self.calls):
            view.store = self


class _View:
    store: object = None

    async def never(self, request: dict[str, Any], timeout_s: float) -> dict[str, Any]:
        raise NotImplementedError

    purge = put = delete = find = enqueue = erase = take = finish = never


class _Admission(_View):
    async def admit(self, request: dict[str, Any], timeout_s: float) -> dict[str, Any]:
        return {"outcome": "admitted", "takeover": False}

    async def settle(self, request: dict[str, Any], timeout_s: float) -> dict[str, Any]:
        return {"outcome": "settled"}


class _Sessions(_View):
    def __init__(self, at: int) -> None:
        self._session = {
            "version": 1,
            "scopes": ["analytics", "marketing"],
            "granted_at_ms": at,
            "changed_at_ms": at,
            "policy_version": None,
            "gpc": False,
            "narrowed": False,
        }

    async def find(self, request: dict[str, Any], timeout_s: float) -> dict[str, Any]:
        return {"session": self._session, "floor_ms": None}


class _Calls(_View):
    async def record(self, request: dict[str, Any], timeout_s: float) -> dict[str, Any]:
        return {"outcome": "inserted", "marketing": "enqueued"}


def driven() -> tuple[AsyncGate, Trivial]:
    """A gate that asks such stores."""
    stores = Trivial()
    roles = {"admission": stores, "sessions": stores, "calls": stores}
    return AsyncGate({**CONFIG, "hash_secret": SECRET}, roles), stores
