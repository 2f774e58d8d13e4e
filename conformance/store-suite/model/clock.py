"""The model's clock, and what is over by it."""

from __future__ import annotations

from collections.abc import Iterable


class Unsettled(Exception):
    """The documents do not say what is to happen, or an engine has no means to show it."""


class End(int):
    """When something is over; and since when it was to be seen, by the clock's settings."""

    since: int


class Clock:
    def __init__(self) -> None:
        self.now = 0
        self.settings: list[int] = []

    def set(self, now_ms: int) -> None:
        self.now = now_ms
        self.settings.append(now_ms)

    def end(self, at: int) -> End:
        end = End(at)
        end.since = len(self.settings)
        return end

    def is_over(self, end: End) -> bool:
        """Half-open: at its end it is over. What was over once may have been dropped since."""
        if end <= self.now:
            return True
        if self.was_over(end):
            raise Unsettled("it was over before the clock stepped back: dropped or not, who knows")
        return False

    def was_over(self, end: End) -> bool:
        return any(end <= setting for setting in self.settings[end.since :])

    def has_room(self, ends: Iterable[End], new: int, most: int) -> bool:
        """Whether `new` entries fit beside those with these ends."""
        alive = [end for end in ends if end > self.now]
        surely = [end for end in alive if not self.was_over(end)]
        if len(surely) + new > most:
            return False
        if len(alive) + new > most:
            raise Unsettled("room that was there before the clock stepped back")
        return True
