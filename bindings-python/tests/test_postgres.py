"""All roles in Postgres, through every client: each effect, each failure."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import psycopg
import pytest
from consentgate import AsyncGate, Denied, Gate, NotWritten, journal, memory, postgres

from .engines import POSTGRES, Engine, migrated_database, postgres_engine
from .postgres_site import BODY, OTHER, OWNER, PERSON, SESSION, Site, call_id
from .support import host_config


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with migrated_database() as made:
        yield made


@pytest.fixture(params=POSTGRES)
def engine(request: pytest.FixtureRequest, url: str) -> Iterator[Engine]:
    with postgres_engine(request.param, url) as made:
        yield made


def test_admission(engine: Engine) -> None:
    site = Site(engine)
    bucket = {"name": "fingerprint", "key": "ab" * 16, "interval_ms": 60_000, "burst": 1}
    assert site.admit(buckets=[bucket]) == {"outcome": "admitted", "takeover": False}
    held = site.admit(owner=OTHER)
    assert held["outcome"] == "held"
    assert 29_000 < held["retry_ms"] <= 30_000
    limited = site.admit(claims=[f"s:{3:064x}"], buckets=[bucket])
    assert (limited["outcome"], limited["bucket"]) == ("limited", 0)
    own = {"claims": [f"s:{1:064x}", f"e:{2:064x}"], "owner": OWNER}
    release = {**own, "action": "release", "refund": [bucket]}
    assert site.ask("admission", "settle", **release | {"owner": OTHER}) == {"outcome": "lost"}
    assert site.ask("admission", "settle", **release) == {"outcome": "settled"}
    assert site.admit(buckets=[bucket])["outcome"] == "admitted"
    done = call_id()
    commit = {**own, "action": "commit", "result": "accepted", "call_id": done, "keep_ms": 600_000}
    assert site.ask("admission", "settle", **commit) == {"outcome": "settled"}
    assert site.admit() == {"outcome": "done", "result": "accepted", "call_id": done}
    assert site.admit(claims=[f"s:{4:064x}"], claims_per_site_max=2) == {"outcome": "full"}


def test_sessions(engine: Engine) -> None:
    site = Site(engine)
    assert site.ask("sessions", "find", **PERSON) == {"session": None, "floor_ms": None}
    key = {"idempotency": {"key": "12" * 16, "keep_ms": 60_000}}
    assert site.put(**key) == {"outcome": "stored"}
    found = site.ask("sessions", "find", **PERSON)
    assert found["session"] == {**SESSION, "version": found["session"]["version"]}
    assert site.put(**key) == {"outcome": "repeated"}
    assert site.put() == {"outcome": "conflict"}
    tombstone = {"at_ms": 5000, "keep_ms": 600_000}
    forget = {"tombstone": tombstone, "tombstones_per_site_max": 1}
    deleted = site.ask("sessions", "delete", **PERSON, **forget)
    assert deleted == {"outcome": "deleted"}
    assert site.ask("sessions", "find", **PERSON) == {"session": None, "floor_ms": 5000}
    assert site.put() == {"outcome": "conflict"}


def test_calls_and_their_queue(engine: Engine) -> None:
    site = Site(engine)
    site.put()
    first = call_id()
    version = site.version()
    inserted = {"outcome": "inserted", "marketing": "enqueued"}
    assert site.record(first, session_version=version) == inserted
    assert site.record(call_id(), session_version=version + 1) == {"outcome": "moved"}
    again = site.record(call_id(), signature_hash=first * 2)
    assert again == {"outcome": "exists", "call_id": first, "marketing": "enqueued"}
    assert site.ask("calls", "find", call_id=first) == {"call": {"fingerprint": "f-ü"}}
    assert site.ask("calls", "find", call_id=call_id()) == {"call": None}
    second = call_id()
    skipped = {"outcome": "inserted", "marketing": "skipped"}
    assert site.record(second, marketing="skipped") == skipped
    assert site.record(call_id(), calls_per_site_max=2) == {"outcome": "full"}
    assert [site.enqueue(second) for _ in range(2)] == ["enqueued", "already"]
    assert site.enqueue(call_id()) == "missing"

    taken = site.ask("calls", "take", owner=OWNER, limit=1, lease_ms=60_000)["jobs"]
    assert taken == [
        {
            "call_id": first,
            "fingerprint": "f-ü",
            "event_id": None,
            "received_at_ms": 2000,
            "body": BODY,
            "attempts": 1,
        }
    ]
    assert type(taken[0]["body"]) is bytes
    ending = {"call_id": first, "owner": OWNER, "result": "sent", "delay_ms": None}
    assert site.ask("calls", "finish", **ending | {"owner": OTHER}) == {"outcome": "lost"}
    assert site.ask("calls", "finish", **ending) == {"outcome": "finished"}
    assert site.ask("calls", "finish", **ending) == {"outcome": "lost"}
    forget = {"tombstone": {"at_ms": 1000, "keep_ms": 600_000}, "tombstones_per_site_max": 1}
    erased = site.ask("calls", "erase", **PERSON, **forget)
    assert erased == {"outcome": "erased"}
    assert site.ask("calls", "find", call_id=second) == {"call": None}
    assert site.record(call_id()) == {"outcome": "moved"}


def test_purge(engine: Engine) -> None:
    for role in ("admission", "sessions", "calls"):
        purged = engine.ask(role, "purge", {"limit": 10})
        assert purged["outcome"] == "purged"
        assert 0 <= purged["removed"] <= 10


def test_views_are_one_store(url: str) -> None:
    for kind in POSTGRES:
        with postgres_engine(kind, url) as engine:
            form = AsyncGate if engine.is_waited_for else Gate
            store = engine.store
            for sessions, calls in ((store, store), (store.sessions, store.calls)):
                form(host_config(), {"admission": memory(), "sessions": sessions, "calls": calls})
            wrong = Gate if engine.is_waited_for else AsyncGate
            with pytest.raises(TypeError, match="`admit` of the store for `admission`"):
                wrong(host_config(), dict.fromkeys(("admission", "sessions", "calls"), store))


def test_a_connection_alone(url: str) -> None:
    with psycopg.connect(url) as connection:
        site = Site(Engine(postgres(connection), connection, None))
        assert site.record(call_id())["outcome"] == "inserted"
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        connection.execute("select 1")
        with pytest.raises(NotWritten, match="inside of a transaction"):
            site.record(call_id())
    with pytest.raises(NotWritten, match="before anything was sent"):
        site.record(call_id())

    async def later() -> None:
        for opened in (
            await psycopg.AsyncConnection.connect(url),
            await asyncpg.connect(url),
        ):
            store = postgres(opened)
            asked = {"site": "none", "call_id": call_id()}
            assert await store.calls.find(asked, 5) == {"call": None}  # type: ignore[arg-type]
            await opened.execute("begin")
            with pytest.raises(NotWritten, match="inside of a transaction"):
                await store.calls.find(asked, 5)  # type: ignore[arg-type]
            await opened.execute("rollback")
            # Many at once take their turns.
            many = [store.calls.find(asked, 5) for _ in range(20)]  # type: ignore[arg-type]
            assert await asyncio.gather(*many) == [{"call": None}] * 20
            await opened.close()

    asyncio.run(later())


def test_large_bodies_pass(engine: Engine) -> None:
    site, body = Site(engine), secrets.token_bytes(4_000_000)
    assert site.record(call_id(), body=body)["outcome"] == "inserted"
    assert site.ask("calls", "take", owner=OWNER, limit=1, lease_ms=1)["jobs"][0]["body"] == body


def test_a_host_s_codecs_have_no_part_in_it(url: str) -> None:
    async def run() -> None:
        async def init(connection: Any) -> None:
            for name in ("json", "jsonb"):
                await connection.set_type_codec(
                    name, encoder=repr, decoder=repr, schema="pg_catalog"
                )

        async with asyncpg.create_pool(url, min_size=1, max_size=1, init=init) as pool:
            store = postgres(pool)
            asked: Any = {"site": "none", "call_id": call_id()}
            assert await store.calls.find(asked, 5) == {"call": None}

    asyncio.run(run())


def test_what_is_no_pool_is_refused() -> None:
    for nothing in (None, object(), "postgresql://127.0.0.1", {}, asyncpg):
        with pytest.raises(TypeError, match="of `psycopg` 3 or `asyncpg`"):
            postgres(nothing)  # type: ignore[arg-type]


def test_audit(engine: Engine, tmp_path: Path) -> None:
    """Law 11: each record once, whole batches, however often they come."""
    place = journal(tmp_path)
    stores = {role: memory() for role in ("admission", "sessions", "calls")}
    guard = Gate(host_config(), {**stores, "audit": place}).guard()
    for _ in range(5):
        with pytest.raises(Denied):
            guard.authenticate("nobody", b"token")
    if engine.is_waited_for:
        reconciled = engine.do(place.reconcile_async, engine.store.audit)
    else:
        reconciled = place.reconcile(engine.store.audit)
    assert (reconciled.shipped, reconciled.error) == (5, None)
    record = {
        "writer": secrets.token_hex(16),
        "sequence": 1,
        "at": "2026-11-28T06:25:00.123Z",
        "tenant": "acme",
        "kind": "cross_tenant",
        "operation": "message",
        "severity": "critical",
        "subject": "ab" * 16,
        "outcome": "denied",
    }
    append = engine.store.audit.append
    for _ in range(2):
        engine.do(append, [record])
    with pytest.raises(Exception, match="security_audit_logs_severity"):
        engine.do(append, [{**record, "sequence": 2}, {**record, "sequence": 3, "severity": "x"}])
