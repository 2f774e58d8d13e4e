"""What a case expects, held against what a store replied."""

from __future__ import annotations

import base64
from typing import Any

__all__ = ["Bindings", "differences", "request_of"]

Json = dict[str, Any]


class Bindings:
    """The versions that a store chose, by the names that a case has for them."""

    def __init__(self) -> None:
        self.by_name: dict[str, int] = {}
        self.of_person: dict[str, list[int]] = {}

    def bind(self, name: str, person: str, version: Any) -> str | None:
        """What is wrong with a version that must be new."""
        if type(version) is not int or not 0 <= version < 2**53:
            return f"is no version: {version!r}"
        before = self.of_person.setdefault(person, [])
        if version in before:
            return f"is {version!r}, which this person's session had before"
        before.append(version)
        self.by_name[name] = version
        return None


def request_of(written: Any, bindings: Bindings, prefix: str) -> Any:
    """The request as a store gets it: bytes as bytes, versions as bound, the site renamed."""
    request = _filled(written, bindings)
    if "site" in request:
        request["site"] = prefix + request["site"]
    return request


def _filled(written: Any, bindings: Bindings) -> Any:
    if isinstance(written, list):
        return [_filled(value, bindings) for value in written]
    if not isinstance(written, dict):
        return written
    if "base64" in written:
        return base64.b64decode(written["base64"], validate=True)
    if "$is" in written:
        return bindings.by_name[written["$is"]]
    return {name: _filled(value, bindings) for name, value in written.items()}


def differences(
    expected: Any, got: Any, bindings: Bindings, person: str, path: str = "reply"
) -> list[str]:
    """Where the reply is not what is expected, each with its path. Binds new versions."""
    if isinstance(expected, dict):
        return _of_object(expected, got, bindings, person, path)
    if isinstance(expected, list):
        if not isinstance(got, list | tuple):
            return [f"{path} is no list: {got!r}"]
        if len(got) != len(expected):
            return [f"{path} has {len(got)} entries, not {len(expected)}"]
        if path.endswith(".scopes"):  # A set.
            expected, got = sorted(expected), sorted(got, key=str)
        pairs = enumerate(zip(expected, got, strict=True))
        return [
            line
            for index, (own, other) in pairs
            for line in differences(own, other, bindings, person, f"{path}[{index}]")
        ]
    if type(got) is not type(expected) or got != expected:
        return [f"{path} is {got!r}, not {expected!r}"]
    return []


def _of_object(expected: Json, got: Any, bindings: Bindings, person: str, path: str) -> list[str]:
    if "base64" in expected:
        body = base64.b64decode(expected["base64"], validate=True)
        is_bytes = isinstance(got, bytes | bytearray | memoryview)
        return [] if is_bytes and bytes(got) == body else [f"{path} is {got!r}, not {body!r}"]
    if "$new" in expected:
        wrong = bindings.bind(expected["$new"], person, got)
        return [f"{path} {wrong}"] if wrong else []
    if "$is" in expected:
        return differences(bindings.by_name.get(expected["$is"]), got, bindings, person, path)
    if "$max" in expected:
        fits = type(got) is int and 0 <= got <= expected["$max"]
        return [] if fits else [f"{path} is {got!r}, not a number up to {expected['$max']}"]
    if not isinstance(got, dict):
        return [f"{path} is no object: {got!r}"]
    names = {*expected, *got}
    lines = []
    for name in sorted(names, key=repr):
        if name not in got:
            lines.append(f"{path}.{name} is missing")
        elif name not in expected:
            lines.append(f"{path}.{name} is more than is expected: {got[name]!r}")
        else:
            lines += differences(expected[name], got[name], bindings, person, f"{path}.{name}")
    return lines
