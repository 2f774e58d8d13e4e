"""Stores of the host's without `async`: built, failing, calling back."""

from __future__ import annotations

import gc
import warnings
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
from consentgate import ConfigError, Decision, Gate, NotWritten, memory

from .reference import NAMES, Reference
from .support import BODY, NOW, ORIGIN, Json, config, event, host_config, statement

WHERE = [
    ("admission", "admit", "replay"),
    ("sessions", "find", "session"),
    ("calls", "record", "insert"),
]


class Host:
    """All roles in plain Python, one method of which can be told to do something else."""

    def __init__(self) -> None:
        self.reference = Reference(lambda: NOW * 1000)
        self.stores: dict[str, Any] = self.reference.stores()
        self.asked: list[tuple[str, str]] = []
        for role, store in self.stores.items():
            for name in NAMES:
                if hasattr(store, name):
                    setattr(store, name, self._asked(role, name, getattr(store, name)))
        self.gate = Gate(host_config(), self.stores)
        headers = {"origin": ORIGIN}
        self.gate.sync_session("acme", headers, statement("analytics", "marketing"), now=NOW)
        self.asked.clear()

    def _asked(self, role: str, name: str, method: Any) -> Any:
        def asked(request: Json, timeout_s: float) -> Any:
            self.asked.append((role, name))
            return self.told.get((role, name), method)(request, timeout_s)

        return asked

    told: dict[tuple[str, str], Any]

    def when(self, role: str, method: str, then: Any) -> Decision:
        """What an event is answered when that method does that."""
        self.told = {(role, method): then}
        return self.call()

    def call(self, id: str = "e1") -> Decision:
        return self.gate.call_event("acme", event(id), BODY, now=NOW)


Host.told = {}


@pytest.fixture
def host() -> Iterator[Host]:
    host = Host()
    yield host
    host.told = {}


def raising(error: BaseException) -> Any:
    def method(request: Json, timeout_s: float) -> Any:
        raise error

    return method


def replying(reply: Any) -> Any:
    return lambda request, timeout_s: reply


def test_a_store_of_plain_python(host: Host) -> None:
    assert host.call().outcome == "accepted"
    assert host.asked == [
        ("admission", "admit"),
        ("sessions", "find"),
        ("calls", "record"),
        ("admission", "settle"),
    ]
    assert host.call().outcome == "noop"


@pytest.mark.parametrize(("role", "method", "stage"), WHERE)
def test_law_11_a_store_that_raises(host: Host, role: str, method: str, stage: str) -> None:
    error = LookupError("secret-fingerprint")
    decision = host.when(role, method, raising(error))
    assert (decision.status, decision.reason, decision.stage) == (503, "store_failed", stage)
    assert decision.retry_after == 1
    assert decision.error is error
    assert "secret" not in repr(decision) + str(decision) + str(decision.headers)
    assert b"secret" not in decision.body
    assert host.gate.counters()["store_failures"][role]["errors"] == 1  # type: ignore[index]


def test_field_24_what_is_given_back_and_what_is_not(host: Host) -> None:
    """Before the record was sent, or where nothing was written for sure. Else: the lease."""
    for id, role, method, error, after in (
        ("a", "sessions", "find", LookupError(), 200),
        ("b", "calls", "record", NotWritten(), 200),
        ("c", "calls", "record", LookupError(), 409),
        ("d", "admission", "admit", LookupError(), 200),
        ("e", "admission", "settle", LookupError(), 409),
    ):
        host.told = {(role, method): raising(error)}
        expected = 200 if method == "settle" else 503
        assert host.call(id).status == expected, id
        host.told = {}
        assert host.call(id).status == after, id


NONSENSE: list[Any] = [
    *(None, 1, "accepted", b"", [], {}, object(), float("nan"), {1: 2}, {"outcome": None}),
    *({"outcome": "\udc80"}, {"outcome": ["accepted"]}, {"outcome": True}, ("outcome", "full")),
    *({"outcome": 10**400}, {"session": {}}, {"session": None}, {"call": {}}, {"a": {1, 2}}),
    {"outcome": "admitted", "takeover": "no"},
    {"outcome": "done", "result": "accepted"},
    {"outcome": "held", "retry_ms": -1},
    {"outcome": "held", "retry_ms": 1.5},
    {"outcome": "limited", "retry_ms": 1, "bucket": 9},
    {"outcome": "inserted", "marketing": "maybe"},
    {"outcome": "exists", "call_id": "x", "marketing": "enqueued"},
]


def _loop() -> Any:
    loop: dict[str, Any] = {"outcome": "full"}
    loop["outcome"] = loop["self"] = loop
    return loop


@pytest.mark.parametrize(
    "reply", [*NONSENSE, _loop(), {"x": [0] * 10**6}], ids=lambda r: repr(r)[:30]
)
@pytest.mark.parametrize(("role", "method", "stage"), WHERE)
def test_law_11_nonsense(host: Host, role: str, method: str, stage: str, reply: Any) -> None:
    decision = host.when(role, method, replying(reply))
    assert (decision.status, decision.reason, decision.stage) == (503, "store_failed", stage)
    assert type(decision.error) is ValueError


def test_a_wide_reply_is_not_walked_through(host: Host) -> None:
    wide: Any = 0
    for _ in range(4):
        wide = [wide] * 256
    assert host.when("sessions", "find", replying(wide)).status == 503


class Lazy:
    """Like the proxies of web frameworks outside of a request."""

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        raise LookupError


class LazyError(Lazy, Exception):
    pass


def test_what_may_not_be_asked_what_it_is(host: Host) -> None:
    assert type(host.when("sessions", "find", replying(Lazy())).error) is ValueError
    decision = host.when("calls", "record", raising(LazyError()))
    assert (decision.status, type(decision.error)) == (503, LazyError)


def test_a_reply_that_is_waited_for_is_nonsense_and_is_closed(host: Host) -> None:
    async def reply() -> Json:
        return {"outcome": "full"}

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        decision = host.when("sessions", "find", lambda request, timeout_s: reply())
        gc.collect()
    assert (decision.status, type(decision.error)) == (503, ValueError)


class Stop(BaseException):
    pass


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(1), Stop(), GeneratorExit()])
def test_what_ends_the_program_passes_and_gives_back(host: Host, error: BaseException) -> None:
    with pytest.raises(type(error)):
        host.when("sessions", "find", raising(error))
    assert host.asked[-1] == ("admission", "settle")
    host.told = {}
    assert host.call().outcome == "accepted"


def test_a_clock_that_fails_half_way_gives_back(host: Host) -> None:
    told: list[Any] = [NOW, NOW]
    gate = Gate(host_config(), host.stores, lambda: told.pop() if told else float("nan"))
    with pytest.raises(ValueError, match="what `clock` returns"):
        gate.call_event("acme", event(), BODY)
    assert host.asked[-1] == ("admission", "settle")
    assert host.call().outcome == "accepted"


def test_a_store_may_call_the_gate_again(host: Host) -> None:
    """Nothing is locked, borrowed or detached while a store is at work."""
    inner: list[Decision] = []
    own = host.reference.stores()["sessions"]

    def find(request: Json, timeout_s: float) -> Any:
        if not inner:
            inner.append(host.call())
            inner.append(host.call("e2"))
            host.gate.set_site("other", {"keys": [{"id": "k", "secret": bytes(24)}]})
            host.gate.metrics()
        return own.find(request, timeout_s)  # type: ignore[attr-defined]

    assert host.when("sessions", "find", find).outcome == "accepted"
    assert [decision.reason for decision in inner] == ["in_flight", "accepted"]


def test_a_store_may_close_the_gate(host: Host) -> None:
    """Decisions under way come to their end."""
    own = host.reference.stores()["sessions"]

    def find(request: Json, timeout_s: float) -> Any:
        host.gate.close()
        return own.find(request, timeout_s)  # type: ignore[attr-defined]

    assert host.when("sessions", "find", find).outcome == "accepted"
    with pytest.raises(ValueError, match="closed"):
        host.call()


def test_a_request_is_the_store_s_to_change(host: Host) -> None:
    def admit(request: Json, timeout_s: float) -> Any:
        request.clear()
        return {"outcome": "admitted", "takeover": False}

    assert host.when("admission", "admit", admit).outcome == "accepted"


def test_an_exception_does_not_keep_its_decision_alive(host: Host) -> None:
    """Its traceback leads to the frame that holds the decision: a cycle for the collector."""

    class Failed(Exception):
        pass

    def fail(request: Json, timeout_s: float) -> Any:
        raise Failed

    def decide() -> weakref.ref[BaseException]:
        decision = host.when("sessions", "find", fail)
        assert decision.error is not None
        return weakref.ref(decision.error)

    gone = decide()
    gc.collect()
    assert gone() is None


class Sessions:
    def find(self, request: Any, timeout_s: float) -> Any: ...
    def put(self, request: Any, timeout_s: float) -> Any: ...
    def delete(self, request: Any, timeout_s: float) -> Any: ...
    def purge(self, request: Any, timeout_s: float) -> Any: ...


class AsyncSessions(Sessions):
    async def put(self, request: Any, timeout_s: float) -> Any: ...


def test_what_is_no_store_is_refused_when_built() -> None:
    def build(sessions: object) -> None:
        stores = {"admission": memory(), "sessions": sessions, "calls": memory()}
        Gate(host_config(sessions_apart=True), stores)

    build(Sessions())
    with pytest.raises(TypeError, match=r"`put` of the store for `sessions` is async"):
        build(AsyncSessions())
    for nothing in (None, object(), {}):
        with pytest.raises(TypeError, match="the store for `sessions` has no method `find`"):
            build(nothing)


def test_one_store_or_two() -> None:
    class Both(Sessions):
        record = enqueue = erase = take = finish = Sessions.find

    class View(Both):
        def __init__(self, store: object) -> None:
            self.store = store

    def build(sessions: object, calls: object, **more: Any) -> None:
        Gate(host_config(**more), {"admission": memory(), "sessions": sessions, "calls": calls})

    both, store = Both(), object()
    build(both, both)
    build(View(store), View(store))
    build(View(both), both)
    for sessions, calls in ((Both(), Both()), (View(1), View(2)), (both, memory())):
        with pytest.raises(ConfigError) as raised:
            build(sessions, calls)
        assert [fault.path for fault in raised.value.faults] == ["sessions_apart"]
        build(sessions, calls, sessions_apart=True)
    with pytest.raises(ConfigError) as raised:
        Gate(config(), {"admission": memory(), "sessions": both, "calls": both})
    assert [fault.path for fault in raised.value.faults] == ["hash_secret"]
