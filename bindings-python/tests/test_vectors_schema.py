"""The vector files are what `vectors.schema.json` says, so that a stranger can rely on them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from .support import VECTORS, Json

SCHEMA: Json = json.loads((VECTORS.parent / "vectors.schema.json").read_bytes())
FILES: dict[str, Json] = SCHEMA["files"]


def validator(name: str) -> Any:
    """For one file; the definitions are shared."""
    own = {"$schema": SCHEMA["$schema"], "$defs": SCHEMA["$defs"], **FILES[name]}
    Draft202012Validator.check_schema(own)
    return Draft202012Validator(own)


def test_every_file_has_a_definition() -> None:
    assert {path.stem for path in VECTORS.glob("*.json")} == set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_files(name: str) -> None:
    file = json.loads((VECTORS / f"{name}.json").read_bytes())
    faults = [
        (list(fault.path), fault.message[:300]) for fault in validator(name).iter_errors(file)
    ]
    assert faults == []
    assert file["count"] == len(file["cases"])


def places(value: Any) -> list[Json]:
    """Every object in a case but those whose members are the product's or a store's."""
    if isinstance(value, list):
        return [found for item in value for found in places(item)]
    if not isinstance(value, dict):
        return []
    open_ended = {"config", "site_config", "rate", "session", "args", "reply", "nonsense_reply"}
    inner = [
        place for key, item in value.items() if key not in open_ended for place in places(item)
    ]
    return [value, *inner]


@pytest.mark.parametrize("name", FILES)
def test_what_is_spoilt_is_seen(name: str) -> None:
    """A member too many or too few, anywhere in the first case, is no vector any more."""
    file = json.loads((VECTORS / f"{name}.json").read_bytes())
    file["cases"], check = file["cases"][:1], validator(name)
    for case in file["cases"]:
        case.update({"steps": case["steps"][:6]} if "steps" in case else {})
    for place in places(file["cases"]):
        before = dict(place)
        place["surplus"] = 1
        assert not check.is_valid(file), before
        del place["surplus"]
        for member in before:
            del place[member]
            assert not check.is_valid(file), (before, member)
            place[member] = before[member]
    assert check.is_valid(file)
