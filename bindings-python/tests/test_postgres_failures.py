"""Postgres that refuses, waits, stalls or is cut off, through every client."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Iterator
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import psycopg
import pytest
from consentgate import NotWritten, postgres

from .engines import POSTGRES, Engine, door, migrated_database, postgres_engine
from .postgres_site import PERSON, Site, call_id
from .support import Json


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with migrated_database() as made:
        yield made


@pytest.fixture(params=POSTGRES)
def engine(request: pytest.FixtureRequest, url: str) -> Iterator[Engine]:
    with postgres_engine(request.param, url) as made:
        yield made


def test_field_24_what_certainly_was_not_written(engine: Engine, url: str) -> None:
    """Postgres says that it has undone the statement; of other errors nobody knows."""
    with psycopg.connect(url, autocommit=True) as own:
        for state, certain in (
            *(("55P03", True), ("40001", True), ("40P01", True), ("42501", True)),
            *(("40003", False), ("57P01", False), ("XX000", False), ("58030", False)),
        ):
            site = Site(engine)
            name = f"fail_{secrets.token_hex(4)}"
            own.execute(
                f"create function {name}() returns trigger language plpgsql as $$ begin "
                f"if new.site_id = '{site.name}' then "
                f"raise exception 'no' using errcode = '{state}'; end if; return new; end $$"
            )
            own.execute(
                f"create trigger {name} before insert on consentgate.calls "
                f"for each row execute function {name}()"
            )
            try:
                with pytest.raises(Exception, match=r"no|undone") as raised:
                    site.record(call_id())
            finally:
                own.execute(f"drop function {name} cascade")
            assert isinstance(raised.value, NotWritten) == certain, state
            cause = raised.value.__cause__ if certain else raised.value
            assert cause.sqlstate == state  # type: ignore[union-attr]
            assert site.record(call_id())["outcome"] == "inserted"


def test_field_37_a_lock_is_waited_for_briefly(engine: Engine, url: str) -> None:
    site = Site(engine)
    site.put()
    version = site.version()
    with psycopg.connect(url) as holder:
        holder.execute(
            "select 1 from consentgate.sessions where site_id = %s for update", (site.name,)
        )
        start = time.monotonic()
        with pytest.raises(NotWritten):
            site.record(call_id(), session_version=version)
        assert time.monotonic() - start < 2


def test_without_a_connection_nothing_was_written(url: str) -> None:
    for kind in POSTGRES:
        with postgres_engine(kind, url, size=1) as engine:
            site = Site(engine)
            site.put()
            with borrowed(engine):
                start = time.monotonic()
                with pytest.raises(NotWritten, match="no connection to be had"):
                    engine.ask("calls", "find", {"site": "s", "call_id": call_id()}, 0.2)
                assert time.monotonic() - start < 0.2
            assert site.version()


class borrowed:
    """The only connection of the pool is somebody else's."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._names = ("acquire", "release")
        if hasattr(engine.client, "getconn"):
            self._names = ("getconn", "putconn")

    def __enter__(self) -> None:
        self._held = self._engine.do(self._take)

    def _take(self) -> Any:
        taken = getattr(self._engine.client, self._names[0])()
        if not hasattr(taken, "__await__") or asyncio.iscoroutine(taken):
            return taken

        async def wait() -> Any:
            return await taken

        return wait()

    def __exit__(self, *_: object) -> None:
        self._engine.do(getattr(self._engine.client, self._names[1]), self._held)


@pytest.mark.parametrize("kind", POSTGRES)
def test_field_36_a_server_that_stalls_is_given_up(kind: str, url: str) -> None:
    """The pool has its connections back, and they are good ones."""
    with door(url) as (between, through), postgres_engine(kind, through, size=2) as engine:
        site = Site(engine)
        site.put()
        between.stall()
        for _ in range(4):
            start = time.monotonic()
            with pytest.raises((TimeoutError, asyncio.TimeoutError, NotWritten)):
                in_time(engine, {"site": site.name, **PERSON}, 0.2)
            assert time.monotonic() - start < 1
        between.go_on()
        for _ in range(200):
            try:
                assert in_time(engine, {"site": site.name, **PERSON}, 2)["session"]
                break
            except (NotWritten, OSError, psycopg.OperationalError):
                time.sleep(0.05)
        # All of the pool.
        for _ in range(4):
            assert in_time(engine, {"site": site.name, **PERSON}, 2)["session"]


def in_time(engine: Engine, request: Json, timeout_s: float) -> Any:
    """An `AsyncGate` cancels what is late."""
    if engine.loop is None:
        return engine.ask("sessions", "find", request, timeout_s)
    return engine.loop.run(
        asyncio.wait_for(engine.store.sessions.find(request, timeout_s), timeout_s)
    )


@pytest.mark.parametrize("kind", POSTGRES)
def test_a_statement_that_is_cut_short_leaves_no_reply_behind(kind: str, url: str) -> None:
    """Whoever has the connection next must not get it."""
    with postgres_engine(kind, url, size=1) as engine, psycopg.connect(url) as holder:
        site = Site(engine)
        site.put()
        holder.execute("lock consentgate.sessions in access exclusive mode")
        with pytest.raises((TimeoutError, asyncio.TimeoutError)):
            in_time(engine, {"site": site.name, **PERSON}, 0.2)
        holder.rollback()
        assert in_time(engine, {"site": "nobody", **PERSON}, 2)["session"] is None
        assert in_time(engine, {"site": site.name, **PERSON}, 2)["session"]


def test_a_connection_alone_that_is_cut_short_is_closed(url: str) -> None:
    """Of what it answers late nobody would know whose it is."""
    asked: Any = {"site": "s", **PERSON}

    async def later() -> None:
        for opened in (await psycopg.AsyncConnection.connect(url), await asyncpg.connect(url)):
            find = postgres(opened).sessions.find(asked, 5)
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(find, 0.2)
            closed = opened.is_closed() if hasattr(opened, "is_closed") else opened.closed
            assert closed

    with psycopg.connect(url) as holder, psycopg.connect(url) as opened:
        holder.execute("lock consentgate.sessions in access exclusive mode")
        with pytest.raises(TimeoutError):
            postgres(opened).sessions.find(asked, 0.2)
        assert opened.closed
        asyncio.run(later())
        holder.rollback()


@pytest.mark.parametrize("kind", ["psycopg", "psycopg asyncio"])
def test_nothing_is_prepared(kind: str, url: str) -> None:
    """As PgBouncer in transaction mode needs it, whatever the host chose."""
    with postgres_engine(kind, url, size=1) as engine:
        site = Site(engine)
        for _ in range(10):
            site.ask("sessions", "find", **PERSON)
        prepared = "select count(*) from pg_prepared_statements"
        rows = engine.do(engine.store._driver.read, prepared, 5)
        assert rows == [["0"]]
