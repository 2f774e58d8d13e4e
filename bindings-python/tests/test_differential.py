"""Random sequences: the gate decides as the oracle does, which was written apart from it."""

from __future__ import annotations

import importlib
import sys
from random import Random
from typing import Any

import pytest
from consentgate import AsyncGate, Gate
from hypothesis import given, settings
from hypothesis import strategies as st

from .failing import Failing
from .reference import Reference, waited_for
from .support import HASH_SECRET, VECTORS, Calls, Json, cases, perform, shown
from .test_vectors_sequences import FORMS, Clock, Make, asyncio_hosted, hosted, in_memory

sys.path.insert(0, str(VECTORS.parent))
random_run: Any = importlib.import_module("cases.random_run")
faults_run: Any = importlib.import_module("cases.faults_run")


def hold(make: Make, config: Any, steps: Any) -> None:
    """Plays a sequence to a gate; each decision is what the oracle wrote down."""
    clock = Clock()
    clock.now_ms = steps[0]["now_ms"]
    gate, calls = make(config, clock), Calls()
    for place, step in enumerate(steps):
        clock.now_ms = step["now_ms"]
        decision = perform(gate, calls.bind(step))
        told = None if decision is None else shown(decision, calls)
        assert told == step["expect"], f"step {place}"


@pytest.mark.parametrize("make", FORMS, ids=lambda make: make.__name__)
def test_committed(make: Make) -> None:
    for case in cases("random"):
        hold(make, case["config"], case["steps"])


@pytest.mark.parametrize("make", [in_memory, hosted, asyncio_hosted])
@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.randoms(use_true_random=False), st.integers(1, 60))
def test_law_1_to_10_the_gate_decides_as_the_oracle_does(
    make: Make, random: Random, steps: int
) -> None:
    run = random_run.drawn(random, steps)
    hold(make, run.config, run.steps)


def hold_failing(form: type[Gate] | type[AsyncGate], config: Json, steps: list[Json]) -> None:
    """The same over stores that fail; what they are asked for is what the oracle asked for."""
    clock = Clock()
    failing = Failing(Reference(lambda: clock.now_ms))
    stores = failing.stores()
    if form is AsyncGate:
        stores = {role: waited_for(store) for role, store in stores.items()}
    gate, calls = form({"hash_secret": HASH_SECRET, **config}, stores, clock), Calls()
    for place, step in enumerate(steps):
        clock.now_ms = step["now_ms"]
        failing.play(step["effects"])
        decision = perform(gate, calls.bind(step))
        if decision is not None:
            calls.meet(decision)
        told = None if decision is None else shown(decision, calls)
        assert (failing.asked, told) == (step["effects"], step["expect"]), f"step {place}"


@pytest.mark.parametrize("form", [Gate, AsyncGate])
def test_committed_over_stores_that_fail(form: type[Gate] | type[AsyncGate]) -> None:
    for case in cases("faults"):
        hold_failing(form, case["config"], case["steps"])


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.randoms(use_true_random=False), st.integers(1, 60))
def test_law_11_over_stores_that_fail_the_gate_decides_as_the_oracle_does(
    random: Random, steps: int
) -> None:
    run = faults_run.drawn(random, steps)
    for form in (Gate, AsyncGate):
        hold_failing(form, run.config, run.steps)
