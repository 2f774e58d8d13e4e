"""The races of calls, and of sessions and calls in one store."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ._race_list import (
    LEASE,
    MANY,
    NOW_MS,
    ROOM,
    TOGETHER,
    Json,
    Ring,
    expect,
    filled,
    hexed,
    person,
    put,
    race,
    split,
    version_of,
)

CALLS = 5


def record(number: int, **more: Any) -> Json:
    request = {
        **{**person(1), "call_id": hexed(number + 1), "signature_hash": hexed(number + 1, 64)},
        **{"more_signature_hashes": [], "event_id": None, "session_version": None},
        **{"changed_at_ms": NOW_MS, "received_at_ms": NOW_MS, "marketing": "pending"},
        **{"body": {"base64": "e30="}, "keep_ms": 86_400_000, "delay_ms": 0},
        **{"calls_per_site_max": 100_000, "calls_bytes_per_site_max": 100_000_000},
    }
    return request | more


async def records(ring: Ring, request: Callable[[int], Json]) -> list[Json]:
    return await ring.many(lambda number: ring.ask("calls", "record", request(number)))


async def take(ring: Ring, owner: int) -> list[str]:
    """The calls whose jobs an owner is given."""
    request = {"owner": hexed(owner), "limit": 3, "lease_ms": LEASE}
    reply = await ring.ask("calls", "take", request)
    return [job["call_id"] for job in reply["jobs"]]


async def one_row(ring: Ring, replies: list[Json]) -> None:
    """One row, and all are told its call."""
    split(replies, "inserted", 1, "exists")
    inserted = [reply["outcome"] for reply in replies].index("inserted")
    told = {reply["call_id"] for reply in replies if "call_id" in reply}
    expect(told == {hexed(inserted + 1)}, f"told of another call: {replies}")
    for number in range(MANY):
        found = await ring.ask("calls", "find", {"call_id": hexed(number + 1)})
        expect((found["call"] is None) != (number == inserted), f"call {number}: {found}")
    expect(await take(ring, 1) == [hexed(inserted + 1)], "not one job of one call")


@race("calls", "the same signature is recorded once", "law 3", "field 24")
async def _(ring: Ring) -> None:
    await one_row(
        ring, await records(ring, lambda number: record(number, signature_hash=hexed(99, 64)))
    )


@race("calls", "the same event id is recorded once", "law 3", "field 18")
async def _(ring: Ring) -> None:
    await one_row(ring, await records(ring, lambda number: record(number, event_id="evt")))


@race("calls", "the same event under crossing signatures is recorded once", "law 3")
async def _(ring: Ring) -> None:
    def crossing(number: int) -> Json:
        first, second = (98, 99) if number % 2 else (99, 98)
        more = [hexed(second, 64)]
        return record(number, signature_hash=hexed(first, 64), more_signature_hashes=more)

    await one_row(ring, await records(ring, crossing))


def enqueue(number: int, version: int | None = None) -> Json:
    rest = {"scopes": ["marketing"], "delay_ms": 0, "keep_ms": 86_400_000}
    return {**person(1), "call_id": hexed(number + 1), "session_version": version, **rest}


@race("calls", "a call is queued once", "law 3", "field 24")
async def _(ring: Ring) -> None:
    await ring.ask("calls", "record", record(0, marketing="skipped"))
    replies = await ring.many(lambda _: ring.ask("calls", "enqueue", enqueue(0)))
    split(replies, "enqueued", 1, "already")


@race("calls", "no job is given to two", "law 3", "field 23")
async def _(ring: Ring) -> None:
    for number in range(2 * MANY):
        await ring.ask("calls", "record", record(number, delay_ms=number))
    await ring.clock(100)

    async def worker(number: int) -> list[str]:
        return [job for turn in range(4) for job in await take(ring, 1 + 10 * number + turn)]

    taken = [job for jobs in await ring.many(worker) for job in jobs]
    expect(sorted(taken) == sorted({hexed(n + 1) for n in range(2 * MANY)}), f"taken: {taken}")


@race("calls", "a job ends once", "law 3", "field 22")
async def _(ring: Ring) -> None:
    await ring.ask("calls", "record", record(0))
    await take(ring, 5)
    finish = {"call_id": hexed(1), "owner": hexed(5), "result": "sent", "delay_ms": None}
    replies = await ring.many(lambda _: ring.ask("calls", "finish", finish))
    split(replies, "finished", 1, "lost")


@race("calls", "calls fill the room there is", "law 9")
async def _(ring: Ring) -> None:
    most = {"calls_per_site_max": ROOM}
    replies = await records(ring, lambda number: record(number, **most))
    filled(replies, "inserted", await ring.ask("calls", "record", record(MANY, **most)))


FORGET = {
    **person(1),
    "tombstone": {"at_ms": NOW_MS, "keep_ms": 86_400_000},
    "tombstones_per_site_max": 100_000,
}


async def nothing_left(ring: Ring, erasers: list[tuple[str, str]], version: int | None) -> None:
    """The first erases while all others record: afterwards no call of the person is there."""

    async def work(number: int) -> None:
        if number == 0:
            for role, method in erasers:
                await ring.ask(role, method, FORGET)
        else:
            for call in range(CALLS):
                request = record(CALLS * number + call, session_version=version)
                await ring.ask("calls", "record", request)

    await ring.many(work)
    for call in range(CALLS * MANY):
        found = await ring.ask("calls", "find", {"call_id": hexed(call + 1)})
        expect(found == {"call": None}, f"call {call} is there after the erasure")
    expect(await take(ring, 9) == [], "there are jobs after the erasure")


@race("calls", "nothing of a person is left after an erasure", "law 7", "field 44")
async def _(ring: Ring) -> None:
    await nothing_left(ring, [("calls", "erase")], None)


@race(TOGETHER, "nothing of a person is left after both erasures", "law 7", "field 44")
async def _(ring: Ring) -> None:
    await ring.ask("sessions", "put", put(1))
    erasers = [("sessions", "delete"), ("calls", "erase")]
    await nothing_left(ring, erasers, await version_of(ring, 1))
    found = await ring.ask("sessions", "find", person(1))
    expect(found == {"session": None, "floor_ms": NOW_MS}, f"found {found}")


async def after_withdrawal(
    ring: Ring, version: int, method: str, request: Callable[[int], Json]
) -> None:
    """Who begins after the withdrawal has to be told that it moved."""
    withdrawn: list[bool] = []
    gone = put(1)["session"] | {"scopes": [], "changed_at_ms": NOW_MS + 1, "narrowed": True}
    withdraw = put(1, expected=version, session=gone, narrowing=True)

    async def work(number: int) -> None:
        if number == 0:
            reply = await ring.ask("sessions", "put", withdraw)
            withdrawn.append(True)
            expect(reply == {"outcome": "stored"}, f"a withdrawal that failed: {reply}")
            return
        for call in range(CALLS):
            is_late = bool(withdrawn)
            reply = await ring.ask("calls", method, request(CALLS * number + call))
            expect(not is_late or reply == {"outcome": "moved"}, f"after it: {reply}")

    await ring.many(work)
    reply = await ring.ask("calls", method, request(0))
    expect(reply == {"outcome": "moved"}, f"long after the withdrawal: {reply}")


@race(TOGETHER, "no row after a withdrawal", "law 5", "law 7", "field 44")
async def _(ring: Ring) -> None:
    await ring.ask("sessions", "put", put(1))
    version = await version_of(ring, 1)
    await after_withdrawal(
        ring, version, "record", lambda call: record(call, session_version=version)
    )


@race(TOGETHER, "no job after a withdrawal", "law 5", "law 7", "field 44")
async def _(ring: Ring) -> None:
    await ring.ask("sessions", "put", put(1))
    version = await version_of(ring, 1)
    for call in range(CALLS * MANY):
        request = record(call, marketing="skipped", session_version=version)
        await ring.ask("calls", "record", request)
    await after_withdrawal(ring, version, "enqueue", lambda call: enqueue(call, version))
