"""One statement over asyncpg. A connection whose statement was cut short is closed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol, TypeAlias

from .errors import NotWritten

__all__ = ["Asyncpg", "Connection", "Pool"]

Values: TypeAlias = Sequence[bytes]

# How much of its deadline a request waits for a connection: rather less, so that it can still say
# that nothing was written.
_CONNECTION_SHARE = 0.75


class Connection(Protocol):
    """What is asked of asyncpg's `Connection`, which has no types of its own."""

    async def execute(self, query: str) -> Any: ...
    async def fetch(self, query: str) -> Any: ...
    async def fetchval(self, query: str, *args: Any) -> Any: ...
    def is_in_transaction(self) -> bool: ...
    def terminate(self) -> None: ...


class Pool(Protocol):
    """What is asked of asyncpg's `Pool`."""

    def acquire(self, *, timeout: float | None = None) -> Any: ...
    async def release(self, connection: Any) -> None: ...


class Asyncpg:
    """A `Pool` or a `Connection`. Whoever waits too long cancels it."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool
        self._lock = asyncio.Lock()

    async def ask(self, sql: str, values: Values, timeout_s: float) -> str:
        """The only value of the only row. What is not bytes there is text here."""
        request, *body = values
        async with self._connection(timeout_s * _CONNECTION_SHARE) as connection:
            reply: str | None = await connection.fetchval(sql, request.decode(), *body)
        return reply or ""

    async def read(self, sql: str, timeout_s: float) -> list[list[str | None]]:
        """All rows of a statement, or none of a script."""
        async with self._connection(timeout_s * _CONNECTION_SHARE) as connection:
            rows = await connection.fetch(sql)
        return [[_text(value) for value in row] for row in rows]

    async def execute(self, script: str, timeout_s: float) -> None:
        """All statements of a script."""
        async with self._connection(timeout_s * _CONNECTION_SHARE) as connection:
            try:
                await connection.execute(script)
            except BaseException:
                connection.terminate()  # It may be in the middle of the script's transaction.
                raise

    @asynccontextmanager
    async def _connection(self, timeout_s: float) -> AsyncIterator[Connection]:
        async with self._borrowed(timeout_s) as connection:
            if connection.is_in_transaction():
                raise NotWritten("the connection is inside of a transaction of its owner")
            try:
                yield connection
            except (asyncio.CancelledError, asyncio.TimeoutError):
                connection.terminate()
                raise

    @asynccontextmanager
    async def _borrowed(self, timeout_s: float) -> AsyncIterator[Connection]:
        if not hasattr(self._pool, "acquire"):
            # asyncpg refuses a second statement while one is under way.
            async with self._lock:
                yield self._pool
            return
        try:
            connection = await self._pool.acquire(timeout=timeout_s)
        except Exception as error:
            raise NotWritten("there was no connection to be had") from error
        try:
            yield connection
        finally:
            await self._pool.release(connection)


def _text(value: Any) -> str | None:
    """As Postgres itself spells it."""
    if isinstance(value, bool):
        return "t" if value else "f"
    return None if value is None else str(value)
