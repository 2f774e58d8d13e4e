"""A store that accepts and never answers: 503 by the deadline, and everybody else goes on."""

import asyncio
import time

import pytest
from backends import LANGUAGES, Backend
from engines import NAMES, Engines
from events import SCOPES, Event
from http_line import Answer
from ledger import Ledger
from proxy import Trap
from sender import EVENT_PATH, Sender
from world import World, log_tails, world

# The deadlines of the quick configuration together, and what a busy machine may add.
ANSWERED_S = 2.8 + 1.5
# More than any pool of connections has.
DUPLICATES = 60


async def send(backend: Backend, here: World, event: Event) -> Answer:
    return await backend.post(EVENT_PATH + here.site, event.headers(), event.body)


async def events_of(here: World, ledger: Ledger, count: int) -> list[Event]:
    """Of people who agreed to all."""
    names = [f"{len(ledger.events) + number:06}" for number in range(count)]
    made = [Event(f"evt_{name}", f"person-{name}", "marketing", here.fresh_s) for name in names]
    sender = Sender(here.site, here.backends, ledger, 0)
    for event in made:
        ledger.events[event.id] = event
        await sender.state(event.fingerprint, SCOPES["marketing"], time.time() - 60)
    return made


@pytest.mark.parametrize("effect", ["admit", "find", "record"])
def test_field_36_one_stalled_connection_holds_up_one_event(engines: Engines, effect: str) -> None:
    asyncio.run(one_connection(engines, effect))


async def one_connection(engines: Engines, effect: str) -> None:
    ledger = Ledger()
    async with world(engines, LANGUAGES, quick=True, proxied=True) as here:
        for backend in here.backends:
            made = await events_of(here, ledger, 11)
            await stalled_at(here, backend, effect, made[0], made[1:])
            # That connection never answers again, and the backend gets over it by itself.
            sender = Sender(here.site, [backend], ledger, 0)
            await asyncio.gather(*(sender.deliver(event) for event in made))
        faults = ledger.faults + ledger.faults_of_stores(here)
        assert not faults, "\n".join([*faults[:20], log_tails(here)])


async def stalled_at(
    here: World, backend: Backend, effect: str, stuck: Event, others: list[Event]
) -> None:
    async def stall() -> None:
        await asyncio.Event().wait()

    trap = Trap(effect, "before", stall)
    here.proxies[backend.name][here.engine_of(effect)].arm(trap)
    stuck_answer = asyncio.create_task(send(backend, here, stuck))
    async with asyncio.timeout(5):
        await trap.sprung.wait()
    flood = [asyncio.create_task(send(backend, here, stuck)) for _ in range(DUPLICATES)]
    passed = await asyncio.gather(*(send(backend, here, event) for event in others))
    copies = await asyncio.gather(*flood)
    answers = [await stuck_answer, *copies]
    report = log_tails(here)
    assert answers[0].status == 503, report
    assert all(answer.took_s < ANSWERED_S for answer in [*answers, *passed]), report
    # What `find` held up is free again when it is given up: then a copy may be the one to pass.
    assert {answer.status for answer in copies} <= {200, 409, 503}, report
    if effect != "admit":
        # A client with one connection for all asks nothing else of Redis meanwhile.
        assert {answer.status for answer in passed} == {200}, report


@pytest.mark.parametrize("engine", NAMES)
def test_law_11_a_stalled_engine_is_a_503_by_the_deadline(engines: Engines, engine: str) -> None:
    asyncio.run(whole_engine(engines, engine))


async def whole_engine(engines: Engines, engine: str) -> None:
    ledger = Ledger()
    async with world(engines, LANGUAGES, quick=True, proxied=True) as here:
        made = await events_of(here, ledger, 30)
        for by_engine in here.proxies.values():
            by_engine[engine].stall()
        stalled = await asyncio.gather(
            *(send(backend, here, event) for event in made for backend in here.backends)
        )
        report = log_tails(here)
        # A duplicate may meet the claim of the copy before it.
        assert {answer.status for answer in stalled} <= {409, 503}, report
        assert 503 in {answer.status for answer in stalled}, report
        assert all(answer.took_s < ANSWERED_S for answer in stalled), report
        for backend in here.backends:
            unsigned = await backend.post(EVENT_PATH + here.site, {}, made[0].body)
            assert unsigned.status == 401, report
            assert unsigned.took_s < 1, report
        for by_engine in here.proxies.values():
            by_engine[engine].flow()
        sender = Sender(here.site, here.backends, ledger, 0)
        await asyncio.gather(*(sender.deliver(event) for event in made))
        faults = ledger.faults + ledger.faults_of_stores(here)
        assert not faults, "\n".join([*faults[:20], report])
