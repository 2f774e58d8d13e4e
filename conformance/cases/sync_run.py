"""How a case of sync.json is made: steps against a fresh oracle, and what is stored after each."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from oracle.gate import Gate

from .common import NOW_MS, ORIGIN, Collector, Pairs, b64, compact, pairs_json, secret_of

out = Collector(
    "sync_session sequences at site `acme` (site_config), in order. After each step `session` is "
    "what is stored for the fingerprint of `watch` (without version; scopes are a set) and "
    "`floor_ms` the newest floor or tombstone for it."
)
BASE: dict[str, Any] = {
    "keys": [{"id": "k1", "secret": secret_of("a")}],
    "origins": [ORIGIN, "https://shop.acme.example:8443"],
}
FROM_HOME: Pairs = [("origin", ORIGIN.encode())]
GPC: Pairs = [*FROM_HOME, ("sec-gpc", b"1")]
A, M, X = "analytics", "marketing", "ads"


def at(delta_ms: int) -> str:
    """RFC 3339 of NOW_MS plus a few milliseconds."""
    ms = NOW_MS + delta_ms
    text = datetime.fromtimestamp(ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{ms % 1000:03d}Z"


def said(scopes: list[str], delta_ms: int, **more: Any) -> bytes:
    return compact({"fingerprint": "f", "consent_scopes": scopes, "consent_at": at(delta_ms),
                    **more})


class Run:
    """One case: steps against a fresh gate."""

    def __init__(self, **site: Any) -> None:
        self.config = {**BASE, **site}
        self.gate = Gate({"sites": {"acme": self.config}})
        self.steps: list[dict[str, Any]] = []

    def step(self, body: bytes, now_ms: int = NOW_MS, headers: Pairs | None = None,
             ip: str | None = None, want: int | None = None) -> None:
        headers = FROM_HOME if headers is None else headers
        decision = self.gate.sync_session("acme", headers, body, ip, now_ms)
        status = decision["status"]
        if want is not None and want != status:
            raise AssertionError(f"{body!r}: the oracle says {decision}, the case {want}")
        code = json.loads(decision["body"]).get("code") if decision["body"] else None
        data = self.gate.data["acme"]
        session = data.sessions.get("f")
        self.steps.append({
            "now_ms": now_ms, "headers": pairs_json(headers), "body_b64": b64(body), "ip": ip,
            "expect": {"status": status, "code": code, "reason": decision["reason"],
                       "session": None if session is None else session.as_json(),
                       "floor_ms": data.floor_ms("f", now_ms)},
        })

    def scopes(self) -> list[str] | None:
        session = self.gate.data["acme"].sessions.get("f")
        return None if session is None else sorted(session.scopes)

    def done(self, name: str, note: str, scopes: list[str] | str | None = "any") -> None:
        wanted = sorted(scopes) if isinstance(scopes, list) else scopes
        if wanted != "any" and self.scopes() != wanted:
            raise AssertionError(f"{name}: {self.scopes()} stored, the case says {scopes}")
        out.add(name, note, site_config=self.config, watch="f", steps=self.steps)


def simple(name: str, note: str, steps: list[tuple[bytes, int]], scopes: list[str] | None,
           **site: Any) -> None:
    run = Run(**site)
    for body, delta_ms in steps:
        run.step(body, NOW_MS + delta_ms)
    run.done(name, note, scopes)
