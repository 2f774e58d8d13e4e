"""The races, each written once for plain stores and for those that are waited for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

__all__ = ["MANY", "NOW_MS", "RACES", "TOGETHER", "Json", "Lost", "Race", "Ring"]

Json: TypeAlias = dict[str, Any]

NOW_MS = 1_700_000_000_000
# How many ask at once.
MANY = 8
TOGETHER = "sessions and calls"
LEASE = 30_000
ROOM = 5


class Lost(Exception):
    """The store did not keep the law."""


class Ring(Protocol):
    """Where a race is run."""

    async def clock(self, after: int) -> None: ...
    async def ask(self, role: str, method: str, request: Json) -> Any: ...
    async def many(self, work: Callable[[int], Awaitable[Any]]) -> list[Any]: ...


@dataclass(frozen=True)
class Race:
    role: str
    name: str
    proves: tuple[str, ...]
    run: Callable[[Any], Awaitable[None]]


RACES: list[Race] = []


def race(role: str, name: str, *proves: str) -> Callable[[Any], Any]:
    def add(run: Any) -> Any:
        RACES.append(Race(role, f"race: {name}", proves, run))
        return run

    return add


def hexed(number: int, digits: int = 32) -> str:
    return f"{number:0{digits}x}"


def expect(holds: bool, wrong: object) -> None:
    if not holds:
        raise Lost(str(wrong))


def split(replies: list[Json], some: str, count: int, others: str) -> None:
    """Exactly so many replies have this outcome, and all others that one."""
    outcomes = sorted(str(reply.get("outcome")) for reply in replies)
    wanted = sorted([some] * count + [others] * (len(replies) - count))
    expect(outcomes == wanted, f"expected {count} `{some}`, and else `{others}`; got {outcomes}")


def filled(replies: list[Json], some: str, last: Json) -> None:
    """All room is given; whoever comes later finds none. At the same moment there may be more."""
    found = [reply.get("outcome") for reply in replies].count(some)
    expect(found >= ROOM, f"room for {ROOM}, and `{some}` {found} times")
    split(replies, some, found, "full")
    expect(last == {"outcome": "full"}, f"afterwards, with {found} in room for {ROOM}: {last}")


def claim(number: int) -> str:
    return "s:" + hexed(number, 64)


def admit(owner: int, claims: list[str], **more: Any) -> Json:
    limits = {
        **{"lease_ms": LEASE, "keep_ms": 600_000},
        **{"claims_per_site_max": 100_000, "buckets_per_site_max": 100_000},
    }
    return {"claims": claims, "owner": hexed(owner + 1), **limits, "buckets": []} | more


def bucket(burst: int) -> Json:
    return {"name": "fingerprint", "key": hexed(7), "interval_ms": 60_000, "burst": burst}


@race("admission", "the same claims are taken once", "law 3", "field 23")
async def _(ring: Ring) -> None:
    claims = [claim(1), claim(2)]
    split(await admits(ring, lambda number: admit(number, claims)), "admitted", 1, "held")


async def admits(ring: Ring, request: Callable[[int], Json]) -> list[Json]:
    return await ring.many(lambda number: ring.ask("admission", "admit", request(number)))


@race("admission", "sets of claims that cross share none", "law 3", "field 18")
async def _(ring: Ring) -> None:
    def both(number: int) -> list[str]:
        pair = [claim(number), claim((number + 1) % MANY)]
        return pair[:: -1 if number % 2 else 1]

    replies = await admits(ring, lambda number: admit(number, both(number)))
    admitted = [reply["outcome"] == "admitted" for reply in replies]
    beside = any(admitted[n] and admitted[(n + 1) % MANY] for n in range(MANY))
    expect(any(admitted) and not beside, f"a claim that is two's, or nobody's: {replies}")
    split(replies, "admitted", sum(admitted), "held")


@race("admission", "a lapsed lease is taken over once", "law 3", "field 21")
async def _(ring: Ring) -> None:
    await ring.ask("admission", "admit", admit(MANY, [claim(1)]))
    await ring.clock(LEASE)
    split(await admits(ring, lambda number: admit(number, [claim(1)])), "admitted", 1, "held")


@race("admission", "no more tokens than there are", "law 9", "field 29")
async def _(ring: Ring) -> None:
    tokens = {"buckets": [bucket(3)]}
    replies = await admits(ring, lambda number: admit(number, [claim(number)], **tokens))
    split(replies, "admitted", 3, "limited")


@race("admission", "claims fill the room there is", "law 9", "field 26")
async def _(ring: Ring) -> None:
    def request(number: int) -> Json:
        return admit(number, [claim(number)], claims_per_site_max=ROOM)

    replies = await admits(ring, request)
    filled(replies, "admitted", await ring.ask("admission", "admit", request(MANY)))


@race("admission", "a claim is released once, and its token given back once", "field 22")
async def _(ring: Ring) -> None:
    def request(number: int) -> Json:
        return admit(number, [claim(number)], buckets=[bucket(2)])

    for number in range(2):
        await ring.ask("admission", "admit", request(number))
    settle = {"claims": [claim(0)], "owner": hexed(1), "action": "release", "refund": [bucket(2)]}
    replies = await ring.many(lambda _: ring.ask("admission", "settle", settle))
    split(replies, "settled", 1, "lost")
    split(await admits(ring, lambda number: request(10 + number)), "admitted", 1, "limited")


@race("admission", "a flood forgets nothing that is done", "law 9", "field 19")
async def _(ring: Ring) -> None:
    await ring.ask("admission", "admit", admit(1, [claim(1)]))
    done = {"result": "accepted", "call_id": hexed(1)}
    commit = {"claims": [claim(1)], "owner": hexed(2), "action": "commit", "keep_ms": 600_000}
    await ring.ask("admission", "settle", commit | done)

    async def flood(number: int) -> None:
        for turn in range(4):
            place = 1000 * (1 + number) + 100 * turn
            claims = [claim(place + own) for own in range(8)]
            await ring.ask("admission", "admit", admit(number, claims))

    await ring.many(flood)
    reply = await ring.ask("admission", "admit", admit(3, [claim(1)]))
    expect(reply == {"outcome": "done", **done}, f"the first is forgotten: {reply}")


def person(number: int) -> Json:
    return {"fingerprint": f"p{number}", "pseudonym": hexed(number)}


def put(number: int, **more: Any) -> Json:
    session = {
        **{"scopes": ["analytics", "marketing"], "granted_at_ms": NOW_MS, "changed_at_ms": NOW_MS},
        **{"policy_version": None, "gpc": False, "narrowed": False},
    }
    rest = {"floor": None, "idempotency": None, "narrowing": False}
    limits = {
        **{"keep_ms": 15_552_000_000, "sessions_per_site_max": 100_000},
        **{"floors_per_site_max": 100_000, "idempotency_per_site_max": 100_000},
    }
    return {**person(number), "expected": None, "session": session, **rest, **limits} | more


async def puts(ring: Ring, request: Callable[[int], Json]) -> list[Json]:
    return await ring.many(lambda number: ring.ask("sessions", "put", request(number)))


async def version_of(ring: Ring, number: int) -> int:
    found = await ring.ask("sessions", "find", person(number))
    version: int = found["session"]["version"]
    return version


@race("sessions", "a session is made once", "law 7", "field 23")
async def _(ring: Ring) -> None:
    split(await puts(ring, lambda _: put(1)), "stored", 1, "conflict")


@race("sessions", "one change a version", "law 7", "field 23")
async def _(ring: Ring) -> None:
    await ring.ask("sessions", "put", put(1))
    before: list[int] = []
    for _ in range(3):
        version = await version_of(ring, 1)
        expect(version not in before, f"version {version} came again")
        change = put(1, expected=version)
        split(await puts(ring, lambda _, change=change: change), "stored", 1, "conflict")
        before.append(version)


@race("sessions", "a statement counts once", "law 3")
async def _(ring: Ring) -> None:
    key = {"key": hexed(9), "keep_ms": 600_000}
    split(await puts(ring, lambda _: put(1, idempotency=key)), "stored", 1, "repeated")


@race("sessions", "sessions fill the room there is", "law 9")
async def _(ring: Ring) -> None:
    most = {"sessions_per_site_max": ROOM}
    replies = await puts(ring, lambda number: put(number, **most))
    filled(replies, "stored", await ring.ask("sessions", "put", put(MANY, **most)))


@race("sessions", "the newest floor wins", "law 7")
async def _(ring: Ring) -> None:
    ages = (50, 20, 90, 10, 70, 10, 30, 60)

    def floor(number: int) -> Json:
        return {"at_ms": NOW_MS - ages[number], "keep_ms": 600_000}

    await puts(ring, lambda number: put(1, session=None, floor=floor(number)))
    found = await ring.ask("sessions", "find", person(1))
    expect(found == {"session": None, "floor_ms": NOW_MS - 10}, f"found {found}")
