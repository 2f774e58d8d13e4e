"""What a statement does to what is stored: the stores' part of sync_session."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import wire
from .bucket import take_all
from .session_merge import Merged, Statement, covers, merge
from .state import Data, Site
from .stores import Failed, Stores

# Longer than 13 calendar months.
LONGEST_CONSENT_MS = 403 * 86_400_000


@dataclass(frozen=True)
class Keeps:
    """How long a statement's key is known, and a floor stands."""

    key_ms: int
    floor_ms: int


def take_in(
    stores: Stores,
    site: Site,
    data: Data,
    statement: Statement,
    ip: str | None,
    keeps: Keeps,
    spend_locally: Callable[[Failed], dict[str, Any] | None],
    now_ms: int,
) -> dict[str, Any]:
    """A refusal of consent meets no bucket; what takes away is stored under any refusal of ours."""
    grants, refusal = covers(statement, site.consent), None
    if grants:
        try:
            refusal = stores.ask(
                "admission", "admit", now_ms, lambda: spend(site, data, ip, now_ms)
            )
        except Failed as failed:
            refusal = spend_locally(failed)
    may_widen = refusal is None
    try:
        found = stores.find(data, statement.fingerprint, now_ms)
        merged = merge(
            *found, statement, site.consent, site.tolerance_s, now_ms, may_widen=may_widen
        )
        if merged.session is not None or merged.floor_at_ms is not None:
            key_ms = keeps.key_ms if grants and may_widen else None
            stores.ask(
                "sessions",
                "put",
                now_ms,
                lambda: put(data, statement, merged, key_ms, keeps.floor_ms, now_ms),
            )
    except Failed as failed:
        return failed.at("store")
    if refusal is not None:
        return refusal
    return wire.decision("stored", "store") if grants else wire.decision("refused", "statement")


def spend(site: Site, data: Data, ip: str | None, now_ms: int) -> dict[str, Any] | None:
    """A token of the site's bucket and one of the address's, or of neither."""
    limits = [("site", site.sync_site, data.bucket("site", "", site.sync_site))]
    if ip is not None:
        limits.append(("ip", site.sync_ip, data.bucket("ip", ip, site.sync_ip)))
    waits = [bucket.retry_ms(now_ms) for _, _, bucket in limits]
    retry_ms = take_all([bucket for _, _, bucket in limits], now_ms)
    if retry_ms == 0:
        return None
    name, rate, _ = limits[waits.index(retry_ms)]
    return wire.decision(
        "rate_limited", "rate_limit", retry_ms=retry_ms, limit_name=name, rate=rate
    )


def put(
    data: Data,
    statement: Statement,
    merged: Merged,
    key_ms: int | None,
    floor_ms: int,
    now_ms: int,
) -> None:
    """A grant met again changes nothing, unless it takes something away."""
    if key_ms is not None:
        if now_ms < data.statements.get(statement, 0) and not merged.takes_away:
            return
        ahead_ms = max(0, statement.consent_at_ms - now_ms)
        data.statements[statement] = now_ms + min(key_ms + ahead_ms, LONGEST_CONSENT_MS)
    who = statement.fingerprint
    if merged.session is not None:
        data.sessions[who] = merged.session
    if merged.floor_at_ms is not None:
        at_ms, until_ms = data.floors.get(who, (-1, 0))
        standing_ms = at_ms if now_ms < until_ms else -1
        until_ms = max(until_ms, now_ms + floor_ms)
        data.floors[who] = (max(standing_ms, merged.floor_at_ms), until_ms)
