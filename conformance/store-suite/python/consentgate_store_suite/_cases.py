"""The files of cases: one truth for all languages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

__all__ = ["load_cases", "load_themes"]

CASES = Path(__file__).resolve().parents[2] / "cases"


def load_themes() -> dict[str, list[dict[str, Any]]]:
    """The cases of each file, by its name."""
    themes = {}
    for path in sorted(CASES.glob("*.json")):
        file = json.loads(path.read_text(encoding="ascii"))
        if file["count"] != len(file["cases"]):
            raise ValueError(f"{path.name} does not hold {file['count']} cases")
        themes[path.stem] = file["cases"]
    if not themes:
        raise ValueError(f"there are no cases in {CASES}")
    return themes


def load_cases() -> list[dict[str, Any]]:
    """All cases, those of one file after the other."""
    return [case for cases in load_themes().values() for case in cases]
