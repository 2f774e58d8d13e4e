"""The queue's consumer: take_conversions and finish_conversion over the model's state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import wire
from .state import Data, Row, Site
from .stores import Failed, Stores

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


def nothing(decision: dict[str, Any]) -> dict[str, Any]:
    """The answer to a take that brings nothing."""
    return {**decision, "conversions": [], "cancelled": 0}


def not_taken(reason: str, stage: str) -> dict[str, Any]:
    return nothing(wire.decision(reason, stage))


def shown(row: Row, call_id: str, attempts: int) -> dict[str, Any]:
    """A conversion as it is handed out; the body still in bytes."""
    return {
        "call_id": call_id,
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
    row: Row
    owner: int
    attempts: int


class Queue:
    """The rules of the queue, and every conversion handed out, in order."""

    def __init__(self, rules: dict[str, Any], stores: Stores, see: Callable[[Row], str]) -> None:
        known = {"delay_s": 21600, "lease_s": 300, "backoff_s": 60, "attempts_max": 10}
        assert set(rules) <= set(known), "unknown members are faults"
        rules = {**known, **rules}
        self.delay_ms = rules["delay_s"] * 1000
        self.lease_ms = rules["lease_s"] * 1000
        self.backoff_s = rules["backoff_s"]
        self.attempts_max = rules["attempts_max"]
        self.stores, self.see = stores, see
        self.owners = 0
        self.handed_out: list[HandedOut] = []

    def take(self, site: Site, data: Data, limit: int, now_ms: int) -> dict[str, Any]:
        """Lease what is due; cancel what lost its consent; hand out the rest.

        The order of jobs that are due since the same instant is not pinned.
        """
        limit = min(limit, LIMIT_MAX)
        if limit == 0:
            return taken([], 0)
        self.owners += 1
        owner = self.owners
        try:
            jobs = self.stores.ask(
                "calls", "take", now_ms, lambda: self.lease(data, owner, limit, now_ms)
            )
        except Failed as failed:
            return nothing(failed.at("take"))
        granted, cancelled = [], 0
        for row, attempts in jobs:
            try:
                session, _ = self.stores.find(data, row.fingerprint, now_ms)
            except Failed as failed:
                if granted:
                    break
                return nothing(failed.at("session"))
            if site.granted(session, "convert", now_ms) == "granted":
                granted.append(HandedOut(data, row, owner, attempts))
            elif self.cancel(data, row, owner, now_ms):
                cancelled += 1
        self.handed_out += granted
        conversions = [shown(job.row, self.see(job.row), job.attempts) for job in granted]
        return taken(conversions, cancelled)

    def lease(self, data: Data, owner: int, limit: int, now_ms: int) -> list[tuple[Row, int]]:
        """What is due, and how often each was taken by now."""
        waiting = [row for row in data.live_rows(now_ms) if row.job and not row.job.final]
        due = [(row.job.due_ms, row) for row in waiting if row.job and row.job.due_ms <= now_ms]
        due.sort(key=lambda entry: entry[0])
        since = [due_ms for due_ms, _ in due]
        assert len(set(since)) == len(since), "not pinned: due at the same time"
        jobs = []
        for _, row in due[:limit]:
            assert row.job is not None
            row.job.owner, row.job.due_ms = owner, now_ms + self.lease_ms
            row.job.attempts += 1
            jobs.append((row, row.job.attempts))
        return jobs

    def cancel(self, data: Data, row: Row, owner: int, now_ms: int) -> bool:
        """Whether it is: else the job is taken and judged again when its lease is over."""
        try:
            return self.stores.ask(
                "calls", "finish", now_ms, lambda: end(data, row, owner, None, now_ms)
            )
        except Failed:
            return False

    def finish(
        self, index: int, result: str, retry_in_ms: int | None, now_ms: int
    ) -> dict[str, Any]:
        """`index` is the conversion's place among all that were handed out."""
        held = self.handed_out[index]
        if result == "retry" and held.attempts >= self.attempts_max:
            result = "failed"
        delay_ms = None
        if result == "retry":
            delay_ms = retry_in_ms
            if delay_ms is None:
                delay_ms = backoff_ms(self.backoff_s, held.attempts)
        try:
            ended = self.stores.ask(
                "calls",
                "finish",
                now_ms,
                lambda: end(held.data, held.row, held.owner, delay_ms, now_ms),
            )
        except Failed as failed:
            return failed.at("finish")
        return wire.decision(REASONS[result] if ended else "lease_lost", "finish")


def end(data: Data, row: Row, owner: int, delay_ms: int | None, now_ms: int) -> bool:
    """For good, or until it is due again; unless it is somebody else's by now."""
    job = row.job if data.has(row, now_ms) else None
    if job is None or job.final or job.owner != owner:
        return False
    job.owner = None
    if delay_ms is None:
        job.final = True
    else:
        job.due_ms = now_ms + delay_ms
    return True
