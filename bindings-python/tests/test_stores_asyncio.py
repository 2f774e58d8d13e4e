"""Stores that are waited for: slow, never answering, cancelled."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable
from typing import Any
from unittest.mock import AsyncMock

import pytest
from consentgate import AsyncGate, Decision, Gate, memory

from .reference import Reference, waited_for
from .support import BODY, NOW, ORIGIN, Json, event, host_config, statement

# Deadlines of a hundredth of a second: what never answers is waited for no longer.
FAST = dict.fromkeys(("admit", "find", "record", "settle"), 10)


class Host:
    """All roles in plain Python, waited for; one method can be told to do something else."""

    def __init__(self, **deadline_ms: int) -> None:
        self.reference = Reference(lambda: NOW * 1000)
        self.asked: list[tuple[str, str]] = []
        self.told: dict[tuple[str, str], Callable[..., Awaitable[Any]]] = {}
        stores: dict[str, Any] = {}
        for role, store in self.reference.stores().items():
            stores[role] = waited_for(store)
            for name, method in list(vars(stores[role]).items()):
                if name != "store":
                    setattr(stores[role], name, self._asked(role, name, method))
        self.stores = stores
        self.gate = AsyncGate(host_config(deadline_ms=deadline_ms), stores)

    def _asked(self, role: str, name: str, method: Any) -> Any:
        async def asked(request: Json, timeout_s: float) -> Any:
            self.asked.append((role, name))
            return await self.told.get((role, name), method)(request, timeout_s)

        return asked

    async def consent(self) -> Host:
        body = statement("analytics", "marketing")
        decision = await self.gate.sync_session("acme", {"origin": ORIGIN}, body, now=NOW)
        assert decision.outcome == "accepted"
        self.asked.clear()
        return self

    async def call(self, id: str = "e1") -> Decision:
        return await self.gate.call_event("acme", event(id), BODY, now=NOW)


async def never(request: Json, timeout_s: float) -> Any:
    await asyncio.Event().wait()


async def stubborn(request: Json, timeout_s: float) -> Any:
    """Does not let itself be cancelled, twice."""
    for _ in range(2):
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            continue


WHERE = [
    ("admission", "admit", "replay"),
    ("sessions", "find", "session"),
    ("calls", "record", "insert"),
]


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def quietly() -> None:
        """Nothing may end unheard of: neither a task nor its exception."""
        heard: list[Json] = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, told: heard.append(told))
        await test()
        gc.collect()
        await asyncio.sleep(0)
        assert heard == []

    asyncio.run(quietly())


@pytest.mark.parametrize("method", [never, stubborn])
@pytest.mark.parametrize(("role", "name", "stage"), WHERE)
def test_law_11_a_store_that_never_answers(role: str, name: str, stage: str, method: Any) -> None:
    async def test() -> None:
        host = await Host(**FAST).consent()
        host.told[role, name] = method
        decision = await asyncio.wait_for(host.call(), 5)
        assert (decision.status, decision.reason, decision.stage) == (503, "store_failed", stage)
        assert isinstance(decision.error, TimeoutError)
        failures = host.gate.counters()["store_failures"]
        assert failures[role] == {"errors": 0, "timeouts": 1}  # type: ignore[index]

    run(test)


@pytest.mark.parametrize(("role", "name", "stage"), WHERE)
def test_law_11_a_store_that_raises(role: str, name: str, stage: str) -> None:
    async def test() -> None:
        host = await Host().consent()
        error = LookupError("secret")

        async def fail(request: Json, timeout_s: float) -> Any:
            await asyncio.sleep(0)
            raise error

        host.told[role, name] = fail
        decision = await host.call()
        assert (decision.status, decision.stage) == (503, stage)
        assert decision.error is error
        assert "secret" not in repr(decision)

    run(test)


def test_a_store_that_cancels_itself_has_failed() -> None:
    async def test() -> None:
        host = await Host().consent()

        async def fail(request: Json, timeout_s: float) -> Any:
            raise asyncio.CancelledError

        host.told["sessions", "find"] = fail
        decision = await host.call()
        assert decision.status == 503
        assert isinstance(decision.error, asyncio.CancelledError)

    run(test)


def test_what_is_not_waited_for_after_all_has_failed() -> None:
    async def test() -> None:
        host = await Host().consent()
        for reply in (None, {"outcome": "full"}, 1):
            mock = AsyncMock(return_value=reply)
            stores = {**host.stores, "sessions": AsyncMock(find=mock)}
            gate = AsyncGate(host_config(sessions_apart=True), stores)
            decision = await gate.call_event("acme", event(str(reply)[:4]), BODY, now=NOW)
            assert decision.status == 503 or decision.reason == "malformed_header"

    run(test)


@pytest.mark.parametrize(
    ("role", "name", "released"),
    [
        ("admission", "admit", False),  # It may have been admitted: the lease decides.
        ("sessions", "find", True),
        ("calls", "record", False),  # It may have been recorded: the lease decides.
    ],
)
def test_a_call_that_is_cancelled(role: str, name: str, released: bool) -> None:
    async def test() -> None:
        host = await Host().consent()
        reached, cancelled = asyncio.Event(), asyncio.Event()

        async def wait(request: Json, timeout_s: float) -> Any:
            reached.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.set()
                raise

        host.told[role, name] = wait
        task = asyncio.ensure_future(host.call())
        await reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await host.gate.close()
        assert cancelled.is_set()
        assert (("admission", "settle") in host.asked) == released
        assert (host.reference.claims == {}) == (released or name == "admit")

    run(test)


def test_a_release_outlives_the_call_that_was_cancelled() -> None:
    async def test() -> None:
        host = await Host().consent()
        reached, go = asyncio.Event(), asyncio.Event()
        settle = host.reference.stores()["admission"].settle  # type: ignore[attr-defined]

        async def find(request: Json, timeout_s: float) -> Any:
            reached.set()
            await asyncio.Event().wait()

        async def slow(request: Json, timeout_s: float) -> Any:
            await go.wait()
            return settle(request, timeout_s)

        host.told.update({("sessions", "find"): find, ("admission", "settle"): slow})
        task = asyncio.ensure_future(host.call())
        await reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        gc.collect()
        assert host.reference.claims
        closing = host.gate.close()
        go.set()
        await closing
        assert host.reference.claims == {}

    run(test)


def test_with_memory_a_cancelled_call_gives_back_at_once() -> None:
    async def test() -> None:
        host = await Host().consent()
        gate = AsyncGate(host_config(), {**host.stores, "admission": memory()})
        host.told["sessions", "find"] = never
        task = asyncio.ensure_future(gate.call_event("acme", event(), BODY, now=NOW))
        await asyncio.sleep(0.01)
        assert host.asked == [("sessions", "find")]
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert gate.counters()["watch"]["call_events"] == 0
        host.told.clear()
        decision = await gate.call_event("acme", event(), BODY, now=NOW)
        assert decision.outcome == "accepted"

    run(test)


def test_a_call_that_is_dropped_without_a_loop() -> None:
    host = Host()
    call = host.gate.call_event("acme", event(), BODY, now=NOW)

    async def start() -> Any:
        reached = asyncio.Event()

        async def find(request: Json, timeout_s: float) -> Any:
            reached.set()
            await never(request, timeout_s)

        host.told["sessions", "find"] = find
        task = asyncio.ensure_future(call)
        await reached.wait()
        return task

    loop = asyncio.new_event_loop()
    loop.run_until_complete(start())._log_destroy_pending = False
    for task in asyncio.all_tasks(loop):
        task._log_destroy_pending = False  # type: ignore[attr-defined]
    loop.close()
    # The loop that a thread has by default runs for nobody here.
    unused = asyncio.new_event_loop()
    asyncio.set_event_loop(unused)
    call.close()
    assert asyncio.all_tasks(unused) == set()
    asyncio.set_event_loop(None)
    unused.close()


def test_closing_waits_for_nothing_of_another_loop() -> None:
    host = Host(find=10)

    async def start() -> None:
        await host.consent()
        host.told["sessions", "find"] = stubborn
        assert (await host.call()).status == 503

    async def close() -> None:
        closing = host.gate.close()

        async def wait() -> None:
            await closing

        await asyncio.wait_for(wait(), 1)

    loop = asyncio.new_event_loop()
    loop.run_until_complete(start())
    asyncio.run(close())
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()


def test_many_at_once() -> None:
    async def test() -> None:
        host = await Host().consent()
        decisions = await asyncio.gather(*(host.call() for _ in range(50)))
        outcomes = [decision.reason for decision in decisions]
        assert outcomes.count("accepted") == 1
        assert set(outcomes) <= {"accepted", "duplicate", "in_flight"}
        assert len(host.reference.calls) == 1

    run(test)


def test_field_38_plain_methods_are_refused_when_built() -> None:
    stores = Reference(lambda: 0).stores()
    with pytest.raises(TypeError, match="`admit` of the store for `admission` must be async"):
        AsyncGate(host_config(), stores)
    with pytest.raises(TypeError, match="give it to AsyncGate"):
        Gate(host_config(), {role: waited_for(store) for role, store in stores.items()})


def test_a_callable_object_may_be_a_method() -> None:
    class Find:
        async def __call__(self, request: Json, timeout_s: float) -> Json:
            return {"session": None, "floor_ms": None}

    async def test() -> None:
        store = waited_for(Reference(lambda: 0).stores()["sessions"])
        store.find = Find()  # type: ignore[attr-defined]
        stores = {"admission": memory(), "sessions": store, "calls": memory()}
        gate = AsyncGate(host_config(sessions_apart=True), stores)
        decision = await gate.call_event("acme", event(), BODY, now=NOW)
        assert decision.reason == "no_session"

    run(test)
