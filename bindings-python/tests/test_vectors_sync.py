"""Statements of consent: what is answered, and what a store of the host's holds afterwards."""

from __future__ import annotations

import json
from base64 import b64decode

import pytest
from consentgate import AsyncGate, Gate, memory

from .reference import Reference, waited_for
from .support import Json, call, cases, host_config, raw, seconds


class Clock:
    now_ms = 0


@pytest.mark.parametrize("case", cases("sync"), ids=lambda case: case["name"])
@pytest.mark.parametrize("form", ["memory", "host", "waited for"])
def test_sync(case: Json, form: str) -> None:
    clock = Clock()
    reference = Reference(lambda: clock.now_ms)
    document = host_config(site=case["site_config"], sessions_apart=True)
    sessions = reference.stores()["sessions"]
    stores = {"admission": memory(), "calls": memory(), "sessions": sessions}
    gate: Gate | AsyncGate
    if form == "memory":
        gate = Gate(document)
    elif form == "host":
        gate = Gate(document, stores)
    else:
        gate = AsyncGate(document, {**stores, "sessions": waited_for(sessions)})
    for step in case["steps"]:
        clock.now_ms = step["now_ms"]
        headers, body = raw(step["headers"]), b64decode(step["body_b64"])
        named = {"ip": step["ip"], "now": seconds(step["now_ms"])}
        decision = call(gate, "sync_session", "acme", headers, body, **named)
        expect = dict(step["expect"])
        problem = json.loads(decision.body) if decision.status >= 400 else {}
        assert decision.status == expect.pop("status")
        assert problem.get("code") == expect.pop("code")
        assert decision.reason == expect.pop("reason")
        session, floor_ms = expect.pop("session"), expect.pop("floor_ms")
        assert expect == {}
        if form == "memory":
            continue
        stored = reference.sessions.get(("acme", case["watch"]))
        if session is None:
            assert stored is None
        else:
            assert stored is not None
            held = {name: stored[name] for name in session}
            held["scopes"], session["scopes"] = set(held["scopes"]), set(session["scopes"])
            assert held == session
        floors = [floor for floor in reference.floors.values() if clock.now_ms < floor["until"]]
        assert floor_ms is None or floor_ms in [floor["at_ms"] for floor in floors]
        if floor_ms is None and len({s["body_b64"] for s in case["steps"]}) == 1:
            assert floors == []
