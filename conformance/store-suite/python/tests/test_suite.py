"""The suite against the model, plain and waited for; and what it says of a store that is bad."""

from __future__ import annotations

import asyncio
import copy
import sys
import threading
import unittest
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "python")]

import consentgate_store_suite as suite  # noqa: E402
from model import Model  # noqa: E402


class Locked:
    """A view of the model that many threads may ask."""

    lock = threading.Lock()

    def __init__(self, view: Any, store: Any) -> None:
        self.view, self.store = view, store

    def __getattr__(self, method: str) -> Any:
        def ask(request: Any, timeout_s: float) -> Any:
            with self.lock:
                return getattr(self.view, method)(request, timeout_s)

        return ask


class Awaited(Locked):
    def __getattr__(self, method: str) -> Any:
        async def ask(request: Any, timeout_s: float) -> Any:
            await asyncio.sleep(0)
            return getattr(self.view, method)(request, timeout_s)

        return ask


def host(form: type[Locked]) -> tuple[Any, dict[str, Any]]:
    model = Model()
    roles = ("admission", "sessions", "calls")
    return model, {role: form(getattr(model, role), model) for role in roles}


class TheModel(unittest.TestCase):
    """Each case has a store of its own, so that nothing is over before a case began."""

    def test_law_1_the_model_passes_as_a_plain_store(self) -> None:
        for case in suite.load_cases():
            model, stores = host(Locked)
            self.assertEqual(suite.run(stores, model.set_clock, cases=[case]), [])

    def test_law_1_the_model_passes_as_a_store_that_is_waited_for(self) -> None:
        async def run() -> None:
            for case in suite.load_cases():
                model, stores = host(Awaited)
                failures = await suite.run_async(stores, model.set_clock, cases=[case])
                self.assertEqual(failures, [])

        asyncio.run(run())

    def test_field_29_the_model_keeps_the_laws_when_many_ask_at_once(self) -> None:
        model, stores = host(Locked)
        self.assertEqual(suite.races(stores, model.set_clock), [])
        model, stores = host(Awaited)
        self.assertEqual(asyncio.run(suite.races_async(stores, model.set_clock)), [])


class Torn(Awaited):
    """Looks first and writes later: what every check-then-set comes to."""

    def __getattr__(self, method: str) -> Any:
        async def ask(request: Any, timeout_s: float) -> Any:
            before = copy.deepcopy(self.view)
            reply = getattr(self.view, method)(request, timeout_s)
            after = copy.deepcopy(self.view.__dict__)
            self.view.__dict__.update(before.__dict__)
            await asyncio.sleep(0)
            self.view.__dict__.update(after)
            return reply

        return ask


class TheReport(unittest.TestCase):
    def test_field_23_a_store_that_looks_before_it_writes_fails_every_race_for_one(self) -> None:
        model, stores = host(Torn)
        failures = asyncio.run(suite.races_async(stores, model.set_clock))
        names = {failure.case for failure in failures}
        for name in (
            "race: the same claims are taken once",
            "race: a lapsed lease is taken over once",
            "race: no more tokens than there are",
            "race: a claim is released once, and its token given back once",
            "race: a session is made once",
            "race: one change a version",
            "race: a statement counts once",
            "race: the newest floor wins",
            "race: the same signature is recorded once",
            "race: the same event id is recorded once",
            "race: the same event under crossing signatures is recorded once",
            "race: a call is queued once",
            "race: no job is given to two",
            "race: a job ends once",
            "race: nothing of a person is left after an erasure",
        ):
            self.assertIn(name, names)

    def test_law_11_a_failure_says_case_step_expected_and_got(self) -> None:
        model, stores = host(Locked)

        class Wrong(Locked):
            def __getattr__(self, method: str) -> Any:
                return lambda request, timeout_s: {"outcome": "settled", "more": 1}

        failures = suite.run(
            stores | {"admission": Wrong(None, None)},
            model.set_clock,
            cases=[case for case in suite.load_cases() if case["name"].startswith("claims: ")],
        )
        self.assertEqual(len(failures), len(suite.load_themes()["claims"]))
        text = suite.report(failures[:1])
        for part in (
            "claims: ",
            "law 3",
            "step 1: admission.admit",
            "expected",
            "got",
            "more than",
        ):
            self.assertIn(part, text)

    def test_law_11_a_store_that_raises_has_failed(self) -> None:
        class Raising:
            def admit(self, request: Any, timeout_s: float) -> Any:
                raise OSError("gone")

        failures = suite.run(Raising(), lambda now_ms: None)
        cases = suite.load_cases()
        asks_first = [
            c for c in cases if c["roles"] == ["admission"] and c["steps"][0]["method"] == "admit"
        ]
        self.assertGreaterEqual(len(failures), len(asks_first))
        self.assertIn("raised OSError: gone", suite.report(failures))

    def test_law_11_one_roles_cases_are_run_for_a_store_of_one_role(self) -> None:
        asked = set()

        class Asked(Locked):
            def __getattr__(self, method: str) -> Any:
                asked.add((id(self), method))
                return super().__getattr__(method)

        model, stores = host(Asked)
        apart = {role: Locked(getattr(model, role), role) for role in stores}
        for role in stores:
            suite.run({role: stores[role]}, model.set_clock, prefix="x")
        methods = {method for _, method in asked}
        self.assertEqual(
            methods,
            {
                "admit",
                "settle",
                "purge",
                "find",
                "put",
                "delete",
                "record",
                "enqueue",
                "erase",
                "take",
                "finish",
            },
        )
        together = [case for case in suite.load_cases() if len(case["roles"]) > 1]
        self.assertGreater(len(together), 20)
        with self.assertRaises(ValueError):
            suite.run(
                {role: apart[role] for role in ("sessions", "calls")},
                model.set_clock,
                cases=[case for case in together if "admission" not in case["roles"]],
            )


if __name__ == "__main__":
    unittest.main()
