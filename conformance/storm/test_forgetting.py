"""Redis forgets in the middle: the unique indexes hold every row single."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from backends import LANGUAGES
from engines import Engines
from ledger import Ledger
from load import under_load
from world import World, log_tails, world

# How long events go on between two losses.
PAUSE_S = 1.0
LOSSES = 4


async def flushed(here: World) -> None:
    await asyncio.to_thread(here.engines.redis, "flushall")


async def replaced_by_an_empty_one(here: World) -> None:
    here.engines.kill("redis")
    await asyncio.to_thread(here.engines.up)


async def told_to_evict(here: World) -> None:
    """Its memory is full from now on, and it makes room by dropping whatever there is."""
    memory = await asyncio.to_thread(here.engines.redis, "info", "memory")
    used = next(line.split(":")[1] for line in memory if line.startswith("used_memory:"))
    await asyncio.to_thread(here.engines.redis, "config", "set", "maxmemory", used)
    await asyncio.to_thread(
        here.engines.redis, "config", "set", "maxmemory-policy", "allkeys-random"
    )


async def out_of_memory(here: World) -> None:
    """It takes nothing more for a while."""
    await asyncio.to_thread(here.engines.redis, "config", "set", "maxmemory", "1")
    await asyncio.sleep(PAUSE_S)
    await asyncio.to_thread(here.engines.redis, "config", "set", "maxmemory", "0")


@pytest.mark.parametrize("lose", [flushed, replaced_by_an_empty_one, told_to_evict, out_of_memory])
def test_law_3_and_field_19_rows_stay_single_when_redis_forgets(
    engines: Engines, lose: Callable[[World], Awaitable[None]]
) -> None:
    asyncio.run(storm(engines, lose))


async def storm(engines: Engines, lose: Callable[[World], Awaitable[None]]) -> None:
    ledger = Ledger()
    async with world(engines, LANGUAGES, quick=True, proxied=False) as here:
        async with under_load(here, ledger):
            for _ in range(LOSSES):
                await asyncio.sleep(PAUSE_S)
                await lose(here)
            await asyncio.sleep(PAUSE_S)
        print(f"{len(ledger.events)} events, answers: {dict(ledger.answers)}")
        faults = ledger.faults + ledger.faults_of_stores(here)
        assert not faults, "\n".join([*faults[:20], log_tails(here)])
