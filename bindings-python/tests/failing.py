"""Host stores that are asked what a sequence says, and fail as it says."""

from __future__ import annotations

from typing import Any

from consentgate import NotWritten

from .reference import NAMES, Reference
from .support import Json


class Failing:
    """All roles of a reference store, whose effects are told in their order."""

    def __init__(self, inner: Reference) -> None:
        self.inner = inner.stores()
        self.effects: list[Json] = []
        self.asked: list[Json] = []

    def play(self, effects: list[Json]) -> None:
        self.effects, self.asked = effects, []

    def stores(self) -> dict[str, object]:
        return {role: self.view(role) for role in self.inner}

    def view(self, role: str) -> object:
        class View:
            store = self

        view = View()
        for method in NAMES:
            if hasattr(self.inner[role], method):
                setattr(view, method, self.method(role, method))
        return view

    def method(self, role: str, method: str) -> Any:
        def called(request: Json, timeout_s: float) -> Any:
            place = len(self.asked)
            effect = self.effects[place] if place < len(self.effects) else {}
            self.asked.append({**effect, "role": role, "method": method})
            fails = "written" in effect
            reply = None
            if not fails or effect["written"]:
                reply = getattr(self.inner[role], method)(request, timeout_s)
            if "raise" in effect:
                raise RuntimeError("down")
            if "raise_not_written" in effect:
                raise NotWritten("certainly")
            if "timeout" in effect:
                raise TimeoutError("late")
            return {"outcome": "nonsense"} if fails else reply

        return called
