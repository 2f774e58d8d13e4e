"""The schema: made, made again, looked at; by the stores' methods and by the command."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest
from consentgate import postgres
from consentgate._native import POSTGRES_MIGRATIONS
from consentgate._preflight import Check, checks

from .engines import POSTGRES, new_database, postgres_engine

TABLES = "select count(*) from pg_class where relnamespace = to_regnamespace('consentgate')"


@pytest.fixture
def url() -> Iterator[str]:
    with new_database() as made:
        yield made


def failed(found: list[Check]) -> list[str]:
    return [check.name for check in found if not check.ok]


@pytest.mark.parametrize("kind", POSTGRES)
def test_migrate_and_preflight(kind: str, url: str) -> None:
    with postgres_engine(kind, url) as engine:
        assert "schema" in failed(engine.do(engine.store.preflight))
        for _ in range(2):
            engine.do(engine.store.migrate)
            found = engine.do(engine.store.preflight)
            assert failed(found) == []
            (clock,) = [check for check in found if check.name == "clock"]
            assert "from the clock here" in clock.found


@pytest.mark.parametrize("kind", POSTGRES)
def test_a_migration_that_fails_leaves_no_open_transaction(kind: str, url: str) -> None:
    with postgres_engine(kind, url, size=1) as engine, psycopg.connect(url) as own:
        own.execute("create schema consentgate")
        own.execute("create view consentgate.calls as select 1")
        own.commit()
        with pytest.raises(Exception, match="does not exist"):
            engine.do(engine.store.migrate)
        own.execute("drop view consentgate.calls")
        own.commit()
        engine.do(engine.store.migrate)
        assert failed(engine.do(engine.store.preflight)) == []


def test_what_is_missing_is_told(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        store = postgres(connection)
        store.migrate()
        connection.execute("drop index consentgate.calls_site_signature_hash_uq")
        (missing,) = [check for check in store.preflight() if not check.ok]
        assert missing.name == "index:calls_site_signature_hash_uq"
        assert missing.mend


def test_field_30_clocks_that_are_apart_are_told() -> None:
    row = ("clock", "t", "1700000000000", "synchronise")
    for now, ok in ((1_700_000_005.0, True), (1_700_000_005.1, False), (1_699_999_994.9, False)):
        (check,) = checks([row], now)
        assert check.ok == ok
    (check,) = checks([row], 1_700_000_006.0)
    assert str(check) == "FAIL clock: -6.000 s from the clock here\n     synchronise"
    (other,) = checks([("fsync", "f", "off", "set it")], 0)
    assert other == Check("fsync", False, "off", "set it")


def run(*arguments: str, without: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    """`python -m consentgate`, as if a module were not installed."""
    program = (
        f"import sys, runpy; sys.modules[{without!r}] = None; "
        "runpy.run_module('consentgate', run_name='__main__', alter_sys=True)"
    )
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **env},
    )


@pytest.mark.parametrize("without", ["asyncpg", "psycopg"])
def test_the_command(without: str, url: str) -> None:
    before = run("preflight", url, without=without)
    assert before.returncode == 1
    assert "FAIL schema: missing" in before.stdout
    migrated = run("migrate", "--url", url, without=without)
    assert (migrated.returncode, migrated.stdout, migrated.stderr) == (0, "", "")
    after = run("preflight", without=without, CONSENTGATE_POSTGRES_URL=url)
    assert (after.returncode, "FAIL" in after.stdout) == (0, False)
    assert "ok   schema: consentgate" in after.stdout


def test_the_sql_may_be_run_by_hand(url: str) -> None:
    printed = run("sql")
    assert printed.returncode == 0
    for name, script in POSTGRES_MIGRATIONS:
        assert f"-- {name}\n{script}" in printed.stdout
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(printed.stdout)
        assert failed(postgres(connection).preflight()) == []


def test_the_command_says_what_it_needs() -> None:
    for arguments in ((), ("drop",), ("migrate",)):
        env = {"CONSENTGATE_POSTGRES_URL": ""}
        assert run(*arguments, **env).returncode == 2
    nothing = "asyncpg"
    program = (
        f"import sys, runpy; sys.modules[{nothing!r}] = sys.modules['psycopg'] = None; "
        "sys.argv = ['consentgate', 'migrate', 'postgresql://127.0.0.1/x']; "
        "runpy.run_module('consentgate', run_name='__main__', alter_sys=True)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "install `consentgate[asyncpg]`" in done.stderr


@pytest.mark.parametrize("without", ["asyncpg", "psycopg"])
def test_a_database_that_cannot_be_reached_is_told(without: str) -> None:
    done = run("migrate", "postgresql://gate:secret@127.0.0.1:1/none", without=without)
    assert done.returncode == 1
    assert done.stderr.startswith("consentgate: ")
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stderr


def test_nothing_is_imported_that_may_be_missing() -> None:
    """The package itself needs none of the clients."""
    program = "import sys, consentgate; print({'redis', 'psycopg', 'asyncpg'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == "set()\n", done.stderr


def test_law_12_the_command_shows_nothing_of_the_url() -> None:
    for url in ("postgresql://u:top/secret@h/db", "postgre://u:topsecret@127.0.0.1/db"):
        for without in ("asyncpg", "psycopg"):
            failed = run("preflight", url, without=without)
            assert failed.returncode == 1
            assert "top" not in failed.stdout + failed.stderr


def test_what_is_said_on_the_line_counts(url: str) -> None:
    elsewhere = "postgresql://127.0.0.1:1/elsewhere"
    for arguments in (("--url", url, "preflight"), ("preflight", "--url", url)):
        told = run(*arguments, CONSENTGATE_POSTGRES_URL=elsewhere)
        assert "FAIL schema: missing" in told.stdout
