"""Which task a store is asked in, what it finds there, and what becomes of one that is given up."""

from __future__ import annotations

import asyncio
import gc
import sys
import weakref
from contextvars import ContextVar
from typing import Any

import pytest
from consentgate import AsyncGate, Decision

from .support import BODY, NOW, Json, event, host_config
from .test_stores_asyncio import FAST, Host, never, run

CALLS = [("admission", "admit"), ("sessions", "find"), ("calls", "record"), ("admission", "settle")]

caller: ContextVar[str] = ContextVar("caller", default="nobody")


class Watched(Host):
    """Of whom each call of a store is told before it is answered, and again after it has waited."""

    def __init__(self, *, waits: bool, **deadline_ms: int) -> None:
        super().__init__(**deadline_ms)
        self.waits = waits
        self.seen: list[tuple[str, Any]] = []

    def see(self, what: Any) -> None:
        """Before each call, notes `what()`; after it has waited, once more."""
        for role, name in CALLS:
            self.told[role, name] = self._seeing(role, name, what)

    def _seeing(self, role: str, name: str, what: Any) -> Any:
        plain = getattr(self.reference.stores()[role], name)

        async def seeing(request: Json, timeout_s: float) -> Any:
            self.seen.append((name, what()))
            if self.waits:
                await asyncio.sleep(0)
                self.seen.append((name, what()))
            return plain(request, timeout_s)

        return seeing


@pytest.mark.parametrize("waits", [False, True])
def test_a_decision_asks_its_stores_in_one_task_of_its_own(waits: bool) -> None:
    async def test() -> None:
        host = Watched(waits=waits)
        await host.consent()
        host.see(asyncio.current_task)
        assert (await host.call()).outcome == "accepted"
        names = [name for _, name in CALLS for _ in range(1 + waits)]
        assert [name for name, _ in host.seen] == names
        (task,) = {task for _, task in host.seen}
        assert task is not asyncio.current_task()
        await asyncio.sleep(0)
        assert task.done()
        assert not task.cancelled()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run(test)


@pytest.mark.parametrize("waits", [False, True])
def test_a_store_sees_the_context_of_the_caller_and_leaves_it_alone(waits: bool) -> None:
    async def test() -> None:
        host = Watched(waits=waits)
        await host.consent()

        def seen() -> str:
            before = caller.get()
            caller.set(before.upper())
            return before

        host.see(seen)
        caller.set("alice")
        assert (await host.call()).outcome == "accepted"
        assert host.seen[0] == ("admit", "alice")
        assert {what for _, what in host.seen[1:]} == {"ALICE"}
        assert caller.get() == "alice"

    run(test)


def test_a_store_may_reset_what_it_set_before_it_waited() -> None:
    async def test() -> None:
        host = await Host().consent()
        find = host.reference.stores()["sessions"].find  # type: ignore[attr-defined]

        async def resetting(request: Json, timeout_s: float) -> Any:
            token = caller.set("store")
            await asyncio.sleep(0)
            caller.reset(token)
            return find(request, timeout_s)

        host.told["sessions", "find"] = resetting
        assert (await host.call()).outcome == "accepted"

    run(test)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="asyncio.timeout is of 3.11")
@pytest.mark.parametrize("is_caught", [False, True])
def test_a_deadline_of_the_store_s_own_ends_its_call_alone(is_caught: bool) -> None:
    async def test() -> None:
        host = await Host().consent()
        find = host.reference.stores()["sessions"].find  # type: ignore[attr-defined]

        async def hasty(request: Json, timeout_s: float) -> Any:
            try:
                async with asyncio.timeout(0):
                    await asyncio.Event().wait()
            except TimeoutError:
                if not is_caught:
                    raise
            return find(request, timeout_s)

        host.told["sessions", "find"] = hasty
        decision = await host.call()
        assert decision.outcome == ("accepted" if is_caught else "unavailable")
        assert (decision.error is None) == is_caught
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0

    run(test)


def test_law_11_after_a_late_store_the_decision_goes_on_in_another_task() -> None:
    async def test() -> None:
        host = await Host(**{**FAST, "settle": 5000}).consent()
        tasks: dict[str, Any] = {}
        settle = host.reference.stores()["admission"].settle  # type: ignore[attr-defined]
        go = asyncio.Event()

        async def find(request: Json, timeout_s: float) -> Any:
            """Goes on after it was given up, and has something to say then."""
            tasks["find"] = asyncio.current_task()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                await go.wait()
            return {"session": None, "floor_ms": None}

        async def settled(request: Json, timeout_s: float) -> Any:
            tasks["settle"] = asyncio.current_task()
            go.set()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert tasks["find"].done()
            return settle(request, timeout_s)

        host.told.update({("sessions", "find"): find, ("admission", "settle"): settled})
        decision = await host.call()
        assert (decision.reason, decision.stage) == ("store_failed", "session")
        assert isinstance(decision.error, TimeoutError)
        assert tasks["find"] is not tasks["settle"]
        assert [name for _, name in host.asked] == ["admit", "find", "settle"]
        assert host.reference.claims == {}

    run(test)


@pytest.mark.parametrize(("admit", "find"), [(5000, 10), (10, 5000)])
def test_law_11_each_call_has_its_own_deadline(admit: int, find: int) -> None:
    """Whether the timer that was set for the call before would ring too late, or too early."""

    async def test() -> None:
        host = await Host(admit=admit, find=find).consent()
        stores = host.reference.stores()
        admitting = stores["admission"].admit  # type: ignore[attr-defined]
        finding = stores["sessions"].find  # type: ignore[attr-defined]

        async def waits_a_turn(request: Json, timeout_s: float) -> Any:
            await asyncio.sleep(0)
            return admitting(request, timeout_s)

        async def waits_longer(request: Json, timeout_s: float) -> Any:
            await asyncio.sleep(0.03)
            return finding(request, timeout_s)

        host.told["admission", "admit"] = waits_a_turn
        host.told["sessions", "find"] = waits_longer
        decision = await asyncio.wait_for(host.call(), 5)
        assert decision.reason == ("store_failed" if find == 10 else "accepted")

    run(test)


def test_a_call_that_is_cancelled_after_stores_that_waited() -> None:
    async def test() -> None:
        host = Watched(waits=True)
        await host.consent()
        host.see(asyncio.current_task)
        reached = asyncio.Event()

        async def find(request: Json, timeout_s: float) -> Any:
            reached.set()
            await never(request, timeout_s)

        host.told["sessions", "find"] = find
        task = asyncio.ensure_future(host.call())
        await reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert host.reference.claims
        await host.gate.close()
        assert [name for _, name in host.asked] == ["admit", "find", "settle"]
        assert host.reference.claims == {}

    run(test)


def test_a_call_that_is_cancelled_in_the_turn_in_which_it_came_to_wait() -> None:
    async def test() -> None:
        host = await Host().consent()
        inner: list[asyncio.Task[bool]] = []

        async def find(request: Json, timeout_s: float) -> Any:
            inner.append(asyncio.ensure_future(asyncio.Event().wait()))
            return await inner[0]

        host.told["sessions", "find"] = find
        task = asyncio.ensure_future(host.call())
        asyncio.get_running_loop().call_soon(task.cancel)
        with pytest.raises(asyncio.CancelledError):
            await task
        await host.gate.close()
        assert all(task.cancelled() for task in inner)
        assert host.reference.claims == {}
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run(test)


def test_a_store_that_cancels_its_own_task_before_it_waits() -> None:
    """As of any task, what it comes to wait for is cancelled."""

    async def test() -> None:
        host = await Host().consent()
        inner: list[asyncio.Task[bool]] = []

        async def find(request: Json, timeout_s: float) -> Any:
            inner.append(asyncio.ensure_future(asyncio.Event().wait()))
            own = asyncio.current_task()
            assert own is not None
            own.cancel()
            return await inner[0]

        host.told["sessions", "find"] = find
        decision = await host.call()
        assert (decision.status, decision.stage) == (503, "session")
        assert isinstance(decision.error, asyncio.CancelledError)
        assert inner[0].cancelled()

    run(test)


def test_what_is_no_error_of_a_store_s_is_passed_on() -> None:
    class Stop(BaseException):
        pass

    async def test(*, waits: bool) -> None:
        host = await Host().consent()

        async def stop(request: Json, timeout_s: float) -> Any:
            if waits:
                await asyncio.sleep(0)
            raise Stop

        host.told["sessions", "find"] = stop
        with pytest.raises(Stop):
            await host.call()
        await host.gate.close()
        assert host.reference.claims == {}

    run(lambda: test(waits=False))
    run(lambda: test(waits=True))


@pytest.mark.parametrize(("role", "name"), CALLS[:2])
def test_what_a_store_raised_is_gone_with_the_decision(role: str, name: str) -> None:
    async def test() -> None:
        class Lost(LookupError):
            pass

        host = await Host().consent()

        async def fail(request: Json, timeout_s: float) -> Any:
            await asyncio.sleep(0)
            raise Lost

        host.told[role, name] = fail
        decision: Decision | None = await host.call()
        assert decision is not None
        error = decision.error
        assert error is not None
        raised = weakref.ref(error)
        gc.disable()
        try:
            del error, decision
            await asyncio.sleep(0)
            assert raised() is None
        finally:
            gc.enable()

    run(test)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="the task goes on with a coroutine")
@pytest.mark.parametrize("waits", [False, True])
def test_a_store_that_goes_on_with_its_own_task_goes_nowhere(waits: bool) -> None:
    async def test() -> None:
        host = await Host().consent()
        find = host.reference.stores()["sessions"].find  # type: ignore[attr-defined]

        async def meddling(request: Json, timeout_s: float) -> Any:
            if waits:
                await asyncio.sleep(0)
            own: Any = asyncio.current_task()
            for _ in range(2):
                with pytest.raises(StopIteration):
                    own.get_coro().send(None)
                with pytest.raises(LookupError):
                    own.get_coro().throw(LookupError())
                with pytest.raises(ValueError, match="taken already"):
                    own.get_coro().begin()
            own.get_coro().close()
            return find(request, timeout_s)

        host.told["sessions", "find"] = meddling
        assert (await host.call()).outcome == "accepted"

    run(test)


@pytest.mark.parametrize("waits", [False, True])
def test_a_clock_that_raises_after_a_store_is_passed_on(waits: bool) -> None:
    async def test() -> None:
        host = await Host().consent()
        times: list[Any] = [NOW, NOW]
        gate = AsyncGate(host_config(), host.stores, lambda: times.pop())

        async def admit(request: Json, timeout_s: float) -> Any:
            if waits:
                await asyncio.sleep(0)
            return admitting(request, timeout_s)

        admitting = host.reference.stores()["admission"].admit  # type: ignore[attr-defined]
        host.told["admission", "admit"] = admit
        with pytest.raises(IndexError):
            await gate.call_event("acme", event("e1"), BODY)
        await gate.close()
        assert [name for _, name in host.asked] == ["admit", "find", "settle"]
        assert host.reference.claims == {}

    run(test)


def test_a_decision_that_nobody_can_end_any_more_is_garbage() -> None:
    class Seen:
        pass

    host = Host()
    seen: list[weakref.ref[Seen]] = []

    async def admit(request: Json, timeout_s: float) -> Any:
        own, ring = Seen(), asyncio.current_task()
        seen.append(weakref.ref(own))
        await asyncio.get_running_loop().create_future()
        return own, ring

    host.told["admission", "admit"] = admit
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda loop, context: None)
    task = loop.create_task(host.call())
    for _ in range(3):
        loop.call_soon(loop.stop)
        loop.run_forever()
    assert seen[0]() is not None
    assert not task.done()
    loop.close()
    del loop, task
    gc.collect()
    assert seen[0]() is None


def test_a_loop_with_a_task_factory_makes_the_tasks() -> None:
    made: list[Any] = []

    def factory(loop: Any, work: Any, **more: Any) -> Any:
        made.append(work)
        return asyncio.Task(work, loop=loop, **more)

    async def test() -> None:
        host = await Host().consent()
        asyncio.get_running_loop().set_task_factory(factory)
        assert (await host.call()).outcome == "accepted"
        assert len(made) == 1

    run(test)


def test_a_gate_serves_one_loop_after_the_other() -> None:
    host = Host()
    asyncio.run(host.consent())
    gate: AsyncGate = host.gate
    for n in range(2):
        decision = asyncio.run(gate.call_event("acme", event(f"e{n}"), BODY, now=NOW))
        assert decision.outcome == "accepted"
