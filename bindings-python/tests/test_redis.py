"""Claims and buckets in Redis, through every client of the package `redis`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from consentgate import AsyncGate, ConfigError, Gate, memory
from consentgate import redis as redis_store
from consentgate._native import ADMIT_LUA
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from .engines import REDIS, Engine, door, new_site, redis_client, redis_engine, redis_url
from .support import Json, call, event, host_config

OWNER, OTHER = "0a" * 16, "0b" * 16
CALL = "00112233445566778899aabbccddeeff"


def claims(number: int = 1) -> list[str]:
    return [f"{'se'[i % 2]}:{i:064x}" for i in range(number)]


def bucket(burst: int = 5, key: str = "ab" * 16, interval_ms: int = 60_000) -> Json:
    return {"name": "fingerprint", "key": key, "interval_ms": interval_ms, "burst": burst}


class Site:
    """One site of its own."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.name = engine, new_site()

    def admit(self, **more: Any) -> Json:
        request: Json = {
            "site": self.name,
            "claims": claims(2),
            "owner": OWNER,
            "lease_ms": 30_000,
            "keep_ms": 600_000,
            "claims_per_site_max": 100,
            "buckets_per_site_max": 100,
            "buckets": [],
        }
        answer: Json = self.engine.ask("admission", "admit", request | more)
        return answer

    def commit(self, **more: Any) -> str:
        request: Json = {
            "site": self.name,
            "claims": claims(2),
            "owner": OWNER,
            "action": "commit",
            "result": "accepted",
            "call_id": CALL,
            "keep_ms": 600_000,
        }
        outcome: str = self.engine.ask("admission", "settle", request | more)["outcome"]
        return outcome

    def release(self, *refund: Json, **more: Any) -> str:
        request: Json = {"site": self.name, "claims": claims(2), "owner": OWNER}
        request |= {"action": "release", "refund": list(refund)}
        outcome: str = self.engine.ask("admission", "settle", request | more)["outcome"]
        return outcome


@pytest.fixture(params=[*REDIS, "redis, decoding", "redis.asyncio cluster, decoding"])
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    """A host's client may make text of replies."""
    kind, _, decoding = request.param.partition(", ")
    with redis_engine(kind, decode_responses=bool(decoding)) as engine:
        yield Site(engine)


ADMITTED: Json = {"outcome": "admitted", "takeover": False}


def test_field_23_held_and_done_are_told_apart(site: Site) -> None:
    assert site.admit() == ADMITTED
    held = site.admit(owner=OTHER)
    assert held["outcome"] == "held"
    assert 29_000 < held["retry_ms"] <= 30_000
    assert site.commit() == "settled"
    assert site.admit(owner=OTHER) == {"outcome": "done", "result": "accepted", "call_id": CALL}


def test_a_refusal_is_remembered(site: Site) -> None:
    assert site.admit() == ADMITTED
    assert site.commit(result="refused", call_id=None) == "settled"
    assert site.admit() == {"outcome": "done", "result": "refused"}


def test_field_22_only_the_owner_settles(site: Site) -> None:
    assert site.admit() == ADMITTED
    assert site.commit(owner=OTHER) == "lost"
    assert site.release(owner=OTHER) == "lost"
    assert site.admit()["outcome"] == "held"
    assert site.release() == "settled"
    assert site.admit() == ADMITTED


def test_field_21_a_lapsed_lease_is_taken_over(site: Site) -> None:
    assert site.admit(lease_ms=1, buckets=[bucket(1)]) == ADMITTED
    time.sleep(0.02)
    taken = site.admit(owner=OTHER, buckets=[bucket(1)])
    assert taken == {"outcome": "admitted", "takeover": True}
    assert site.commit() == "lost"
    assert site.commit(owner=OTHER) == "settled"


def test_field_27_buckets_all_or_none(site: Site) -> None:
    full, one = bucket(2, "01" * 16), bucket(1, "02" * 16)
    assert site.admit(buckets=[full, one]) == ADMITTED
    limited = site.admit(claims=["s:" + "f" * 64], buckets=[full, one])
    assert (limited["outcome"], limited["bucket"]) == ("limited", 1)
    assert 59_000 < limited["retry_ms"] <= 60_000
    assert site.admit(claims=["s:" + "e" * 64], buckets=[full]) == ADMITTED
    assert site.release(full, one) == "settled"
    assert site.admit(buckets=[one]) == ADMITTED


def test_a_statement_claims_nothing(site: Site) -> None:
    one = bucket(1)
    assert site.admit(claims=[], buckets=[one]) == ADMITTED
    assert site.admit(claims=[], buckets=[one])["outcome"] == "limited"


def test_law_9_a_site_that_is_full(site: Site) -> None:
    assert site.admit(claims_per_site_max=2) == ADMITTED
    assert site.admit(claims=["s:" + "f" * 64], claims_per_site_max=2) == {"outcome": "full"}
    other = Site(site.engine)
    assert other.admit(claims_per_site_max=2) == ADMITTED


def test_redis_purges_by_itself(site: Site) -> None:
    purged = site.engine.ask("admission", "purge", {"limit": 10})
    assert purged == {"outcome": "purged", "removed": 0}


def test_field_25_every_key_expires(site: Site) -> None:
    site.admit(buckets=[bucket()])
    site.commit()
    client = site.engine.client
    prefix = f"cg1:{{{site.name}}}:".encode()
    names = [b"n", b"c:s" + bytes(32), b"c:e" + bytes(31) + b"\1", b"b:" + b"\xab" * 16]
    for name in names:
        assert 0 < site.engine.do(client.pttl, prefix + name) <= 700_000, name


@pytest.mark.parametrize("kind", REDIS)
def test_a_server_that_forgot_the_scripts_is_told_them_again(kind: str) -> None:
    with redis_engine(kind) as engine:
        site = Site(engine)
        nodes = {"target_nodes": "primaries"} if "cluster" in kind else {}
        engine.do(engine.client.execute_command, "SCRIPT FLUSH", **nodes)
        assert site.admit() == ADMITTED
        engine.do(engine.client.execute_command, "SCRIPT FLUSH", **nodes)
        assert site.commit() == "settled"


class Servers:
    """What a client says of `maxmemory-policy`, told by the test."""

    def __init__(self, client: Any, monkeypatch: pytest.MonkeyPatch, *, waited_for: bool) -> None:
        self.policy, self.asked = "allkeys-lru", 0

        def info(section: str, **nodes: Any) -> Json:
            self.asked += 1
            server = {"maxmemory_policy": self.policy}
            return {"a": {"maxmemory_policy": "noeviction"}, "b": server} if nodes else server

        async def info_later(section: str, **nodes: Any) -> Json:
            return info(section, **nodes)

        monkeypatch.setattr(client, "info", info_later if waited_for else info)


@pytest.mark.parametrize("kind", REDIS)
def test_field_19_a_redis_that_evicts_is_refused(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with redis_client(kind) as (client, loop):
        servers = Servers(client, monkeypatch, waited_for=loop is not None)
        if loop is None:
            with pytest.raises(ConfigError, match="allkeys-lru"):
                redis_store(client)
            servers.policy = "noeviction"
        site = Site(Engine(redis_store(client), client, loop))
        if loop is not None:
            for _ in range(2):
                with pytest.raises(ConfigError, match="allkeys-lru"):
                    site.admit()
            servers.policy = "noeviction"
        assert site.admit() == ADMITTED
        asked, servers.policy = servers.asked, "allkeys-lru"
        assert site.commit() == "settled"
        assert servers.asked == asked
        allowed = Site(Engine(redis_store(client, allow_eviction=True), client, loop))
        assert allowed.admit() == ADMITTED


@pytest.mark.parametrize("kind", REDIS)
def test_out_of_memory_is_full(kind: str) -> None:
    """A server's own word, from a script that says it at once."""
    with redis_engine(kind) as engine:
        site = Site(engine)
        site.release()
        run = engine.client.execute_command

        def full(*words: Any, **more: Any) -> Any:
            text = "return redis.error_reply('OOM command not allowed when used memory > ...')"
            return run("EVAL", text, *words[2:], **more)

        engine.client.execute_command = full
        assert site.admit() == {"outcome": "full"}
        with pytest.raises(RedisError):
            site.commit()


@pytest.mark.parametrize("kind", ["redis", "redis.asyncio"])
def test_law_11_a_reply_that_the_script_never_gives(kind: str) -> None:
    with redis_engine(kind) as engine:
        site = Site(engine)
        site.release()
        run = engine.client.execute_command
        engine.client.execute_command = lambda *words, **more: run("TIME", **more)
        for ask in (site.admit, site.commit):
            with pytest.raises(ValueError, match="never does"):
                ask()


def test_the_script_asks_for_the_time_once() -> None:
    assert ADMIT_LUA.count("redis.call('TIME')") == 1


def test_what_is_no_client_is_refused() -> None:
    for nothing in (None, object(), "redis://127.0.0.1", {}):
        with pytest.raises(TypeError, match="of the package `redis`"):
            redis_store(nothing)  # type: ignore[call-overload]


def test_field_36_a_client_that_waits_too_long_is_refused() -> None:
    retry = Retry(NoBackoff(), 10)
    for kind in ("redis", "redis cluster"):
        for settings in ({"socket_timeout": None}, {"socket_timeout": 5, "retry": retry}):
            with (
                redis_client(kind, **settings) as (client, _),
                pytest.raises(ValueError, match="`socket_timeout`"),
            ):
                redis_store(client)


def gate(engine: Engine, **more: Any) -> Gate | AsyncGate:
    form = AsyncGate if engine.is_waited_for else Gate
    stores = {"admission": engine.store, "sessions": memory(), "calls": memory()}
    return form(host_config(**more), stores)


def test_a_store_for_the_wrong_gate_or_role_is_refused() -> None:
    with redis_engine("redis") as engine:
        stores = {"admission": engine.store, "sessions": memory(), "calls": memory()}
        with pytest.raises(TypeError, match="`admit` of the store for `admission` must be async"):
            AsyncGate(host_config(), stores)
        with pytest.raises(TypeError, match="the store for `sessions` has no method `find`"):
            Gate(host_config(), {**stores, "sessions": engine.store})


@pytest.mark.parametrize("kind", ["redis", "redis.asyncio"])
def test_field_35_an_outage_is_503_and_over_when_redis_is_back(kind: str) -> None:
    with (
        door(redis_url()) as (between, url),
        redis_engine(kind, url, socket_timeout=1) as engine,
    ):
        body, own = b'{"fingerprint":"f"}', new_site()
        sites = {own: host_config()["sites"]["acme"]}
        deadlines = dict.fromkeys(("admit", "settle"), 1000)
        made = gate(engine, sites=sites, deadline_ms=deadlines)

        def answer(id: str) -> tuple[int, str]:
            decision = decide(made, engine, own, event(id, body), body)
            return decision.status, decision.reason

        assert answer("e1") == (204, "no_session")
        between.stall()
        start = time.monotonic()
        assert answer("e2") == (503, "store_failed")
        assert time.monotonic() - start < 2
        between.go_on()
        assert answer("e3") == (204, "no_session")


def decide(made: Gate | AsyncGate, engine: Engine, site: str, headers: Any, body: bytes) -> Any:
    if engine.loop is None:
        return call(made, "call_event", site, headers, body, now=1_700_000_000)
    return engine.loop.run(made.call_event(site, headers, body, now=1_700_000_000))  # type: ignore[arg-type]


def test_a_redis_that_is_away_does_not_keep_the_host_from_starting() -> None:
    with redis_client("redis", "redis://127.0.0.1:1/0") as (client, _):
        store = redis_store(client)
        with pytest.raises(RedisError):
            store.admission.settle(
                {
                    "site": "s",
                    "claims": claims(),
                    "owner": OWNER,
                    "action": "commit",
                    "result": "refused",
                    "call_id": None,
                    "keep_ms": 1,
                },
                1,
            )
