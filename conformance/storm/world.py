"""Backends, with or without proxies to the engines, that share one site of their own."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from backends import Backend
from effects import EFFECT_OF, OF_ADMISSION
from engines import NAMES, STATE, Engines
from events import ORIGIN, SECRET
from proxy import Proxy

# Where claims and buckets are; the rest is in Postgres.
Admission = Literal["redis", "postgres"]

QUICK_TOLERANCE_S = 2
# A claim of the quick configuration is over after 5 s, whoever held it; a second more for a store
# that drops it late, and one for a busy machine.
QUICK_CLAIM_S = 5 + 1 + 1


def configuration(site: str, *, quick: bool) -> dict[str, object]:
    """Quick: tolerance, lease and deadlines of a second or two; a test can wait for them."""
    much = {"capacity": 1_000_000, "per_minute": 1_000_000}
    a_site: dict[str, object] = {
        "keys": [{"id": "k1", "secret": SECRET}],
        "origins": [ORIGIN],
        "sync": {"per_site": much, "per_ip": much},
    }
    config: dict[str, object] = {
        "sites": {site: a_site},
        "hash_secret": "b25lIHNlY3JldCBmb3IgYWxsIHRoZSBiYWNrZW5kcw==",
        "conversion": {"delay_s": 0},
    }
    if quick:
        a_site["tolerance_s"] = QUICK_TOLERANCE_S
        config["claim"] = {"ttl_s": 4, "lease_s": 3}
        config["deadline_ms"] = {"admit": 800, "find": 500, "record": 800, "settle": 700}
    else:
        # Nothing fails there, and a busy machine is no failure.
        config["deadline_ms"] = {"admit": 6000, "find": 6000, "record": 8000, "settle": 6000}
    return config


@dataclass
class World:
    engines: Engines
    site: str
    admission: Admission
    quick: bool
    backends: list[Backend] = field(default_factory=list)
    proxies: dict[str, dict[str, Proxy]] = field(default_factory=dict)

    @property
    def fresh_s(self) -> float:
        """How old a signed time may be before a sender signs anew."""
        return QUICK_TOLERANCE_S - 0.5 if self.quick else 250

    def engine_of(self, effect: str) -> str:
        return self.admission if effect in OF_ADMISSION else "postgres"

    def of(self, language: str) -> Backend:
        return next(backend for backend in self.backends if backend.language == language)


@asynccontextmanager
async def world(
    engines: Engines,
    languages: Iterable[str],
    *,
    quick: bool,
    proxied: bool,
    admission: Admission = "redis",
) -> AsyncIterator[World]:
    engines.up()
    engines.empty()
    here = World(engines, f"storm-{uuid.uuid4().hex[:8]}", admission, quick)
    logs = STATE / "logs" / here.site
    logs.mkdir(parents=True)
    config = logs / "config.json"
    config.write_text(json.dumps(configuration(here.site, quick=quick)))
    try:
        for number, language in enumerate(languages):
            name = f"{language}-{number}"
            here.proxies[name] = await proxies(engines) if proxied else {}
            environment = stores(here, here.proxies[name]) | {"GATE_CONFIG": str(config)}
            here.backends.append(Backend(name, language, environment, logs))
        await asyncio.gather(*(backend.start() for backend in here.backends))
        yield here
    finally:
        for backend in here.backends:
            backend.kill()
        await asyncio.gather(*(backend.ended() for backend in here.backends))
        of_all = [each for by_engine in here.proxies.values() for each in by_engine.values()]
        await asyncio.gather(*(proxy.stop() for proxy in of_all))


async def proxies(engines: Engines) -> dict[str, Proxy]:
    made = {}
    for name in NAMES:
        made[name] = Proxy(partial(engines.port, name), EFFECT_OF[name])
        await made[name].start()
    return made


def stores(here: World, through: dict[str, Proxy]) -> dict[str, str]:
    """By which the examples find them; without a Redis, Postgres has all roles."""
    redis, postgres = (
        through[name].port if name in through else here.engines.port(name) for name in NAMES
    )
    database = f"127.0.0.1:{postgres}/{here.engines.database}"
    found = {"GATE_DATABASE_URL": f"postgresql://consentgate@{database}"}
    if here.admission == "redis":
        found["GATE_REDIS_URL"] = f"redis://127.0.0.1:{redis}/0"
    return found


def log_tails(here: World) -> str:
    return "\n".join(f"-- {backend.name}\n{backend.log_tail()}" for backend in here.backends)
