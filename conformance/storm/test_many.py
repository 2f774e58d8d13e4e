"""Eight processes in three languages, each sent the same events in an order of its own."""

import asyncio
import random
import time

from engines import Engines
from events import SCOPES, Event, Kind
from ledger import Ledger
from sender import Sender
from world import log_tails, world

LANGUAGES = ("rust", "python", "node", "rust", "python", "node", "rust", "node")
CONSENTED = 2_000
REFUSED = 200
# Fewer than the bucket holds: only a duplicate that spends a token gives a 429.
EVENTS_OF_A_PERSON = 5
AT_ONCE = 4


def events() -> list[Event]:
    made = []
    for number in range(CONSENTED + REFUSED):
        person = number // EVENTS_OF_A_PERSON
        consented: Kind = "marketing" if person % 2 else "analytics"
        kind: Kind = consented if number < CONSENTED else "nothing"
        made.append(Event(f"evt_{number:06}", f"person-{person:06}", kind, 250))
    return made


def test_law_3_eight_processes_sent_the_same_events_keep_each_once(engines: Engines) -> None:
    asyncio.run(storm(engines))


async def storm(engines: Engines) -> None:
    ledger = Ledger()
    async with world(engines, LANGUAGES, quick=False, proxied=False) as here:
        everybody = Sender(here.site, here.backends, ledger, 0)
        people = {event.fingerprint: event.kind for event in events() if event.kind in SCOPES}
        grants = list(people.items())

        async def grant() -> None:
            while grants:
                fingerprint, kind = grants.pop()
                await everybody.state(fingerprint, SCOPES[kind], time.time() - 60)

        await asyncio.gather(*(grant() for _ in range(AT_ONCE)))
        all_events = events()
        async with asyncio.TaskGroup() as group:
            for seed, backend in enumerate(here.backends):
                order = random.Random(seed).sample(all_events, len(all_events))
                sender = Sender(here.site, [backend], ledger, seed)
                for _ in range(AT_ONCE):
                    group.create_task(deliver(sender, order))
        print(f"answers: {dict(ledger.answers)}")
        faults = ledger.faults + ledger.faults_of_stores(here)
        assert not faults, "\n".join([*faults[:20], log_tails(here)])
        # Nobody died: only a 503 may have kept the news of an acceptance from everybody.
        assert sum(ledger.accepted.values()) >= CONSENTED - ledger.answers[503]


async def deliver(sender: Sender, order: list[Event]) -> None:
    while order:
        await sender.deliver(order.pop())
