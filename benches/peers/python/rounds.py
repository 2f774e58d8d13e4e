"""Interleaved rounds: everybody's turn comes in each, with fresh events, in an order that moves on.

What is measured is the processor's time, since others may use the machine as well.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from time import process_time_ns

from event import Event

Contestant = Callable[[list[Event]], None]
"""Asks about each of the events."""


def measured(
    theme: str,
    contestants: Mapping[str, Contestant],
    fresh: Callable[[int], list[Event]],
    *,
    rounds: int,
    events: int,
) -> dict[str, list[float]]:
    """Nanoseconds of the processor for an event, by contestant and round."""
    spent: dict[str, list[float]] = {f"{theme}/{name}": [] for name in contestants}
    order = list(contestants.items())
    # What is kept is looked through by nobody while somebody's time is taken.
    gc.collect()
    gc.disable()
    # The first round warms up.
    for number in range(rounds + 1):
        for name, ask in order:
            batch = fresh(events)
            begun = process_time_ns()
            ask(batch)
            took = process_time_ns() - begun
            if number > 0:
                spent[f"{theme}/{name}"].append(took / events)
        order.append(order.pop(0))
    gc.enable()
    return spent
