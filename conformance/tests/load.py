"""Reads the vectors as any runner would."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

VECTORS = Path(__file__).resolve().parent.parent / "vectors"


def cases(name: str) -> list[dict[str, Any]]:
    """All cases of a file; a count that does not agree fails."""
    data = json.loads((VECTORS / f"{name}.json").read_text(encoding="ascii"))
    found: list[dict[str, Any]] = data["cases"]
    assert data["count"] == len(found)
    return found


def unb64(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def pairs(listed: list[list[str]]) -> list[tuple[str, bytes]]:
    return [(name, unb64(value)) for name, value in listed]
