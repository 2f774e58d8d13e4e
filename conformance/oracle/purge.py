"""purge over the model's state: what is over, counted by role."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import wire
from .state import Data
from .stores import ROLES, Failed, Stores

Entry = tuple[Callable[[], Any], int]


def entries(data: Data, role: str) -> list[Entry]:
    """What a role keeps at a site that ends by itself within months: how to drop it, and its end.

    A bucket ends when it is full: then it is as good as none.
    """
    if role == "calls":
        return [(lambda row=row: data.rows.remove(row), row.until_ms) for row in data.rows]
    ends: list[tuple[dict[Any, Any], Any, int]] = []
    if role == "admission":
        ends += [(data.claims, name, claim.until_ms) for name, claim in data.claims.items()]
        ends += [(data.devices.nonces, used, end) for used, end in data.devices.nonces.items()]
        for buckets in (data.buckets, data.devices.buckets):
            tats = [(name, bucket.tat_ms) for name, bucket in buckets.items()]
            ends += [(buckets, name, tat) for name, tat in tats if tat is not None]
    else:
        ends += [(data.floors, who, end) for who, (_, end) in data.floors.items()]
        ends += [(data.statements, said, end) for said, end in data.statements.items()]
    return [(lambda table=table, key=key: table.pop(key), end) for table, key, end in ends]


def purge(
    sites: list[Data], stores: Stores, limit: int, last_write_ms: int, now_ms: int
) -> dict[str, Any]:
    """Each role gives up at most `limit`, whatever became of the others.

    A store may also drop what is over at a write; so counts are pinned only for what was still
    alive at the last one.
    """

    def drop(role: str) -> int:
        kept = [entry for data in sites for entry in entries(data, role)]
        over = [entry for entry in kept if entry[1] <= now_ms]
        assert all(last_write_ms < end_ms for _, end_ms in over), "this count is not pinned"
        for forget, _ in over[:limit]:
            forget()
        return len(over[:limit])

    decision, removed = wire.decision("purged", "purge"), 0
    for role in ROLES:
        try:
            removed += stores.ask(role, "purge", now_ms, lambda role=role: drop(role))
        except Failed as failed:
            decision = failed.at("purge")
    return {**decision, "removed": removed}
