"""The model as a process of its own: a line of JSON is asked, a line answered."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "python")]

from tests.test_faults import FAULTS, faulty  # noqa: E402


def packed(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    if isinstance(value, dict):
        return {name: packed(own) for name, own in value.items()}
    return [packed(own) for own in value] if isinstance(value, list) else value


def unpacked(value: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() == {"base64"}:
            return base64.b64decode(value["base64"])
        return {name: unpacked(own) for name, own in value.items()}
    return [unpacked(own) for own in value] if isinstance(value, list) else value


def main() -> None:
    form: Any = None
    model: Any = None
    for line in sys.stdin:
        asked = json.loads(line)
        answer: Any = None
        try:
            if "fault" in asked:
                fault = (
                    ("none", "none", "", "") if asked["fault"] is None else FAULTS[asked["fault"]]
                )
                form = faulty(fault)
                model = form()
                answer = {"reply": len(FAULTS)}
            elif "new" in asked:
                model = form()
                answer = {"reply": None}
            elif "now_ms" in asked:
                model.set_clock(asked["now_ms"])
                answer = {"reply": None}
            else:
                view = getattr(model, asked["role"])
                reply = getattr(view, asked["method"])(unpacked(asked["request"]), 5.0)
                answer = {"reply": packed(reply)}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


main()
