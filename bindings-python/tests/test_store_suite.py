"""The store suite, through every client: the adapters change nothing of what the engines do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from consentgate._native import ADMIT_LUA, SETTLE_LUA
from consentgate_store_suite import (  # type: ignore[import-not-found]
    races,
    races_async,
    report,
    run,
    run_async,
)

from .engines import (
    POOLED,
    POSTGRES,
    REDIS,
    Engine,
    migrated_database,
    postgres_engine,
    redis_engine,
)

TIME_LINE = "local time = redis.call('TIME')"


def passes(engine: Engine, set_clock: Callable[[int], object], **chosen: bool) -> None:
    if engine.loop is None:
        failures = [*run(engine.store, set_clock, **chosen), *races(engine.store, set_clock)]
    else:
        failures = engine.loop.run(run_async(engine.store, set_clock, **chosen))
        failures += engine.loop.run(races_async(engine.store, set_clock))
    assert not failures, report(failures)


@pytest.mark.parametrize("kind", REDIS)
def test_redis(kind: str) -> None:
    with redis_engine(kind) as engine:
        own = engine.client.execute_command
        now = ["0", "0"]
        assert [script.count(TIME_LINE) for script in (ADMIT_LUA, SETTLE_LUA)] == [1, 1]

        def at_that_time(command: str, *words: Any, **more: Any) -> Any:
            """The scripts as they are, but for the one line that asks for the time."""
            if command != "EVALSHA":
                return own(command, *words, **more)
            # Of the two, only `admit` has no word for how it ends.
            text = SETTLE_LUA if {"commit", "release"} & set(words) else ADMIT_LUA
            told = f"local time = {{'{now[0]}', '{now[1]}'}}"
            return own("EVAL", text.replace(TIME_LINE, told), *words[1:], **more)

        def set_clock(at_ms: int) -> None:
            now[:] = [str(at_ms // 1000), str(at_ms % 1000 * 1000)]

        engine.client.execute_command = at_that_time
        passes(engine, set_clock, counts_buckets=False)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A schema that asks a table for the time."""
    with migrated_database() as made:
        with psycopg.connect(made, autocommit=True) as connection:
            connection.execute(
                f"alter database {connection.info.dbname} set synchronous_commit = off"
            )
            # Found by its key: a table read whole would be compiled.
            connection.execute(
                "create unlogged table consentgate.clock "
                "(one boolean primary key default true, now_ms bigint)"
            )
            connection.execute("insert into consentgate.clock (now_ms) values (0)")
            connection.execute(
                "create or replace function consentgate.now_ms() returns bigint language sql "
                "volatile as $$ select now_ms from consentgate.clock where one $$"
            )
        yield made


@pytest.mark.parametrize("kind", POSTGRES + POOLED)
def test_postgres(kind: str, url: str) -> None:
    with psycopg.connect(url, autocommit=True) as own, postgres_engine(kind, url, 8) as engine:

        def set_clock(at_ms: int) -> None:
            own.execute("update consentgate.clock set now_ms = %s", (at_ms,))

        passes(engine, set_clock)
