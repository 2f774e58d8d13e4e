"""Looks after the schema in Postgres: `python -m consentgate migrate|preflight|sql [URL]`."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from . import _native
from ._postgres import AsyncPostgresStore, postgres
from ._preflight import Check

_URL = "CONSENTGATE_POSTGRES_URL"


def main() -> int:
    """The exit code: 1 where a check failed."""
    parser = argparse.ArgumentParser(prog="consentgate", description=__doc__)
    told = {
        "migrate": "make the schema, or bring it up to date",
        "preflight": "tell whether the database is as the gate needs it",
        "sql": "print the migrations, for whoever runs them by hand",
    }
    parser.add_argument("what", choices=told, help="; ".join(f"{k}: {v}" for k, v in told.items()))
    parser.add_argument("url", nargs="?", help=f"or ${_URL}")
    parser.add_argument("--url", dest="option", help=argparse.SUPPRESS)
    given = parser.parse_args()
    # What is said on the line counts, wherever it stands.
    url = given.option or given.url or os.environ.get(_URL)
    if given.what == "sql":
        for name, script in _native.POSTGRES_MIGRATIONS:
            print(f"-- {name}\n{script}")
        return 0
    if not url:
        parser.error(f"which database? Give its URL, or set {_URL}")
    if given.what == "migrate":
        _with_store(url, _migrate)
        return 0
    found: list[Check] = _with_store(url, lambda store: store.preflight())
    for check in found:
        print(check)
    return 0 if all(check.ok for check in found) else 1


async def _migrate(store: AsyncPostgresStore) -> None:
    await store.migrate()


def _with_store(url: str, work: Callable[[AsyncPostgresStore], Coroutine[Any, Any, Any]]) -> Any:
    """By whichever driver is installed."""

    async def by_asyncpg() -> Any:
        connection = await asyncpg.connect(url)
        try:
            return await work(postgres(connection))
        finally:
            await connection.close()

    async def by_psycopg() -> Any:
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            return await work(postgres(connection))

    by_driver = by_asyncpg
    try:
        import asyncpg  # type: ignore[import-untyped]
    except ImportError:
        by_driver = by_psycopg
        try:
            import psycopg
        except ImportError:
            sys.exit("install `consentgate[asyncpg]` or `consentgate[psycopg]`")
    try:
        return asyncio.run(by_driver())
    except Exception as error:
        # Its text may quote the URL, and with it the password.
        state = getattr(error, "sqlstate", None) or "no SQLSTATE"
        kind = type(error).__name__
        sys.exit(f"consentgate: {kind} ({state}); look at the URL and at the server")


if __name__ == "__main__":
    sys.exit(main())
