"""No input does anything but give a decision or raise what is documented."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from consentgate import AsyncGate, ConfigError, Decision, Gate, Verified, sign, verify
from hypothesis import given, settings
from hypothesis import strategies as st

from .support import BODY, NOW, SECRET, config, consented, event
from .test_stores import Host, replying

GATE = consented(Gate(config()))
ASYNC_GATE = AsyncGate(config())

junk: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None), max_size=20)
    | st.binary(max_size=20)
    | st.sampled_from([object(), iter([1]), bytearray(b"x"), memoryview(b"x"), 10**400]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(
            st.text(max_size=5) | st.binary(max_size=5) | st.integers(), inner, max_size=4
        )
    ),
    max_leaves=8,
)
names = st.sampled_from(["webhook-id", b"Webhook-Timestamp", "WEBHOOK-SIGNATURE", "origin", "x"])
values = st.sampled_from([*event().values()]) | st.text(max_size=50) | st.binary(max_size=50) | junk
headers = st.dictionaries(names, values) | st.lists(st.tuples(names, values)) | junk
bodies = st.just(BODY) | st.binary(max_size=200) | junk
sites = st.sampled_from(["acme", " ACME ", "nobody", ""]) | st.text() | junk
times = st.just(NOW) | st.none() | st.integers() | st.floats() | junk
allowed = (TypeError, ValueError)
quick = settings(max_examples=300, deadline=None, derandomize=True)


@quick
@given(sites, headers, bodies, st.none() | junk, times, st.booleans())
def test_events_and_statements(
    site: Any, headers: Any, body: Any, ip: Any, now: Any, waited: bool
) -> None:
    named = {"ip": ip, "now": now}
    for method in ("call_event", "sync_session"):
        try:
            if waited:
                coroutine = getattr(ASYNC_GATE, method)(site, headers, body, **named)
                decision = asyncio.run(coroutine)
            else:
                decision = getattr(GATE, method)(site, headers, body, **named)
        except allowed:
            continue
        assert isinstance(decision, Decision)
        assert decision.status in (200, 204, 400, 401, 413, 429)


@quick
@given(sites, st.text(max_size=40) | junk, times)
def test_sales_and_erasures(site: Any, name: Any, now: Any) -> None:
    for method in (GATE.confirm_sale, GATE.erase):
        try:
            decision = method(site, name, now=now)
        except allowed:
            continue
        assert decision.status in (200, 401, 404)


@quick
@given(st.just("standard-webhooks") | junk, st.just(SECRET) | junk, headers, bodies, times, junk)
def test_verify_and_sign(
    scheme: Any, secrets: Any, headers: Any, body: Any, now: Any, more: Any
) -> None:
    with suppress(*allowed):
        verified = verify(scheme, secrets, headers, body, now=now, tolerance_s=more)
        assert verified is None or isinstance(verified, Verified)
    with suppress(*allowed):
        assert len(sign(scheme, secrets, body, id=more, now=now)) == 3


@quick
@given(junk | st.dictionaries(st.sampled_from([*config(), "claim", "caps", "deadline_ms"]), junk))
def test_configurations(document: Any) -> None:
    for build in (Gate, lambda given: GATE.set_site("other", given)):
        try:
            build(document)
        except (TypeError, ConfigError):
            continue


@settings(max_examples=60, deadline=None, derandomize=True)
@given(junk | st.dictionaries(st.sampled_from(["outcome", "session", "floor_ms", "call"]), junk))
def test_replies(reply: Any) -> None:
    host = Host()
    for role, method in (
        *(("admission", "admit"), ("sessions", "find"), ("calls", "record")),
        ("admission", "settle"),
    ):
        decision = host.when(role, method, replying(reply))
        assert decision.status in (200, 204, 409, 429, 503)
