"""The programs of docs/schemes.md do what they say."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from consentgate import Gate, sign

from .support import statement

PAGE = Path(__file__).parents[2] / "docs" / "schemes.md"


def test_using_them() -> None:
    programs = re.findall(r"```python\n(.+?)```", PAGE.read_text(), re.DOTALL)
    assert len(programs) == 3
    names: dict[str, Any] = {}
    exec("".join(programs), names)
    gate: Gate = names["gate"]
    (key,), at = names["checkout"]["keys"], 1_700_000_000
    event = {"id": "evt_1", "data": {"object": {"client_reference_id": "f"}}}
    body = json.dumps(event).encode()
    gate.sync_session("shop", {"origin": "https://shop.example"}, statement("analytics"), now=at)
    for moment, outcome in ((at, "accepted"), (at + 60, "noop")):
        headers = sign("stripe", key["secret"], body, now=moment)
        decision = gate.call_event("shop", headers, body, now=moment)
        assert (decision.outcome, decision.event_id) == (outcome, "evt_1")
