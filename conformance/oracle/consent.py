"""Whether a session's consent covers what is needed, now."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from .timecalc import add_months


@dataclass(frozen=True)
class Session:
    """What is stored for one person; the store's version is kept elsewhere."""

    scopes: frozenset[str]
    granted_at_ms: int
    changed_at_ms: int
    policy_version: int | None = None
    gpc: bool = False
    narrowed: bool = False

    def as_json(self) -> dict[str, Any]:
        """Scopes are a set; sorted here so that the text is stable."""
        return {
            "scopes": sorted(self.scopes),
            "granted_at_ms": self.granted_at_ms,
            "changed_at_ms": self.changed_at_ms,
            "policy_version": self.policy_version,
            "gpc": self.gpc,
            "narrowed": self.narrowed,
        }

    def with_(self, **changes: Any) -> Session:
        return replace(self, **changes)


def judge(
    session: Session | None,
    needed: list[str],
    months: int,
    policy_version_min: int | None,
    tolerance_s: int,
    now_ms: int,
) -> str:
    """`granted`, or the first reason that applies."""
    if session is None:
        return "no_session"
    if any(scope not in session.scopes for scope in needed):
        return "consent_withdrawn" if session.narrowed else "consent_missing"
    if session.granted_at_ms > now_ms + tolerance_s * 1000:
        return "consent_from_future"
    if now_ms >= add_months(session.granted_at_ms, months):
        return "consent_expired"
    has = -1 if session.policy_version is None else session.policy_version
    if policy_version_min is not None and has < policy_version_min:
        return "consent_policy_version"
    return "granted"
