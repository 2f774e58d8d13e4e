"""Redis and Postgres through every client, all of one form; and a server that stalls."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import Any
from urllib.parse import urlsplit

import asyncpg  # type: ignore[import-untyped]
import psycopg
import psycopg_pool
import redis
import redis.asyncio
from consentgate import postgres
from consentgate import redis as redis_store
from redis.backoff import NoBackoff
from redis.retry import Retry

from .support import Json

REDIS = ("redis", "redis cluster", "redis.asyncio", "redis.asyncio cluster")
POSTGRES = ("psycopg", "psycopg asyncio", "asyncpg")
POOLED = tuple(f"{kind} behind pgbouncer" for kind in POSTGRES)


def engine(name: str) -> str:
    value = os.environ.get(name)
    assert value, f"{name} is not set; start the engines: scripts/engines.sh"
    return value


def redis_url() -> str:
    return engine("CONSENTGATE_TEST_REDIS_URL")


def cluster_urls() -> list[str]:
    return engine("CONSENTGATE_TEST_REDIS_CLUSTER_URLS").split(",")


def new_site() -> str:
    """Of its own, so that tests do not disturb each other on one Redis."""
    return f"py-{secrets.token_hex(6)}"


class Loop:
    """An event loop to be used now and then, as plain tests do."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()

    def __enter__(self) -> Loop:
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.run_until_complete(_ended(asyncio.all_tasks(self._loop)))
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._loop.run_until_complete(work)


async def _ended(tasks: set[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class Engine:
    """A store over a client, asked in the same way whether or not it is waited for."""

    def __init__(self, store: Any, client: Any, loop: Loop | None) -> None:
        self.store, self.client, self.loop = store, client, loop

    @property
    def is_waited_for(self) -> bool:
        return self.loop is not None

    def ask(self, role: str, method: str, request: Json, timeout_s: float = 5) -> Any:
        return self.do(getattr(getattr(self.store, role), method), request, timeout_s)

    def do(self, function: Callable[..., Any], *args: Any, **named: Any) -> Any:
        """Whatever the client or the store does."""
        done = function(*args, **named)
        return self.loop.run(done) if self.loop and asyncio.iscoroutine(done) else done


_QUICK: Json = {"socket_timeout": 2, "retry": Retry(NoBackoff(), 0)}


@contextmanager
def redis_client(
    kind: str, url: str | None = None, loop: Loop | None = None, **more: Any
) -> Iterator[tuple[Any, Loop | None]]:
    """The client, and the loop that it is waited for in."""
    url = url or (cluster_urls()[0] if "cluster" in kind else redis_url())
    settings = {**_QUICK, **more}
    if "asyncio" not in kind:
        form = redis.RedisCluster if "cluster" in kind else redis.Redis
        client: Any = form.from_url(url, **settings)
        try:
            yield client, None
        finally:
            client.close()
        return
    with nullcontext(loop) if loop else Loop() as own:
        if "cluster" in kind:
            at = urlsplit(url)
            place: Json = {"host": at.hostname, "port": at.port}
            client = redis.asyncio.RedisCluster(**place, **settings)
        else:
            client = redis.asyncio.Redis.from_url(url, **settings)
        try:
            yield client, own
        finally:
            own.run(client.aclose())


@contextmanager
def redis_engine(
    kind: str, url: str | None = None, loop: Loop | None = None, **more: Any
) -> Iterator[Engine]:
    with redis_client(kind, url, loop, **more) as (client, own):
        yield Engine(redis_store(client), client, own)


@contextmanager
def new_database() -> Iterator[str]:
    """The URL of a database of one's own, empty."""
    url = engine("CONSENTGATE_TEST_POSTGRES_URL")
    name = f"py_{secrets.token_hex(6)}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"create database {name}")
        try:
            yield urlsplit(url)._replace(path=f"/{name}").geturl()
        finally:
            connection.execute(f"drop database {name} with (force)")


@contextmanager
def migrated_database() -> Iterator[str]:
    with new_database() as url:
        with psycopg.connect(url) as connection:
            postgres(connection).migrate()
        yield url


@contextmanager
def postgres_engine(
    kind: str, url: str, size: int = 4, loop: Loop | None = None
) -> Iterator[Engine]:
    kind, *pooled = kind.split(" behind ")
    if pooled:
        through = urlsplit(engine("CONSENTGATE_TEST_PGBOUNCER_URL"))
        url = through._replace(path=urlsplit(url).path).geturl()
    # A pool of psycopg replaces what it has lost, and waits for a server that stalls.
    own: Json = {"kwargs": {"connect_timeout": 2}, "min_size": 1, "max_size": size}
    if kind == "psycopg":
        with psycopg_pool.ConnectionPool(url, **own, open=True) as pool:
            yield Engine(postgres(pool), pool, None)
        return

    async def opened() -> Any:
        if kind == "asyncpg":
            # A pooler gives each statement to another connection: nothing may be kept prepared.
            settings: Json = {"statement_cache_size": 0} if pooled else {}
            return await asyncpg.create_pool(url, min_size=1, max_size=size, **settings)
        later = psycopg_pool.AsyncConnectionPool(url, **own, open=False)
        await later.open()
        return later

    with nullcontext(loop) if loop else Loop() as at:
        made = at.run(opened())
        try:
            yield Engine(postgres(made), made, at)
        finally:
            at.run(asyncio.wait_for(made.close(), 10))


class Door:
    """Stands before a server: lets through, keeps what passes to itself, or is shut."""

    def __init__(self, host: str, port: int) -> None:
        self._behind = (host, port)
        self._open = threading.Event()
        self._open.set()
        self._held: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def stall(self) -> None:
        """From now on it accepts, takes in, and answers nothing."""
        self._open.clear()

    def go_on(self) -> None:
        """What is new passes again; what was there before is never heard of again."""
        self._open = threading.Event()
        self._open.set()

    def close(self) -> None:
        for held in (self._listener, *self._held):
            _cut(held)

    def _listen(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(self._behind)
            except OSError:
                near.close()
                continue
            self._held += [near, far]
            for one, other in ((near, far), (far, near)):
                work = (one, other, self._open)
                threading.Thread(target=_carry, args=work, daemon=True).start()


def _carry(one: socket.socket, other: socket.socket, is_open: threading.Event) -> None:
    with suppress(OSError):
        while data := one.recv(65536):
            if is_open.is_set():
                other.sendall(data)
    _cut(one)
    _cut(other)


def _cut(held: socket.socket) -> None:
    with suppress(OSError):
        held.shutdown(socket.SHUT_RDWR)
    held.close()


@contextmanager
def door(url: str) -> Iterator[tuple[Door, str]]:
    """A door before that server, and the URL through it."""
    at = urlsplit(url)
    assert at.hostname
    assert at.port
    made = Door(at.hostname, at.port)
    place = at.netloc.rpartition(":")[0]
    try:
        yield made, at._replace(netloc=f"{place}:{made.port}").geturl()
    finally:
        made.close()
