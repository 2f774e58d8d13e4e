"""Threads, forks, and the end of the interpreter."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from typing import Any

from consentgate import Gate

from .forked import in_child
from .reference import Reference
from .support import BODY, NOW, config, consented, event, host_config


def in_threads(gate: Gate, events: int) -> Counter[str]:
    """Eight threads send the same events."""
    seen: Counter[str] = Counter()
    start = threading.Barrier(8)

    def send() -> None:
        start.wait()
        for number in range(events):
            body = b'{"fingerprint":"f","n":%d}' % number
            decision = gate.call_event("acme", event(f"e{number}", body), body, now=NOW)
            seen[decision.reason] += 1

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seen


def test_law_3_threads_and_memory() -> None:
    rate = {"rate": {"capacity": 1000, "per_minute": 1}}
    seen = in_threads(consented(Gate(config(site=rate))), 200)
    assert seen["accepted"] == 200
    assert set(seen) <= {"accepted", "duplicate", "in_flight"}


def test_law_3_threads_and_a_store_of_the_host() -> None:
    lock = threading.Lock()
    stores = Reference(lambda: NOW * 1000).stores()

    def locked(method: Any) -> Any:
        def one_at_a_time(request: Any, timeout_s: float) -> Any:
            with lock:
                return method(request, timeout_s)

        return one_at_a_time

    for store in stores.values():
        for name in ("admit", "settle", "find", "put", "record"):
            if hasattr(store, name):
                setattr(store, name, locked(getattr(store, name)))
    rate = {"rate": {"capacity": 1000, "per_minute": 1}}
    seen = in_threads(consented(Gate(host_config(site=rate), stores)), 25)
    assert seen["accepted"] == 25
    assert set(seen) <= {"accepted", "duplicate", "in_flight"}


def test_field_41_a_forked_child_is_refused() -> None:
    gate = consented(Gate(config()))
    decision = in_child(lambda: gate.call_event("acme", event(), BODY, now=NOW))
    assert (decision.status, decision.outcome, decision.reason) == (503, "unavailable", "forked")
    assert in_child(lambda: gate.call_event("acme", {}, BODY, now=NOW)).status == 401
    # A gate that is built in the child is its own.
    own = in_child(lambda: consented(Gate(config())).call_event("acme", event(), BODY, now=NOW))
    assert own.outcome == "accepted"
    assert gate.call_event("acme", event(), BODY, now=NOW).outcome == "accepted"


def test_call_ids_of_parent_and_child_differ() -> None:
    ids = set()
    for _ in range(3):
        gate = consented(Gate(config()))
        ids.add(gate.call_event("acme", event(), BODY, now=NOW).call_id)
        child = in_child(
            lambda: consented(Gate(config())).call_event("acme", event(), BODY, now=NOW)
        )
        ids.add(child.call_id)
    assert len(ids) == 6


END = """
import asyncio, threading
from consentgate import AsyncGate, Gate
config = {"sites": {"acme": {"keys": [{"id": "k1", "secret": bytes(24)}]}}}
gate = Gate(config)
loop = AsyncGate(config)
async def main():
    await loop.call_event("acme", {}, b"")
    asyncio.ensure_future(loop.call_event("acme", {}, b""))
asyncio.run(main())
def work():
    while True:
        gate.call_event("acme", {}, b"")
threading.Thread(target=work, daemon=True).start()
"""


def test_field_41_the_interpreter_ends_clean() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-c", END], capture_output=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
