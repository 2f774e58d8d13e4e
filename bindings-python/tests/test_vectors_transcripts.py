"""What the stores are asked, word for word, and what becomes of their answers: sync and asyncio."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any

import pytest
from consentgate import AsyncGate, Gate, NotWritten

from .reference import NAMES, waited_for
from .support import Calls, Json, cases, perform, seconds, shown


class Script:
    """Plays the effects of a step, in their order."""

    def __init__(self) -> None:
        self.left: list[Json] = []
        self.wrong: list[str] = []
        self.bound: dict[str, str] = {}

    def play(self, role: str, method: str, request: Json, timeout_s: float) -> Any:
        effect = self.left.pop(0) if self.left else {"role": None, "method": None, "args": {}}
        asked, wanted = (role, method), (effect["role"], effect["method"])
        if asked != wanted:
            self.wrong.append(f"asked {asked}, not {wanted}")
            raise AssertionError
        self._compare(request, effect["args"])
        if not 0 < timeout_s <= 60:
            self.wrong.append(f"a deadline of {timeout_s} s")
        if effect.get("raise"):
            raise RuntimeError("down")
        if effect.get("raise_not_written"):
            raise NotWritten("certainly")
        if effect.get("nonsense"):
            return _raw(effect.get("nonsense_reply", {"outcome": "nonsense"}))
        return _raw(effect["reply"])

    def _compare(self, request: Json, args: Json) -> None:
        request = dict(request)
        if "body" in request:
            request["body_b64"] = b64encode(request.pop("body")).decode()
        if set(request) != set(args):
            self.wrong.append(f"members {sorted(set(request) ^ set(args))}")
        for name, given in request.items():
            if args.get(name) == "*" and name in ("owner", "call_id"):
                given, args = given, {**args, name: self.bound.setdefault(name, given)}
            if not _same(given, args.get(name)):
                self.wrong.append(f"{name}: {given!r}, not {args.get(name)!r}")


def _raw(reply: Any) -> Any:
    """What is spelled `{"$base64": …}` is bytes."""
    if isinstance(reply, list):
        return [_raw(one) for one in reply]
    if not isinstance(reply, dict):
        return reply
    if "$base64" in reply:
        return b64decode(reply["$base64"])
    return {name: _raw(one) for name, one in reply.items()}


def _same(given: Any, wanted: Any) -> bool:
    if wanted == "*":
        return True
    if isinstance(wanted, dict):
        return (
            isinstance(given, dict)
            and set(given) == set(wanted)
            and all(
                set(given[name]) == set(wanted[name])
                if name == "scopes"
                else _same(given[name], wanted[name])
                for name in wanted
            )
        )
    if isinstance(wanted, list):
        return len(given) == len(wanted) and all(map(_same, given, wanted))
    return type(given) is type(wanted) and given == wanted


def view(script: Script, role: str, store: object) -> object:
    class View:
        pass

    made = View()
    made.store = store  # type: ignore[attr-defined]
    for method in NAMES:

        def play(request: Json, timeout_s: float, method: str = method) -> Any:
            return script.play(role, method, request, timeout_s)

        setattr(made, method, play)
    return made


@pytest.mark.parametrize("form", [Gate, AsyncGate])
@pytest.mark.parametrize("given", [False, True], ids=["clock", "now"])
@pytest.mark.parametrize("case", cases("transcripts"), ids=lambda case: case["name"])
def test_transcript(case: Json, given: bool, form: type[Gate] | type[AsyncGate]) -> None:
    script, clock, calls = Script(), [case["now_ms"]], Calls()
    apart = case["config"]["sessions_apart"]
    stores = {
        role: view(script, role, object() if apart else script)
        for role in ("admission", "sessions", "calls")
    }
    if form is AsyncGate:
        stores = {role: waited_for(store) for role, store in stores.items()}
    gate = form(case["config"], stores, lambda: seconds(clock[0]))
    for step in case["before"]:
        clock[0] = step.get("now_ms", case["now_ms"])
        assert perform(gate, step) is None
    for step in [case, *case.get("then", [])]:
        clock[0] = step["now_ms"]
        now: dict[str, Any] = {"now": seconds(step["now_ms"])} if given else {}
        script.left = list(step["effects"])
        changes = step["do"] in ("set_site", "remove_site")
        decision = perform(gate, calls.bind(step), **({} if changes else now))
        assert script.wrong == []
        assert script.left == []
        if changes:
            assert decision is None
            assert step["expect"] is None
            continue
        assert decision is not None
        assert shown(decision, calls) == step["expect"]
        assert (decision.error is not None) == (decision.reason == "store_failed")
        if decision.reason == "store_failed" and not any("nonsense" in e for e in step["effects"]):
            assert type(decision.error) in (RuntimeError, NotWritten)
