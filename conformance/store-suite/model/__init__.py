"""A store in plain Python, from `docs/stores.md` and `docs/decisions.md`: slow and obvious.

Where the documents leave open what is to happen, it raises `Unsettled`, and no case may rest on it.
"""

from __future__ import annotations

from .admission import Admission
from .calls import Calls
from .clock import Clock, Unsettled
from .sessions import Sessions

__all__ = ["Clock", "Model", "Unsettled"]


class Model:
    """One store for all roles. Its clock is moved by hand."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.admission = Admission(self.clock)
        self.sessions = Sessions(self.clock)
        self.calls = Calls(self.clock, self.sessions)

    def set_clock(self, now_ms: int) -> None:
        self.clock.set(now_ms)
