"""A backend, Redis or Postgres is killed at each effect, on either side of it, under load."""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Literal, get_args

import pytest
from backends import LANGUAGES
from claims import claims_left, keys_without_end
from effects import EFFECTS, OF_ADMISSION
from engines import Engines
from ledger import Ledger
from load import under_load
from proxy import Side, Trap
from world import Admission, World, log_tails, world

# An effect that is not met for so long, under load, never is.
MET_S = 30
ENDED = 12
Victim = Literal["backend", "engine"]
VICTIMS: tuple[Victim, ...] = get_args(Victim)
SIDES: tuple[Side, ...] = get_args(Side)


@dataclass(frozen=True)
class Kill:
    """Of the backend that asks for the effect, or of the engine that it asks."""

    victim: Victim
    effect: str
    side: Side
    language: str


def full_matrix(effects: Iterable[str]) -> Iterator[Kill]:
    for victim, effect, side, language in product(VICTIMS, effects, SIDES, LANGUAGES):
        yield Kill(victim, effect, side, language)


def rotated(effects: Iterable[str]) -> Iterator[Kill]:
    """Each victim, effect and side once, the languages in turn."""
    for number, kill in enumerate(full_matrix(effects)):
        turn = number // len(LANGUAGES)
        if kill.language == LANGUAGES[turn % len(LANGUAGES)]:
            yield kill


@pytest.mark.parametrize("victim", VICTIMS)
@pytest.mark.parametrize("admission", get_args(Admission))
def test_laws_3_and_4_hold_when_killed_at_each_effect(
    engines: Engines, soak: bool, victim: Victim, admission: Admission
) -> None:
    # The other effects are Postgres's either way.
    effects = EFFECTS if soak or admission == "redis" else OF_ADMISSION
    kills = full_matrix(effects) if soak else rotated(effects)
    asyncio.run(storm(engines, admission, [kill for kill in kills if kill.victim == victim]))


async def storm(engines: Engines, admission: Admission, kills: list[Kill]) -> None:
    ledger = Ledger()
    async with world(engines, LANGUAGES, quick=True, proxied=True, admission=admission) as here:
        async with under_load(here, ledger):
            for kill in kills:
                await perform(here, kill)
                await recovered(ledger, kill)
        faults = [*keys_without_end(here), *await claims_left(here)]
        faults += ledger.faults + ledger.faults_of_stores(here)
        print(f"{len(kills)} kills, {len(ledger.events)} events, answers: {dict(ledger.answers)}")
        assert not faults, "\n".join([*faults[:20], log_tails(here)])


async def recovered(ledger: Ledger, kill: Kill) -> None:
    """Events end again, before the next one is killed."""
    enough = ledger.ended + ENDED
    try:
        async with asyncio.timeout(MET_S):
            while ledger.ended < enough:
                await asyncio.sleep(0.02)
    except TimeoutError:
        pytest.fail(f"nothing goes on within {MET_S} s after {kill}")


async def perform(here: World, kill: Kill) -> None:
    backend, engine = here.of(kill.language), here.engine_of(kill.effect)

    async def strike() -> None:
        if kill.victim == "engine":
            here.engines.kill(engine)
        else:
            backend.kill()

    trap = Trap(kill.effect, kill.side, strike)
    here.proxies[backend.name][engine].arm(trap)
    try:
        async with asyncio.timeout(MET_S):
            await trap.sprung.wait()
    except TimeoutError:
        pytest.fail(f"not met within {MET_S} s: {kill}\n{log_tails(here)}")
    if kill.victim == "engine":
        await asyncio.to_thread(here.engines.up)
    else:
        await backend.ended()
        await backend.start()
