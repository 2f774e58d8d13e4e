"""Objects that behave badly: an answer, a documented error, or the error of the object itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from consentgate import AsyncGate, ConfigError, Conversion, Decision, Gate, NotWritten, sign, verify
from hypothesis import given, settings
from hypothesis import strategies as st

from .support import BODY, NOW, SECRET, config, consented, event
from .test_fuzz import junk
from .test_stores import Host, replying


class Boom(Exception):
    """Raised by an object of the host's: nobody else's business, so it goes through."""


def boom(*_: Any, **__: Any) -> Any:
    raise Boom


class BadMapping(dict[Any, Any]):
    items = keys = values = __iter__ = __len__ = boom


class BadSequence(list[Any]):
    __iter__ = __len__ = __getitem__ = boom


class BadNumber(float):
    __float__ = __int__ = __index__ = __lt__ = boom


class BadText(str):
    __str__ = encode = __len__ = boom


class BadBytes(bytes):
    __bytes__ = __len__ = boom


class Bad:
    __iter__ = __len__ = __getitem__ = __bytes__ = __float__ = __int__ = __index__ = __bool__ = boom
    __str__ = __repr__ = __eq__ = boom
    __hash__ = object.__hash__

    def __getattr__(self, name: str) -> Any:
        raise Boom


class Endless(dict[Any, Any]):
    def items(self) -> Iterator[Any]:  # type: ignore[override]
        while True:
            yield "x", "y"


class Number(int):
    pass


MAKERS: list[Callable[[], Any]] = [
    lambda: BadMapping(event()),
    lambda: BadSequence(event().items()),
    lambda: BadNumber(NOW),
    lambda: BadText("acme"),
    lambda: BadBytes(BODY),
    Bad,
    lambda: Number(NOW),
    lambda: 10**400,
    lambda: float("nan"),
    lambda: "\ud800",
    lambda: "\0",
    lambda: memoryview(bytearray(64))[::2],
    lambda: bytearray(BODY),
    lambda: (name for name in event().items()),
]
objects = st.sampled_from(MAKERS).map(lambda make: make())
any_object = objects | junk
sites = st.just("acme") | any_object
headers = st.just(event()) | st.builds(Endless) | any_object
bodies = st.just(BODY) | any_object
times = st.just(NOW) | st.none() | any_object
quick = settings(max_examples=60, deadline=None, derandomize=True)
GATE = consented(Gate(config()))
ASYNC_GATE = AsyncGate(config())
ALLOWED = (TypeError, ValueError, Boom)


def answered(method: str, /, *given: Any, **named: Any) -> None:
    """By both forms of the gate."""
    for gate in (GATE, ASYNC_GATE):
        try:
            found = getattr(gate, method)(*given, **named)
            decision = asyncio.run(found) if gate is ASYNC_GATE else found
        except ALLOWED:
            continue
        assert isinstance(decision, Decision)


@quick
@given(sites, headers, bodies, st.none() | any_object, times)
def test_requests(site: Any, headers: Any, body: Any, ip: Any, now: Any) -> None:
    answered("call_event", site, headers, body, ip=ip, now=now)
    answered("sync_session", site, headers, body, ip=ip, now=now)


@quick
@given(sites, headers, bodies, st.none() | any_object, times)
def test_webhooks(site: Any, headers: Any, body: Any, ip: Any, now: Any) -> None:
    """And their ends."""

    async def later() -> None:
        admission = await ASYNC_GATE.admit(site, headers, body, ip=ip, now=NOW)
        assert isinstance(await admission.release(now=now), Decision)

    def at_once() -> None:
        admission = GATE.admit(site, headers, body, ip=ip, now=now)
        assert isinstance(admission.release(now=now), Decision)
        with GATE.admit(site, headers, body, ip=ip, now=NOW) as admission:
            assert isinstance(admission.commit(now=now), Decision)

    for call in (at_once, lambda: asyncio.run(later())):
        with suppress(*ALLOWED):
            call()


@quick
@given(headers, bodies, st.tuples(sites, any_object, any_object, any_object), times)
def test_devices(headers: Any, body: Any, line: tuple[Any, ...], now: Any) -> None:
    named = dict(zip(("site", "method", "url", "ip"), line, strict=True))
    answered("device", headers, body, **named, now=now)
    answered("device", headers, body, site="acme", method="POST", url="/v1", ip=None, now=now)


@quick
@given(sites, any_object, any_object, times)
def test_the_host_s_own_calls(site: Any, one: Any, two: Any, now: Any) -> None:
    answered("confirm_sale", site, one, now=now)
    answered("erase", site, one, now=now)
    answered("take_conversions", site, one, now=now)
    answered("finish_conversion", one, two, now=now)
    answered("finish_conversion", one, "retry", retry_in_s=two, now=now)
    answered("purge", one, now=now)


@quick
@given(st.just("standard-webhooks") | any_object, st.just(SECRET) | any_object, headers, bodies)
def test_verify_and_sign(scheme: Any, secret: Any, headers: Any, body: Any) -> None:
    for call in (
        lambda: verify(scheme, secret, headers, body, now=NOW),
        lambda: verify("standard-webhooks", [secret], headers, body, now=NOW, tolerance_s=scheme),
        lambda: sign(scheme, secret, body, now=NOW),
        lambda: sign("standard-webhooks", SECRET, body, id=secret, now=headers),
    ):
        try:
            call()
        except ALLOWED:
            continue


@quick
@given(any_object, any_object)
def test_configurations_and_sites(document: Any, site: Any) -> None:
    for call in (
        lambda: Gate(document),
        lambda: Gate(config(), document),
        lambda: Gate(config(), None, document),
        lambda: AsyncGate(config(), {"sessions": document}),
        lambda: GATE.set_site(site, document),
        lambda: GATE.remove_site(site),
    ):
        try:
            call()
        except (*ALLOWED, ConfigError):
            continue


@quick
@given(any_object)
def test_replies_of_stores(reply: Any) -> None:
    """Whatever a store replies or raises is 503 or an answer that it could have meant."""
    host = Host()
    for role, method in (("admission", "admit"), ("sessions", "find"), ("calls", "record")):
        decision = host.when(role, method, replying(reply))
        assert decision.status in (200, 204, 409, 429, 503)
        for error in (Boom(reply), NotWritten(), KeyError(), UnicodeError(), RecursionError()):
            decision = host.when(role, method, raising(error))
            assert decision.status == 503


def raising(error: Exception) -> Callable[..., Any]:
    def method(*_: Any, **__: Any) -> Any:
        raise error

    return method


def test_a_conversion_cannot_be_made_up() -> None:
    kind: Any = Conversion
    for make in (kind, lambda: kind.__new__(kind), lambda: object.__new__(kind)):
        try:
            made = make()
        except TypeError:
            continue
        answered("finish_conversion", made, "sent")
