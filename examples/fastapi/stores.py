"""The stores that the environment names; without a name everything is in memory.

GATE_SQLITE is a file for all roles. GATE_DATABASE_URL is a Postgres for all roles, and
GATE_REDIS_URL takes admission over from it.
"""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from consentgate import memory, postgres, redis, sqlite
from psycopg_pool import AsyncConnectionPool
from redis.asyncio import BlockingConnectionPool, Redis

Stores = Mapping[str, object]


@asynccontextmanager
async def stores() -> AsyncIterator[Stores]:
    """The store of each role, as long as somebody uses them."""
    env = os.environ.get
    if path := env("GATE_SQLITE"):
        file = sqlite(path)
        try:
            yield {"admission": file, "sessions": file, "calls": file}
        finally:
            file.close()
    elif url := env("GATE_DATABASE_URL"):
        # A database that was away is asked for again at once, not after ever longer pauses.
        pool = AsyncConnectionPool(url, min_size=1, max_size=16, reconnect_timeout=2, open=False)
        async with pool:
            database = postgres(pool)
            async with admission(env("GATE_REDIS_URL"), database) as store:
                yield {"admission": store, "sessions": database, "calls": database}
    else:
        async with admission(env("GATE_REDIS_URL"), memory()) as store:
            yield {"admission": store, "sessions": memory(), "calls": memory()}


@asynccontextmanager
async def admission(url: str | None, instead: object) -> AsyncIterator[object]:
    if url is None:
        yield instead
        return
    # In a flood a request waits for a connection, and one that falls silent is replaced.
    pool = BlockingConnectionPool.from_url(url, max_connections=50, timeout=1, socket_timeout=2)
    async with Redis.from_pool(pool) as client:
        yield redis(client)
