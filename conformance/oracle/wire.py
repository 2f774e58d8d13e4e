"""What goes out: one table from reasons to answers, and the exact headers and bodies."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from .bucket import Rate, ceil_div

CONTENT_JSON = ("content-type", "application/json")
CONTENT_PROBLEM = ("content-type", "application/problem+json")
NO_STORE = ("cache-control", "no-store")

PROBLEMS: dict[str, tuple[int, str]] = {
    "malformed": (400, "The request is malformed"),
    "consent_in_payload": (400, "An event cannot carry consent"),
    "unauthenticated": (401, "The request is not authenticated"),
    "not_found": (404, "There is no such call"),
    "in_flight": (409, "The same event is being processed"),
    "too_large": (413, "The request is too large"),
    "rate_limited": (429, "Too many requests"),
    "unavailable": (503, "The service is unavailable"),
}

PUBLIC_CODE: dict[str, str] = {
    "too_large": "too_large",
    "unknown_site": "unauthenticated",
    "malformed_header": "unauthenticated",
    "bad_signature": "unauthenticated",
    "stale_timestamp": "unauthenticated",
    "future_timestamp": "unauthenticated",
    "unknown_device": "unauthenticated",
    "nonce_used": "unauthenticated",
    "wrong_origin": "unauthenticated",
    "malformed_json": "malformed",
    "malformed_fingerprint": "malformed",
    "malformed_event_id": "malformed",
    "malformed_statement": "malformed",
    "wrong_site": "malformed",
    "consent_in_payload": "consent_in_payload",
    "not_found": "not_found",
    "in_flight": "in_flight",
    "rate_limited": "rate_limited",
    "overloaded": "unavailable",
    "forked": "unavailable",
    "contended": "unavailable",
    "out_of_time": "unavailable",
    "store_failed": "unavailable",
    "store_resting": "unavailable",
    "uncommitted": "unavailable",
    "commit_lost": "in_flight",
}

ACCEPTED_REASONS = (
    "stored",
    "erased",
    "taken",
    "conversion_sent",
    "conversion_failed",
    "conversion_put_back",
    "purged",
    "committed",
    "authenticated",
)

NO_CONTENT_REASONS = (
    "refused_before",
    "no_session",
    "consent_missing",
    "consent_withdrawn",
    "consent_from_future",
    "consent_expired",
    "consent_policy_version",
    "refused",
)


@dataclass(frozen=True)
class Answer:
    """The public half of a decision."""

    status: int
    headers: list[tuple[str, str]]
    body: str
    retry_after: int | None = None


def compact(members: dict[str, Any]) -> str:
    """Compact JSON, keys in the order given."""
    return json.dumps(members, separators=(",", ":"))


def seconds(retry_ms: int) -> int:
    """Whole seconds, rounded up, never zero (field 32)."""
    return max(1, ceil_div(retry_ms, 1000))


def ok(members: dict[str, Any]) -> Answer:
    return Answer(200, [CONTENT_JSON, NO_STORE], compact(members))


def no_content() -> Answer:
    """The one constant 204 (law 6)."""
    return Answer(204, [NO_STORE], "")


def problem(
    code: str, retry_ms: int = 0, limit_name: str | None = None, rate: Rate | None = None
) -> Answer:
    """A refusal; 503 says one second, or the rest of a store that is left alone."""
    status, title = PROBLEMS[code]
    headers = [CONTENT_PROBLEM, NO_STORE]
    retry_after = None
    if status in (409, 429, 503):
        retry_after = seconds(retry_ms)
        headers.append(("retry-after", str(retry_after)))
    if status == 429:
        assert limit_name is not None and rate is not None
        window_s = ceil_div(rate.span_ms, 1000)
        headers.append(("ratelimit-policy", f'"{limit_name}";q={rate.burst};w={window_s}'))
        headers.append(("ratelimit", f'"{limit_name}";r=0;t={retry_after}'))
    return Answer(
        status, headers, compact({"title": title, "status": status, "code": code}), retry_after
    )


def outcome_of(reason: str) -> str:
    """The coarse outcome of a reason."""
    if reason in ("accepted", "enqueued", *ACCEPTED_REASONS):
        return "accepted"
    if reason in ("duplicate", "already_enqueued", "lease_lost"):
        return "noop"
    if reason in NO_CONTENT_REASONS or reason == "skipped":
        return "no_consent"
    return "unavailable" if PUBLIC_CODE[reason] == "unavailable" else "rejected"


def answer(
    reason: str,
    call_id: str | None = None,
    retry_ms: int = 0,
    limit_name: str | None = None,
    rate: Rate | None = None,
) -> Answer:
    """The answer to a reason; `call_id` only where a call was accepted."""
    if reason == "accepted":
        return ok({"status": "accepted", "call_id": call_id})
    if reason in ACCEPTED_REASONS:
        return ok({"status": "accepted"})
    if reason == "enqueued":
        return ok({"status": "accepted", "marketing": "enqueued"})
    if reason == "already_enqueued":
        return ok({"status": "noop", "marketing": "enqueued"})
    if reason == "skipped":
        return ok({"status": "no_consent", "marketing": "skipped"})
    if reason in ("duplicate", "lease_lost"):
        return ok({"status": "noop"})
    if reason in NO_CONTENT_REASONS:
        return no_content()
    return problem(PUBLIC_CODE[reason], retry_ms, limit_name, rate)


def decision(
    reason: str,
    stage: str,
    call_id: str | None = None,
    marketing: str | None = None,
    retry_ms: int = 0,
    limit_name: str | None = None,
    rate: Rate | None = None,
) -> dict[str, Any]:
    """A whole decision as the vectors write it."""
    given = answer(reason, call_id, retry_ms, limit_name, rate)
    return {
        "outcome": outcome_of(reason),
        "stage": stage,
        "reason": reason,
        "status": given.status,
        "headers": [list(pair) for pair in given.headers],
        "body": given.body,
        "marketing": marketing,
        "retry_after": given.retry_after,
    }
