"""A whole gate over the real engines: Redis admits, Postgres keeps the rest; or Postgres all."""

from __future__ import annotations

import asyncio
import inspect
import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timezone
from typing import Any

import pytest
from consentgate import AsyncGate, Decision, Gate
from consentgate import redis as redis_store

from .engines import (
    Loop,
    door,
    engine,
    migrated_database,
    new_site,
    postgres_engine,
    redis_client,
    redis_engine,
    redis_url,
)
from .support import BODY, HASH_SECRET, ORIGIN, SECRET, Json, event

# For a gate that must work on a machine that is busy.
PATIENT: Json = {"deadline_ms": dict.fromkeys(("admit", "find", "record", "settle"), 5000)}
# For a gate whose engine stalls.
BRIEF: Json = {
    "deadline_ms": dict.fromkeys(("admit", "find", "record", "settle"), 400),
    "claim": {"ttl_s": 10, "lease_s": 2},
    "breaker": {"failures": 1000},
}
# For a gate whose claims lapse, and whose engine must answer in time, its first call too.
LAPSING: Json = {
    "deadline_ms": dict.fromkeys(("admit", "find", "record", "settle"), 700),
    "claim": {"ttl_s": 10, "lease_s": 3},
}

MIXED = [
    ("redis", "psycopg"),
    ("redis cluster", "psycopg"),
    ("redis.asyncio", "psycopg asyncio"),
    ("redis.asyncio cluster", "asyncpg"),
    (None, "psycopg"),
    (None, "psycopg asyncio"),
    (None, "asyncpg"),
]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with migrated_database() as made:
        yield made


class Backend:
    """A gate for one site, by the real clock."""

    def __init__(
        self, stores: dict[str, Any], loop: Loop | None, *, site_id: str | None = None, **more: Any
    ) -> None:
        self.site, self.loop = site_id or new_site(), loop
        keys = [{"id": "k1", "secret": SECRET}]
        site = {"keys": keys, "origins": [ORIGIN], "tolerance_s": 5}
        document = {"sites": {self.site: site}, "hash_secret": HASH_SECRET, **PATIENT, **more}
        form = Gate if loop is None else AsyncGate
        self.gate: Any = form(document, stores)

    def do(self, method: str, *args: Any) -> Decision:
        done = getattr(self.gate, method)(*args)
        decision: Decision = self.loop.run(done) if self.loop else done
        return decision

    def close(self) -> None:
        """What was given up is waited for, so that nothing is left of it."""

        async def closed() -> None:
            await self.gate.close()

        if self.loop:
            self.loop.run(closed())
        else:
            self.gate.close()

    def consent(self, *scopes: str, fingerprint: str = "f") -> str:
        at = datetime.now(timezone.utc).isoformat()
        said = {"fingerprint": fingerprint, "consent_scopes": scopes, "consent_at": at}
        body = json.dumps(said).encode()
        return self.do("sync_session", self.site, {"origin": ORIGIN}, body).reason

    def call(self, headers: dict[str, str], body: bytes = BODY) -> Decision:
        return self.do("call_event", self.site, headers, body)

    def new(self, id: str) -> Decision:
        return self.call(signed(id))


def signed(id: str) -> dict[str, str]:
    return event(id, at=time.time())


@contextmanager
def backend(
    admission: str | None,
    calls: str,
    url: str,
    *,
    redis_at: str | None = None,
    size: int = 4,
    **more: Any,
) -> Iterator[tuple[Backend, dict[str, Any]]]:
    """The gate, and the stores that it was built from."""
    with ExitStack() as stack:
        loop = None if calls == "psycopg" else stack.enter_context(Loop())
        pg = stack.enter_context(postgres_engine(calls, url, size, loop)).store
        stores: dict[str, Any] = {"admission": pg, "sessions": pg, "calls": pg}
        if admission is not None:
            quick = {"socket_timeout": 0.4} if redis_at else {}
            made = stack.enter_context(redis_engine(admission, redis_at, loop, **quick))
            stores["admission"] = made.store
        own = Backend(stores, loop, **more)
        try:
            yield own, stores
        finally:
            own.close()


@pytest.mark.parametrize(("admission", "calls"), MIXED)
def test_a_whole_gate(admission: str | None, calls: str, url: str) -> None:
    with backend(admission, calls, url, conversion={"delay_s": 0}) as (own, _):
        assert (own.new("e0").status, own.new("e1").reason) == (204, "no_session")
        assert own.consent("analytics") == "stored"
        first = signed("e2")
        accepted = own.call(first)
        assert (accepted.outcome, accepted.marketing) == ("accepted", "skipped")
        for headers in (first, signed("e2")):
            again = own.call(headers)
            assert (again.reason, again.call_id) == ("duplicate", accepted.call_id)
        assert own.call({**first, "webhook-id": "other"}).status == 401

        assert accepted.call_id
        assert own.do("confirm_sale", own.site, accepted.call_id).reason == "skipped"
        assert own.consent("analytics", "marketing") == "stored"
        sold = [own.do("confirm_sale", own.site, accepted.call_id).reason for _ in range(2)]
        assert sold == ["enqueued", "already_enqueued"]
        assert own.do("confirm_sale", own.site, "ab" * 16).status == 404
        queued = own.new("e3")
        assert queued.marketing == "enqueued"
        taken = own.do("take_conversions", own.site, 10).conversions
        assert {job.call_id for job in taken} == {accepted.call_id, queued.call_id}
        assert [job.body for job in taken] == [BODY, BODY]
        for job in taken:
            assert own.do("finish_conversion", job, "sent").status == 200
        assert own.do("take_conversions", own.site, 10).conversions == []

        own.consent()
        assert own.new("e4").reason == "consent_withdrawn"
        assert own.do("erase", own.site, "f").status == 200
        assert own.do("confirm_sale", own.site, accepted.call_id).status == 404
        assert own.new("e5").reason == "no_session"
        assert own.do("purge", 100).status == 200


@pytest.mark.parametrize(("admission", "calls"), MIXED)
def test_fields_21_and_22_work_of_the_hosts_own(
    admission: str | None, calls: str, url: str
) -> None:
    """Once, over a lease that lapsed; and who comes late is told, also by another signature."""
    with backend(admission, calls, url, **LAPSING) as (own, _):

        async def awaited(what: Any) -> Any:
            return await what

        def done(what: Any) -> Any:
            return own.loop.run(awaited(what)) if own.loop else what

        def admit(id: str) -> Any:
            return done(own.gate.admit(own.site, signed(id), BODY))

        late = admit("h1")
        assert (late.admitted, late.decision.status) == (True, 503)
        held = admit("h1").decision
        assert (held.reason, held.status) == ("in_flight", 409)
        time.sleep(held.retry_after)
        successor = admit("h1")
        assert successor.admitted
        assert done(late.commit()).reason == "commit_lost"
        assert admit("h1").decision.reason == "in_flight"
        assert done(successor.commit()).reason == "committed"
        assert admit("h1").decision.reason == "duplicate"
        for _ in range(2):
            assert done(admit("h2").release()).reason == "uncommitted"
        assert done(admit("h2").commit()).reason == "committed"


@pytest.mark.parametrize(("admission", "calls"), [MIXED[0], MIXED[3], MIXED[5]])
def test_field_21_an_outcome_that_is_unknown(
    admission: str | None, calls: str, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In flight until the lease is over; then the row is found, and there is one."""
    with backend(admission, calls, url) as (own, stores):
        own.consent("analytics")
        view = stores["calls"].calls
        record = view.record

        def lost(request: Any, timeout_s: float) -> Any:
            record(request, timeout_s)
            raise ConnectionError

        async def lost_later(request: Any, timeout_s: float) -> Any:
            await record(request, timeout_s)
            raise ConnectionError

        # A gate looks at its stores once, when it is built.
        monkeypatch.setattr(view, "record", lost_later if own.loop else lost)
        broken = Backend(stores, own.loop, site_id=own.site, **LAPSING)
        headers = signed("e1")
        assert broken.call(headers).reason == "store_failed"
        broken.close()
        held = own.call(signed("e1"))
        assert held.reason == "in_flight"
        assert held.retry_after
        time.sleep(held.retry_after)
        assert own.call(signed("e1")).reason == "duplicate"


@pytest.mark.parametrize("calls", ["psycopg", "psycopg asyncio", "asyncpg"])
@pytest.mark.parametrize("role", ["admission", "calls"])
def test_field_35_36_a_stall_is_503_in_time_and_over_when_it_is_over(
    role: str, calls: str, url: str
) -> None:
    plain = calls == "psycopg"
    behind = redis_url() if role == "admission" else url
    with door(behind) as (between, through):
        at: Json = {"redis_at": through} if role == "admission" else {}
        own_url = url if role == "admission" else through
        name = "redis" if plain else "redis.asyncio"
        with backend(name, calls, own_url, size=2, **at) as (own, stores):
            brief = Backend(stores, own.loop, site_id=own.site, **BRIEF)
            own.consent("analytics")
            assert own.new("before").outcome == "accepted"
            between.stall()
            for number in range(4):
                start = time.monotonic()
                stalled = brief.new(f"stalled-{number}")
                assert (stalled.status, stalled.reason) == (503, "store_failed")
                assert stalled.retry_after == 1
                assert time.monotonic() - start < 2
            between.go_on()
            brief.close()
            for number in range(600):
                after = own.new(f"after-{number}")
                if after.status != 503:
                    break
                time.sleep(0.05)
            assert after.outcome == "accepted"
            # What was found out about a flood of events holds for each of the pool's connections.
            for number in range(4):
                assert own.new(f"good-{number}").outcome == "accepted"
            for number in range(4):
                again = own.new(f"stalled-{number}")
                if again.reason == "in_flight":
                    assert again.retry_after
                    time.sleep(again.retry_after)
                    again = own.new(f"stalled-{number}")
                assert again.outcome in ("accepted", "noop")


def test_law_11_other_calls_go_on_while_a_server_stalls(url: str) -> None:
    with (
        door(url) as (between, through),
        backend("redis.asyncio", "asyncpg", through) as (own, stores),
    ):
        own.consent("analytics")
        brief = Backend(stores, own.loop, site_id=own.site, **BRIEF)
        between.stall()

        async def many() -> None:
            calls = [
                asyncio.ensure_future(brief.gate.call_event(own.site, signed(f"m{n}"), BODY))
                for n in range(10)
            ]
            await asyncio.sleep(0.1)
            start = time.monotonic()
            refused = await brief.gate.call_event(own.site, {}, BODY)
            assert refused.status == 401
            assert time.monotonic() - start < 0.2
            for decision in await asyncio.gather(*calls):
                assert decision.status == 503

        assert own.loop
        own.loop.run(many())
        brief.close()
        between.go_on()


def test_law_3_threads_over_the_engines(url: str) -> None:
    """Eight threads send the same events: each is recorded once."""
    rate = {"capacity": 1000, "per_minute": 1000}
    with backend("redis", "psycopg", url, size=8) as (own, _):
        keys = [{"id": "k1", "secret": SECRET}]
        own.gate.set_site(own.site, {"keys": keys, "origins": [ORIGIN], "rate": rate})
        own.consent("analytics", "marketing")
        sent = [signed(f"t{number}") for number in range(25)]
        seen: list[Decision] = []

        def send() -> None:
            seen.extend(own.call(headers) for headers in sent)

        threads = [threading.Thread(target=send) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert {decision.status for decision in seen} <= {200, 409}
        accepted = [decision for decision in seen if decision.outcome == "accepted"]
        assert len({decision.call_id for decision in accepted}) == len(accepted) == 25


def test_methods_of_a_store_are_of_one_form(url: str) -> None:
    """Else a gate would refuse it, or worse, would not."""
    for kind in ("psycopg", "asyncpg"):
        with postgres_engine(kind, url) as made:
            for role in ("admission", "sessions", "calls"):
                view = getattr(made.store, role)
                names = [name for name in dir(view) if not name.startswith("_")]
                for name in set(names) - {"store"}:
                    method = getattr(view, name)
                    assert inspect.iscoroutinefunction(method) == made.is_waited_for


def test_a_missing_engine_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CONSENTGATE_TEST_REDIS_URL")
    with pytest.raises(AssertionError, match=r"scripts/engines\.sh"):
        engine("CONSENTGATE_TEST_REDIS_URL")


def test_eviction_is_refused_before_anything_is_admitted(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Loop() as loop, redis_client("redis.asyncio", None, loop) as (client, _):

        async def info(section: str) -> Any:
            return {"maxmemory_policy": "volatile-lru"}

        monkeypatch.setattr(client, "info", info)
        with postgres_engine("asyncpg", url, 2, loop) as made:
            pg = made.store
            stores = {"admission": redis_store(client), "sessions": pg, "calls": pg}
            own = Backend(stores, loop)
            refused = own.new("e1")
            own.close()
            assert (refused.status, refused.reason) == (503, "store_failed")
            assert "volatile-lru" in str(refused.error)
