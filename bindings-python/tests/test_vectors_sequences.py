"""Several events against one gate, through every form that the gate has."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from consentgate import AsyncGate, Gate

from .reference import Reference, waited_for
from .support import HASH_SECRET, Calls, Json, cases, perform, seconds, shown


class Clock:
    now_ms = 0

    def __call__(self) -> float:
        return seconds(self.now_ms)


def in_memory(document: Json, clock: Clock) -> Gate:
    return Gate(document, clock=clock)


def from_json(document: Json, clock: Clock) -> Gate:
    return Gate(json.dumps(document), clock=clock)


def asyncio_in_memory(document: Json, clock: Clock) -> AsyncGate:
    return AsyncGate(json.dumps(document).encode(), clock=clock)


def hosted(document: Json, clock: Clock) -> Gate:
    stores = Reference(lambda: clock.now_ms).stores()
    return Gate({"hash_secret": HASH_SECRET, **document}, stores, clock)


def asyncio_hosted(document: Json, clock: Clock) -> AsyncGate:
    stores = Reference(lambda: clock.now_ms).stores()
    stores = {role: waited_for(store) for role, store in stores.items()}
    return AsyncGate({"hash_secret": HASH_SECRET, **document}, stores, clock)


Make = Callable[[Json, Clock], "Gate | AsyncGate"]
FORMS: list[Make] = [in_memory, from_json, asyncio_in_memory, hosted, asyncio_hosted]


SEQUENCES = cases("sequences")
# The reference store has no bounds: what a full table answers is for the forms in memory alone.
UNBOUNDED = [case for case in SEQUENCES if "caps" not in case["config"]]
RUNS = [
    (make, case)
    for make in FORMS
    for case in (UNBOUNDED if "hosted" in make.__name__ else SEQUENCES)
]


def test_only_sequences_with_caps_are_left_out() -> None:
    assert 0 < len(SEQUENCES) - len(UNBOUNDED) <= 3


@pytest.mark.parametrize("given", [False, True], ids=["clock", "now"])
@pytest.mark.parametrize(
    ("make", "case"), RUNS, ids=[f"{make.__name__}-{case['name']}" for make, case in RUNS]
)
def test_sequence(case: Json, given: bool, make: Make) -> None:
    clock = Clock()
    clock.now_ms = case["steps"][0]["now_ms"]
    gate, calls = make(case["config"], clock), Calls()
    for place, step in enumerate(case["steps"]):
        clock.now_ms = step["now_ms"]
        now: dict[str, Any] = {"now": clock()} if given else {}
        decision = perform(gate, calls.bind(step), **now)
        told = None if decision is None else shown(decision, calls)
        assert told == step["expect"], f"step {place}"
