"""Events without end, each told by several senders, until it is enough."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import get_args

from events import Event, Kind
from ledger import Ledger
from sender import Sender, tell
from world import World

# So many stories are told at once; more would only queue up at the processors.
AT_ONCE = 16
COPIES = 2
KINDS: tuple[Kind, ...] = get_args(Kind)


class Load:
    def __init__(self, here: World, ledger: Ledger, seed: int) -> None:
        self._here = here
        self._ledger = ledger
        self._random = random.Random(seed)
        self._count = 0
        self._enough = False
        self._past: list[Event] = []

    def enough(self) -> None:
        self._enough = True

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(AT_ONCE):
                group.create_task(self._tell(number))

    async def _tell(self, number: int) -> None:
        senders = [
            Sender(self._here.site, self._here.backends, self._ledger, number * COPIES + copy)
            for copy in range(COPIES)
        ]
        while not self._enough:
            event = self._event()
            await tell(event, senders[0], senders[1:])
            # What ended is sent once more now and then: its claim may be gone, its row is not.
            if self._past and self._random.random() < 0.2:
                await senders[0].deliver(self._random.choice(self._past))
            self._past.append(event)

    def _event(self) -> Event:
        self._count += 1
        name = f"{self._count:06}"
        kind = KINDS[self._count % len(KINDS)]
        return Event(f"evt_{name}", f"person-{name}", kind, self._here.fresh_s)


@asynccontextmanager
async def under_load(here: World, ledger: Ledger, seed: int = 1) -> AsyncIterator[None]:
    """While the block runs; at its end every event that was begun is told to its end."""
    load = Load(here, ledger, seed)
    running = asyncio.create_task(load.run())
    try:
        yield
        load.enough()
        await running
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
