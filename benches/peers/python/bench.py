"""Measures the Python package beside what one would write without it: `bench.py OUT THEME…`."""

from __future__ import annotations

import asyncio
import hmac
import json
import sys
import time
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path

from consentgate import Gate, verify
from event import KEY, SECRET, Event, Source, signed
from ours import driven, gate
from plain import Plain
from rounds import measured
from standardwebhooks import Webhook
from tuned import Tuned

Figures = dict[str, list[float]]

BATCH = 1000
ROUNDS = 21


def call_event(theme: str, persons: int, keys: int) -> Figures:
    """The accept path, after `keys` events that are remembered."""
    ours, plain, tuned, source = gate(persons), Plain(persons), Tuned(persons), Source(persons)

    def ask_ours(events: list[Event]) -> None:
        for headers, body in events:
            ours.call_event("acme", headers, body)

    def ask_plain(events: list[Event]) -> None:
        for headers, body in events:
            plain.ask(headers, body)

    def ask_tuned(events: list[Event]) -> None:
        for headers, body in events:
            tuned.ask(headers, body)

    last = source.take(1)[0]
    assert ours.call_event("acme", *last).marketing == "enqueued"
    assert plain.ask(*last) is True
    assert tuned.ask(*last) is True
    contestants = {"consentgate": ask_ours, "plain": ask_plain, "tuned": ask_tuned}
    for _ in range(keys // BATCH):
        events = source.take(BATCH)
        for ask in contestants.values():
            ask(events)
    return measured(theme, contestants, source.take, rounds=ROUNDS, events=BATCH)


def crossing() -> Figures:
    """A body over the cap: what is left is the call, its arguments and the decision."""
    ours = Gate({"sites": {}})
    long = signed(0, bytes(ours.body_bytes_max + 1))

    def ask(events: list[Event]) -> None:
        for headers, body in events:
            ours.call_event("acme", headers, body)

    assert ours.call_event("acme", *long).reason == "too_large"
    contestants = {"consentgate": ask}
    return measured(
        "crossing", contestants, lambda count: [long] * count, rounds=ROUNDS, events=BATCH
    )


def by_hand(headers: dict[str, str], body: bytes) -> bool:
    """As one would write it: hmac, base64, and a compare in constant time."""
    id, at = headers["webhook-id"], headers["webhook-timestamp"]
    if abs(time.time() - int(at)) > 300:
        return False
    tag = hmac.digest(KEY, f"{id}.{at}.".encode() + body, "sha256")
    return hmac.compare_digest(tag, b64decode(headers["webhook-signature"].removeprefix("v1,")))


def verifying() -> Figures:
    """`verify`, without JSON on either side."""
    theirs, source = Webhook(SECRET), Source(5000)

    def ask_ours(events: list[Event]) -> None:
        for headers, body in events:
            verify("standard-webhooks", SECRET, headers, body)

    def ask_theirs(events: list[Event]) -> None:
        for headers, body in events:
            theirs.verify(body, headers, json_parse=False)

    def ask_by_hand(events: list[Event]) -> None:
        for headers, body in events:
            by_hand(headers, body)

    last = source.take(1)[0]
    assert verify("standard-webhooks", SECRET, *last) is not None
    assert by_hand(*last)
    contestants = {
        "consentgate": ask_ours,
        "standardwebhooks": ask_theirs,
        "by-hand": ask_by_hand,
    }
    return measured("verify", contestants, source.take, rounds=ROUNDS, events=BATCH)


def driver() -> Figures:
    """A decision by asyncio, beside the same four calls of its stores awaited by hand."""
    (ours, stores), source = driven(), Source(5000)

    async def ask_all(events: list[Event]) -> None:
        for headers, body in events:
            await ours.call_event("acme", headers, body)

    async def ask_stores(events: list[Event]) -> None:
        for _ in events:
            await stores.admission.admit({}, 1.0)
            await stores.sessions.find({}, 1.0)
            await stores.calls.record({}, 1.0)
            await stores.admission.settle({}, 1.0)

    loop = asyncio.new_event_loop()
    last = loop.run_until_complete(ours.call_event("acme", *source.take(1)[0]))
    assert last.marketing == "enqueued", last
    contestants = {
        "consentgate": lambda events: loop.run_until_complete(ask_all(events)),
        "stores": lambda events: loop.run_until_complete(ask_stores(events)),
    }
    figures = measured("driver", contestants, source.take, rounds=ROUNDS, events=BATCH)
    loop.close()
    return figures


def requiring() -> Figures:
    """The guard of tenants: a scope for a principal."""
    guard = gate(0).guard({"jwt": lambda _: {"tenant": "acme", "user": "a", "roles": ["agent"]}})
    alice = guard.authenticate("jwt", "")

    def ask(events: list[Event]) -> None:
        for _ in events:
            guard.require(alice, "calls.read", "acme")

    fresh = Source(5000).take
    return measured("require", {"consentgate": ask}, fresh, rounds=ROUNDS, events=BATCH)


THEMES: dict[str, Callable[[], Figures]] = {
    "accept": lambda: call_event("accept", 5000, 0),
    "crossing": crossing,
    "verify": verifying,
    "driver": driver,
    "require": requiring,
    "accept-million": lambda: call_event("accept-million", 1_000_000, 1_000_000),
}


def main() -> None:
    """Measures the themes that are named."""
    figures: Figures = {}
    for theme in sys.argv[2:]:
        figures |= THEMES[theme]()
    Path(sys.argv[1]).write_text(json.dumps(figures))


if __name__ == "__main__":
    main()
