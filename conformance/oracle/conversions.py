"""The queue's consumer: take_conversions and finish_conversion over the model's state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import wire
from .state import Data, Row, Site

LIMIT_MAX = 1000
BACKOFF_MAX_MS = 6 * 3600 * 1000
REASONS = {
    "sent": "conversion_sent",
    "failed": "conversion_failed",
    "retry": "conversion_put_back",
}


def taken(conversions: list[dict[str, Any]], cancelled: int) -> dict[str, Any]:
    """The answer to a take that went through, whatever it found."""
    return {
        **wire.decision("taken", "take"),
        "conversions": conversions,
        "cancelled": cancelled,
    }


def not_taken(reason: str, stage: str) -> dict[str, Any]:
    """The answer to a take that brings nothing."""
    return {**wire.decision(reason, stage), "conversions": [], "cancelled": 0}


def shown(row: Row, attempts: int) -> dict[str, Any]:
    """A conversion as it is handed out; the body still in bytes."""
    return {
        "call_id": row.call_id,
        "fingerprint": row.fingerprint,
        "event_id": row.event_id,
        "received_at_ms": row.received_at_ms,
        "body": row.body,
        "attempts": attempts,
    }


def backoff_ms(backoff_s: int, attempts: int) -> int:
    """Doubled for each earlier attempt, at most 6 h, or the first delay if that is more."""
    first_ms = backoff_s * 1000
    delay_ms = first_ms
    for _ in range(attempts - 1):
        delay_ms = min(2 * delay_ms, max(first_ms, BACKOFF_MAX_MS))
    return delay_ms


@dataclass(frozen=True)
class HandedOut:
    """What the host holds of a conversion: it outlives its site's removal, and its call."""

    data: Data
    call_id: str
    owner: int
    attempts: int


class Queue:
    """The rules of the queue, and every conversion handed out, in order."""

    def __init__(self, rules: dict[str, Any]) -> None:
        known = {"delay_s": 21600, "lease_s": 300, "backoff_s": 60, "attempts_max": 10}
        assert set(rules) <= set(known), "unknown members are faults"
        rules = {**known, **rules}
        self.delay_ms = rules["delay_s"] * 1000
        self.lease_ms = rules["lease_s"] * 1000
        self.backoff_s = rules["backoff_s"]
        self.attempts_max = rules["attempts_max"]
        self.owners = 0
        self.handed_out: list[HandedOut] = []

    def take(self, site: Site, data: Data, limit: int, now_ms: int) -> dict[str, Any]:
        """Lease what is due; cancel what lost its consent; hand out the rest.

        The order of jobs that are due since the same instant is not pinned.
        """
        limit = min(limit, LIMIT_MAX)
        self.owners += 1
        waiting = [row for row in data.live_rows(now_ms) if row.job and not row.job.final]
        due = [(row.job.due_ms, row) for row in waiting if row.job and row.job.due_ms <= now_ms]
        due.sort(key=lambda entry: entry[0])
        since = [due_ms for due_ms, _ in due]
        assert len(since) < 2 or len(set(since)) == len(since), "not pinned: due at the same time"
        conversions, cancelled = [], 0
        for _, row in due[:limit]:
            assert row.job is not None
            row.job.owner, row.job.due_ms = self.owners, now_ms + self.lease_ms
            row.job.attempts += 1
            session = data.sessions.get(row.fingerprint)
            if site.granted(session, "convert", now_ms) != "granted":
                row.job.final = True
                cancelled += 1
                continue
            handed = HandedOut(data, row.call_id, self.owners, row.job.attempts)
            self.handed_out.append(handed)
            conversions.append(shown(row, row.job.attempts))
        return taken(conversions, cancelled)

    def finish(
        self, index: int, result: str, retry_in_ms: int | None, now_ms: int
    ) -> dict[str, Any]:
        """`index` is the conversion's place among all that were handed out."""
        held = self.handed_out[index]
        rows = [row for row in held.data.live_rows(now_ms) if row.call_id == held.call_id]
        job = rows[0].job if rows else None
        if job is None or job.final or job.owner != held.owner:
            return wire.decision("lease_lost", "finish")
        if result == "retry" and held.attempts >= self.attempts_max:
            result = "failed"
        job.owner = None
        if result == "retry":
            delay_ms = retry_in_ms
            if delay_ms is None:
                delay_ms = backoff_ms(self.backoff_s, held.attempts)
            job.due_ms = now_ms + delay_ms
        else:
            job.final = True
        return wire.decision(REASONS[result], "finish")
