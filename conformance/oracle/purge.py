"""purge over the model's state: what is over, counted by role."""

from __future__ import annotations

from typing import Any

from . import wire
from .state import Data

Entry = tuple[dict[Any, Any], Any, int]


def entries(data: Data, role: str) -> list[Entry]:
    """What a role keeps at a site that ends by itself within months: table, key, end.

    A bucket ends when it is full: then it is as good as none.
    """
    if role == "admission":
        claims: list[Entry] = [(data.claims, n, c.until_ms) for n, c in data.claims.items()]
        claims += [(data.devices.nonces, used, end) for used, end in data.devices.nonces.items()]
        for buckets in (data.buckets, data.devices.buckets):
            tats = [(name, bucket.tat_ms) for name, bucket in buckets.items()]
            claims += [(buckets, name, tat) for name, tat in tats if tat is not None]
        return claims
    if role == "sessions":
        floors: list[Entry] = [(data.floors, who, end) for who, (_, end) in data.floors.items()]
        return floors + [(data.statements, said, end) for said, end in data.statements.items()]
    return [(data.rows, call_id, row.until_ms) for call_id, row in data.rows.items()]


def purge(sites: list[Data], limit: int, last_write_ms: int, now_ms: int) -> dict[str, Any]:
    """Each role gives up at most `limit`.

    A store may also drop what is over at a write; so counts are pinned only for what was still
    alive at the last one.
    """
    removed = 0
    for role in ("admission", "sessions", "calls"):
        kept = [entry for data in sites for entry in entries(data, role)]
        over = [entry for entry in kept if entry[2] <= now_ms]
        assert all(last_write_ms < end_ms for _, _, end_ms in over), "this count is not pinned"
        for table, key, _ in over[:limit]:
            del table[key]
            removed += 1
    return {**wire.decision("purged", "purge"), "removed": removed}
