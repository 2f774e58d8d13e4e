"""The list of laws that a store is held to: see `conformance/store-suite/README.md`.

failures = run(store, set_clock)              # a store with plain methods
failures = await run_async(store, set_clock)  # a store whose methods are coroutines
assert not failures, report(failures)
"""

from __future__ import annotations

from ._cases import load_cases, load_themes
from ._races import races, races_async
from ._run import Failure, report, run, run_async

__all__ = [
    "Failure",
    "load_cases",
    "load_themes",
    "races",
    "races_async",
    "report",
    "run",
    "run_async",
]
