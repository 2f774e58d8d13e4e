"""One statement over psycopg, spoken at the level of libpq.

So it is one round trip, whatever `autocommit` and `prepare_threshold` the host chose; it leaves
nothing prepared that PgBouncer would lose; and it has an end also where a server accepts and never
answers. A connection whose statement was cut short is closed: no pool gives it out again.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import AsyncIterator, Generator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeAlias

from .errors import NotWritten

if TYPE_CHECKING:
    from psycopg import AsyncConnection, Connection
    from psycopg.pq.abc import PGconn, PGresult

    # All results, and how their texts are encoded.
    _Ended: TypeAlias = tuple[list[PGresult], str]
    # Yields what it waits for on the socket, and is sent what is there.
    _Statement: TypeAlias = Generator[int, int, list[PGresult]]

__all__ = ["AsyncPsycopg", "Psycopg"]

Values: TypeAlias = Sequence[bytes]

# What libpq calls its states and formats, so that nothing is imported for them.
_IDLE, _TUPLES, _ERROR, _BINARY = 0, 2, 7, 1
_READ, _WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE

# How much of its deadline a request waits for a connection: rather less, so that it can still say
# that nothing was written.
_CONNECTION_SHARE = 0.75


class Psycopg:
    """A `ConnectionPool` or a `Connection`."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool

    def ask(self, sql: str, values: Values, timeout_s: float) -> str:
        """The only value of the only row."""
        return _rows(self._run(sql, values, timeout_s))[0][0] or ""

    def read(self, sql: str, timeout_s: float) -> list[list[str | None]]:
        """All rows."""
        return _rows(self._run(sql, None, timeout_s))

    def execute(self, script: str, timeout_s: float) -> None:
        """All statements of a script."""
        _rows(self._run(script, None, timeout_s))

    def _run(self, sql: str, values: Values | None, timeout_s: float) -> _Ended:
        end = monotonic() + timeout_s
        with self._connection(timeout_s * _CONNECTION_SHARE) as connection:
            if not connection.lock.acquire(timeout=timeout_s * _CONNECTION_SHARE):
                raise NotWritten("the connection is in use")
            try:
                encoding: str = connection.info.encoding
                statement = _begun(connection, sql, values)
                try:
                    results = _finished(statement, connection.pgconn.socket, end)
                    if connection.pgconn.transaction_status != _IDLE:
                        connection.close()  # A script failed before its own end.
                    return results, encoding
                except BaseException:
                    connection.close()
                    raise
            finally:
                connection.lock.release()

    @contextmanager
    def _connection(self, timeout_s: float) -> Iterator[Connection[Any]]:
        if not hasattr(self._pool, "getconn"):
            yield self._pool
            return
        try:
            connection = self._pool.getconn(timeout=timeout_s)
        except Exception as error:
            raise NotWritten("there was no connection to be had") from error
        try:
            yield connection
        finally:
            self._pool.putconn(connection)


class AsyncPsycopg:
    """An `AsyncConnectionPool` or an `AsyncConnection`. Whoever waits too long cancels it."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool

    async def ask(self, sql: str, values: Values, timeout_s: float) -> str:
        """The only value of the only row."""
        return _rows(await self._run(sql, values, timeout_s))[0][0] or ""

    async def read(self, sql: str, timeout_s: float) -> list[list[str | None]]:
        """All rows."""
        return _rows(await self._run(sql, None, timeout_s))

    async def execute(self, script: str, timeout_s: float) -> None:
        """All statements of a script."""
        _rows(await self._run(script, None, timeout_s))

    async def _run(self, sql: str, values: Values | None, timeout_s: float) -> _Ended:
        async with self._connection(timeout_s * _CONNECTION_SHARE) as connection, connection.lock:
            encoding: str = connection.info.encoding
            statement = _begun(connection, sql, values)
            try:
                results = await _finished_later(statement, connection.pgconn.socket)
                if connection.pgconn.transaction_status != _IDLE:
                    await connection.close()  # A script failed before its own end.
                return results, encoding
            except BaseException:
                await connection.close()
                raise

    @asynccontextmanager
    async def _connection(self, timeout_s: float) -> AsyncIterator[AsyncConnection[Any]]:
        if not hasattr(self._pool, "getconn"):
            yield self._pool
            return
        try:
            connection = await self._pool.getconn(timeout=timeout_s)
        except Exception as error:
            raise NotWritten("there was no connection to be had") from error
        try:
            yield connection
        finally:
            await self._pool.putconn(connection)


def _begun(connection: Any, sql: str, values: Values | None) -> _Statement:
    """Nothing was sent yet if this raises."""
    pgconn: PGconn = connection.pgconn
    try:
        # Finds a connection that the server closed while it lay in the pool.
        pgconn.consume_input()
    except Exception as error:
        connection.pgconn.finish()
        raise NotWritten("the connection was lost before anything was sent") from error
    if pgconn.transaction_status != _IDLE:
        raise NotWritten("the connection is inside of a transaction of its owner")
    if values is None:
        pgconn.send_query(sql.encode())
    else:
        formats = [_BINARY] * len(values)
        pgconn.send_query_params(sql.encode(), values, param_formats=formats)
    return _statement(pgconn)


def _statement(pgconn: PGconn) -> _Statement:
    while pgconn.flush():
        if (yield _READ | _WRITE) & _READ:
            pgconn.consume_input()
    results: list[PGresult] = []
    while True:
        while pgconn.is_busy():
            yield _READ
            pgconn.consume_input()
        result = pgconn.get_result()
        if result is None:
            return results
        results.append(result)


def _finished(statement: _Statement, fd: int, end: float) -> list[PGresult]:
    try:
        wanted = next(statement)
        with selectors.DefaultSelector() as selector:
            selector.register(fd, wanted)
            while True:
                selector.modify(fd, wanted)
                rest = end - monotonic()
                ready = selector.select(rest) if rest > 0 else []
                if not ready:
                    raise TimeoutError("Postgres did not answer in time")
                wanted = statement.send(ready[0][1])
    except StopIteration as ended:
        results: list[PGresult] = ended.value
        return results


async def _finished_later(statement: _Statement, fd: int) -> list[PGresult]:
    loop = asyncio.get_running_loop()
    try:
        wanted = next(statement)
        while True:
            wanted = statement.send(await _ready(loop, fd, wanted))
    except StopIteration as ended:
        results: list[PGresult] = ended.value
        return results


async def _ready(loop: asyncio.AbstractEventLoop, fd: int, wanted: int) -> int:
    found: asyncio.Future[int] = loop.create_future()

    def is_ready(event: int) -> None:
        if not found.done():
            found.set_result(event)

    loop.add_reader(fd, is_ready, _READ)
    if wanted & _WRITE:
        loop.add_writer(fd, is_ready, _WRITE)
    try:
        return await found
    finally:
        loop.remove_reader(fd)
        if wanted & _WRITE:
            loop.remove_writer(fd)


def _rows(ended: _Ended) -> list[list[str | None]]:
    """The rows of the last result that has any; an error of the server is raised."""
    results, encoding = ended
    rows: list[list[str | None]] = []
    for result in results:
        if result.status == _ERROR:
            from psycopg.errors import error_from_result

            raise error_from_result(result, encoding)
        if result.status == _TUPLES:
            columns = range(result.nfields)
            rows = [
                [_text(result, row, column, encoding) for column in columns]
                for row in range(result.ntuples)
            ]
    return rows


def _text(result: PGresult, row: int, column: int, encoding: str) -> str | None:
    value = result.get_value(row, column)
    return None if value is None else bytes(value).decode(encoding)
