"""Running something in a forked child."""

from __future__ import annotations

import os
import pickle
import warnings
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

from consentgate import Decision

NAMES = (
    *("outcome", "status", "headers", "body", "reason", "stage", "flow"),
    *("retry_after", "call_id", "event_id", "key_id", "marketing"),
)


def in_child(decide: Callable[[], Decision]) -> Decision:
    """What a forked child decides, as something that looks like a decision."""
    read, write = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Threads of other tests may live.
        child = os.fork()
    if child == 0:
        try:
            made: Any = decide()
            told = {name: getattr(made, name) for name in NAMES}
            os.write(write, pickle.dumps(told))
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        told = pickle.load(pipe)
    os.waitpid(child, 0)
    return cast(Decision, SimpleNamespace(**told))
