"""sync_session without buckets: reading a statement, and merging it with what is stored."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from .consent import Session
from .payload import Number, Value, is_fingerprint, read_object
from .signature import Headers, Refused, values_of
from .timecalc import parse_rfc3339

SCOPES_MAX = 32
SCOPE_BYTES_MAX = 64
POLICY_VERSION_MAX = 2**31 - 1


@dataclass(frozen=True)
class Statement:
    """What the browser said, typed; `gpc` comes from the headers."""

    fingerprint: str
    scopes: frozenset[str]
    consent_at_ms: int
    event_id: str | None
    policy_version: int | None
    gpc: bool


def check_origin(origins: list[str], headers: Headers) -> None:
    """Exactly one `Origin`, byte for byte one of the site's."""
    values = values_of(headers, "origin")
    if len(values) != 1 or values[0] not in [origin.encode() for origin in origins]:
        raise Refused("wrong_origin")


def read_scopes(value: Value) -> frozenset[str]:
    """At most 32 strings of 1 to 64 bytes; a text is never taken for a list (field 43)."""
    if not isinstance(value, list) or len(value) > SCOPES_MAX:
        raise Refused("malformed_statement")
    for scope in value:
        if not isinstance(scope, str) or not 1 <= len(scope.encode()) <= SCOPE_BYTES_MAX:
            raise Refused("malformed_statement")
        if "\x00" in scope:
            raise Refused("malformed_statement")
    return frozenset(scope for scope in value if isinstance(scope, str))


def read_statement(body: bytes, headers: Headers, consent: dict[str, Any]) -> Statement:
    """Strictly typed; an optional member that is there must be right, so `null` is malformed."""
    members = read_object(body)
    fingerprint = members.get("fingerprint")
    if not isinstance(fingerprint, str) or not is_fingerprint(fingerprint):
        raise Refused("malformed_statement")
    scopes = read_scopes(members.get("consent_scopes"))
    consent_at = members.get("consent_at")
    consent_at_ms = parse_rfc3339(consent_at) if isinstance(consent_at, str) else None
    if consent_at_ms is None:
        raise Refused("malformed_statement")
    event_id: str | None = None
    if "event_id" in members:
        named = members["event_id"]
        if not isinstance(named, str) or not re.fullmatch(r"[!-\-/-~]{1,256}", named):
            raise Refused("malformed_statement")
        event_id = named
    policy_version: int | None = None
    if "policy_version" in members:
        number = members["policy_version"]
        if not isinstance(number, Number) or not re.fullmatch(r"0|[1-9][0-9]*", number.text):
            raise Refused("malformed_statement")
        if len(number.text) > 10 or int(number.text) > POLICY_VERSION_MAX:
            raise Refused("malformed_statement")
        policy_version = int(number.text)
    gpc = b"1" in values_of(headers, "sec-gpc")
    if gpc:
        scopes -= frozenset(consent["convert"]) - frozenset(consent["record"])
    return Statement(fingerprint, scopes, consent_at_ms, event_id, policy_version, gpc)


def covers(statement: Statement, consent: dict[str, Any]) -> bool:
    """Whether the scopes sent hold all that a record needs: decides the answer, 204 or not."""
    return all(scope in statement.scopes for scope in consent["record"])


@dataclass(frozen=True)
class Merged:
    """What is to be written: a session, a floor, or neither."""

    session: Session | None
    floor_at_ms: int | None
    takes_away: bool


def merge(
    stored: Session | None,
    floor_at_ms: int | None,
    statement: Statement,
    consent: dict[str, Any],
    tolerance_s: int,
    now_ms: int,
    *,
    may_widen: bool = True,
) -> Merged:
    """Withdrawal wins over every grant that is not newer, in whatever order they come (law 7).

    `may_widen` is false under a refusal: then only what is taken away counts.
    """
    nothing = Merged(None, None, takes_away=False)
    counts_from_ms = min(statement.consent_at_ms, now_ms)
    dated_ms = min(statement.consent_at_ms, now_ms + tolerance_s * 1000)
    fresh = Session(
        statement.scopes,
        counts_from_ms,
        dated_ms,
        statement.policy_version,
        statement.gpc,
        narrowed=False,
    )
    grants = covers(statement, consent)
    if stored is None:
        if not grants:
            return Merged(None, dated_ms, takes_away=False)
        if not may_widen or (floor_at_ms is not None and dated_ms <= floor_at_ms):
            return nothing
        return Merged(fresh, None, takes_away=False)
    takes_away = bool(stored.scopes - statement.scopes)
    if not may_widen and not takes_away:
        return nothing
    may_replace = may_widen or statement.scopes <= stored.scopes
    if grants and dated_ms > stored.changed_at_ms and may_replace:
        return Merged(fresh.with_(narrowed=takes_away), None, takes_away)
    kept = stored.with_(
        scopes=stored.scopes & statement.scopes,
        changed_at_ms=max(stored.changed_at_ms, dated_ms),
        gpc=stored.gpc or statement.gpc,
        narrowed=stored.narrowed or takes_away,
    )
    if not takes_away and kept.changed_at_ms == stored.changed_at_ms:
        return nothing
    return Merged(kept, None, takes_away)
