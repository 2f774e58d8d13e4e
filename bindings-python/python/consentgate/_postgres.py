"""All roles in Postgres, through the client that the host already has.

What is decided, functions of the schema `consentgate` decide: one statement an effect. Here a
request becomes its JSON, and the JSON of the reply the store's.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from time import time
from typing import TYPE_CHECKING, Any, overload

from . import _native
from ._asyncpg import Asyncpg, Connection, Pool
from ._clients import is_a
from ._preflight import Check, checks
from ._psycopg import AsyncPsycopg, Psycopg
from .errors import NotWritten
from .stores import (
    AdmissionStore,
    AsyncAdmissionStore,
    AsyncCallStore,
    AsyncSessionStore,
    CallStore,
    SessionStore,
)

if TYPE_CHECKING:
    import psycopg
    import psycopg_pool

    from .types import AsyncAuditTable, AuditTable

__all__ = ["AsyncPostgresStore", "PostgresStore", "postgres"]

# Read-only; a schema, a function or a privilege that is missing; the wrong isolation; deadlock,
# serialisation, lock timeout: Postgres has undone the statement. Of any other failure the outcome
# is unknown.
_UNDONE = frozenset({"25000", "25006", "3F000", "42501", "42883", "40001", "40P01", "55P03"})


def _sql(function: str) -> str:
    # By way of `text`, so that no codec which the host chose for `jsonb` has a part in it.
    return f"select consentgate.{function}($1::text::jsonb)::text"


_RECORD = "select consentgate.record_call($1::text::jsonb, $2::bytea)::text"


def _json(request: dict[str, Any]) -> bytes:
    return json.dumps(request, separators=(",", ":")).encode()


def _recorded(request: dict[str, Any]) -> tuple[bytes, bytes]:
    """The body goes as the bytes that came."""
    return _json({name: value for name, value in request.items() if name != "body"}), bytes(
        request["body"]
    )


def _taken(reply: Any) -> Any:
    for job in reply["jobs"]:
        job["body"] = b64decode(job["body"])
    return reply


@contextmanager
def _certain() -> Iterator[None]:
    """Says so where nothing was written."""
    try:
        yield
    except Exception as error:
        if getattr(error, "sqlstate", None) in _UNDONE:
            raise NotWritten("Postgres has undone the statement") from error
        raise


class _View:
    """One role of the store."""

    def __init__(self, store: PostgresStore | AsyncPostgresStore, driver: Any) -> None:
        self.store = store
        self._driver = driver


def _plain(function: str) -> Any:
    sql = _sql(function)

    def ask(self: Any, request: dict[str, Any], timeout_s: float, /) -> Any:
        with _certain():
            return json.loads(self._driver.ask(sql, (_json(request),), timeout_s))

    return ask


class _Admission(_View):
    admit = _plain("admit")
    settle = _plain("settle")
    purge = _plain("purge_admission")


class _Sessions(_View):
    find = _plain("find_session")
    put = _plain("put_session")
    delete = _plain("delete_session")
    purge = _plain("purge_sessions")


class _Calls(_View):
    find = _plain("find_call")
    enqueue = _plain("confirm_sale_and_enqueue")
    erase = _plain("erase_calls")
    finish = _plain("finish_conversion")
    purge = _plain("purge_calls")
    _take = _plain("take_conversions")

    def record(self, request: Any, timeout_s: float, /) -> Any:
        with _certain():
            return json.loads(self._driver.ask(_RECORD, _recorded(request), timeout_s))

    def take(self, request: Any, timeout_s: float, /) -> Any:
        return _taken(self._take(request, timeout_s))


_APPEND = _sql("append_audit")
# A batch that takes longer comes again.
_APPEND_S = 10.0


def _records(records: list[Any]) -> tuple[bytes]:
    return (_json({"records": records}),)


class _Audit(_View):
    def append(self, records: list[Any], /) -> None:
        with _certain():
            self._driver.ask(_APPEND, _records(records), _APPEND_S)


class PostgresStore:
    """All roles, for `Gate`. Made by `postgres(pool)`."""

    admission: AdmissionStore
    sessions: SessionStore
    calls: CallStore
    audit: AuditTable
    """The table `security_audit_logs`, for a journal's `reconcile` or `ship`."""

    def __init__(self, driver: Any) -> None:
        self._driver = driver
        self.admission = _Admission(self, driver)
        self.sessions = _Sessions(self, driver)
        self.calls = _Calls(self, driver)
        self.audit = _Audit(self, driver)

    def migrate(self, timeout_s: float = 300) -> None:
        """Makes the schema `consentgate`, or brings it up to date. Once more changes nothing."""
        for _, script in _native.POSTGRES_MIGRATIONS:
            self._driver.execute(script, timeout_s)

    def preflight(self, timeout_s: float = 10) -> list[Check]:
        """Whether schema, settings, privileges and clock are as the gate needs them."""
        rows = self._driver.read(_native.POSTGRES_PREFLIGHT, timeout_s)
        return checks(rows, time())


def _waited(function: str) -> Any:
    sql = _sql(function)

    async def ask(self: Any, request: dict[str, Any], timeout_s: float, /) -> Any:
        with _certain():
            return json.loads(await self._driver.ask(sql, (_json(request),), timeout_s))

    return ask


class _AsyncAdmission(_View):
    admit = _waited("admit")
    settle = _waited("settle")
    purge = _waited("purge_admission")


class _AsyncSessions(_View):
    find = _waited("find_session")
    put = _waited("put_session")
    delete = _waited("delete_session")
    purge = _waited("purge_sessions")


class _AsyncCalls(_View):
    find = _waited("find_call")
    enqueue = _waited("confirm_sale_and_enqueue")
    erase = _waited("erase_calls")
    finish = _waited("finish_conversion")
    purge = _waited("purge_calls")
    _take = _waited("take_conversions")

    async def record(self, request: Any, timeout_s: float, /) -> Any:
        with _certain():
            return json.loads(await self._driver.ask(_RECORD, _recorded(request), timeout_s))

    async def take(self, request: Any, timeout_s: float, /) -> Any:
        return _taken(await self._take(request, timeout_s))


class _AsyncAudit(_View):
    async def append(self, records: list[Any], /) -> None:
        with _certain():
            await self._driver.ask(_APPEND, _records(records), _APPEND_S)


class AsyncPostgresStore:
    """All roles, for `AsyncGate`. Made by `postgres(pool)`."""

    admission: AsyncAdmissionStore
    sessions: AsyncSessionStore
    calls: AsyncCallStore
    audit: AsyncAuditTable
    """The table `security_audit_logs`, for a journal's `reconcile_async` or `ship_async`."""

    def __init__(self, driver: Any) -> None:
        self._driver = driver
        self.admission = _AsyncAdmission(self, driver)
        self.sessions = _AsyncSessions(self, driver)
        self.calls = _AsyncCalls(self, driver)
        self.audit = _AsyncAudit(self, driver)

    async def migrate(self, timeout_s: float = 300) -> None:
        """Makes the schema `consentgate`, or brings it up to date. Once more changes nothing."""
        for _, script in _native.POSTGRES_MIGRATIONS:
            await self._driver.execute(script, timeout_s)

    async def preflight(self, timeout_s: float = 10) -> list[Check]:
        """Whether schema, settings, privileges and clock are as the gate needs them."""
        rows = await self._driver.read(_native.POSTGRES_PREFLIGHT, timeout_s)
        return checks(rows, time())


@overload
def postgres(pool: psycopg_pool.ConnectionPool[Any] | psycopg.Connection[Any]) -> PostgresStore: ...
@overload
def postgres(
    pool: psycopg_pool.AsyncConnectionPool[Any] | psycopg.AsyncConnection[Any] | Pool | Connection,
) -> AsyncPostgresStore: ...
def postgres(pool: Any) -> PostgresStore | AsyncPostgresStore:
    """A store for all roles over a pool (or a connection) of `psycopg` 3 or `asyncpg`.

    `psycopg_pool.ConnectionPool` for `Gate`, `AsyncConnectionPool` and asyncpg's `Pool` for
    `AsyncGate`. A connection alone serves one statement at a time, and is closed where one is cut
    short: give a pool.
    """
    if is_a(pool, "psycopg_pool", "ConnectionPool") or is_a(pool, "psycopg", "Connection"):
        return PostgresStore(Psycopg(pool))
    if is_a(pool, "psycopg_pool", "AsyncConnectionPool") or is_a(
        pool, "psycopg", "AsyncConnection"
    ):
        return AsyncPostgresStore(AsyncPsycopg(pool))
    if is_a(pool, "asyncpg", "Pool") or is_a(pool, "asyncpg", "Connection"):
        return AsyncPostgresStore(Asyncpg(pool))
    raise TypeError(
        "`pool` must be a pool or connection of `psycopg` 3 or `asyncpg`, "
        f"not {type(pool).__name__}"
    )
