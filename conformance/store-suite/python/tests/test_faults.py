"""Does the suite see what a plausible store gets wrong? Each fault of the model is caught."""

from __future__ import annotations

import sys
import unittest
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "python")]

import consentgate_store_suite as suite  # noqa: E402

from tests import faults_admission, faults_calls, faults_room, faults_sessions  # noqa: E402

Fault = tuple[str, str, str, str]
FAULTS = [
    *faults_admission.FAULTS,
    *faults_sessions.FAULTS,
    *faults_calls.FAULTS,
    *faults_room.FAULTS,
]
PARTS = ("clock", "admission", "sessions", "calls", "__init__")
SOURCES = {part: (ROOT / "model" / f"{part}.py").read_text(encoding="utf-8") for part in PARTS}


def faulty(fault: Fault) -> Any:
    """The class of the model with that fault in it."""
    file, name, before, after = fault
    package = ModuleType("faulty")
    package.__path__ = []
    sys.modules["faulty"] = package
    try:
        for part in PARTS:
            text = SOURCES[part]
            if part == file:
                if before not in text:
                    raise ValueError(f"`{name}`: what it changes is not there")
                text = text.replace(before, after)
            own = package if part == "__init__" else ModuleType(f"faulty.{part}")
            own.__dict__["__package__"] = "faulty"
            sys.modules[own.__name__] = own
            exec(compile(text, f"{file}: {name}", "exec"), own.__dict__)
        return package.Model
    finally:
        for part in ("faulty", *(f"faulty.{part}" for part in PARTS)):
            sys.modules.pop(part, None)


def caught_by(model: Any, cases: list[Any]) -> list[str]:
    """The first case that a store fails by what it says, not by an error of the model's own."""
    for case in cases:
        store = model()
        failures = suite.run(store, store.set_clock, cases=[case], prefix="")
        if failures and "raised" not in failures[0].differences[0]:
            return [case["name"]]
    return []


class Faults(unittest.TestCase):
    def test_law_11_the_model_itself_is_caught_by_nothing(self) -> None:
        model = faulty(("none", "none", "", ""))
        self.assertEqual(caught_by(model, suite.load_cases()), [])

    def test_every_fault_is_caught_by_a_case_with_a_name(self) -> None:
        named = [case for case in suite.load_cases() if not case["name"].startswith("random")]
        names = [f"{file}: {name}" for file, name, _, _ in FAULTS]
        self.assertEqual(len(names), len(set(names)))
        for fault in FAULTS:
            with self.subTest(f"{fault[0]}: {fault[1]}"):
                self.assertTrue(caught_by(faulty(fault), named))

    def test_most_faults_are_caught_by_chance_as_well(self) -> None:
        chance = suite.load_themes()["random"]
        caught = [fault for fault in FAULTS if caught_by(faulty(fault), chance)]
        self.assertGreaterEqual(len(caught), len(FAULTS) * 2 // 3)


if __name__ == "__main__":
    unittest.main()
