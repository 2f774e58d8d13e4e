"""The payload of a call event: a strict RFC 8259 reader over bytes, and the five judgements.

Python's own `json` takes `NaN`, lone surrogates and duplicate keys, hence this reader.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Union

from .signature import Refused, ascii_lower, parse_id

DEPTH_MAX = 64
FINGERPRINT_BYTES_MAX = 256

Value = Union[None, bool, str, "Number", list["Value"], dict[str, "Value"]]


@dataclass(frozen=True)
class Number:
    """A number by its text, so that `1`, `1.0` and `1e0` can be told apart."""

    text: str


NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class Reader:
    """Recursive descent; every fault is the same `malformed_json`."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def fail(self) -> Refused:
        return Refused("malformed_json")

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def expect(self, literal: str) -> None:
        if not self.text.startswith(literal, self.at):
            raise self.fail()
        self.at += len(literal)

    def space(self) -> None:
        while self.peek() in (" ", "\t", "\n", "\r"):
            self.at += 1

    def document(self) -> Value:
        self.space()
        value = self.value(0)
        self.space()
        if self.at != len(self.text):
            raise self.fail()
        return value

    def value(self, depth: int) -> Value:
        first = self.peek()
        if first == "{":
            return self.object(depth + 1)
        if first == "[":
            return self.array(depth + 1)
        if first == '"':
            return self.string()
        for literal, meaning in (("true", True), ("false", False), ("null", None)):
            if self.text.startswith(literal, self.at):
                self.at += len(literal)
                return meaning
        return self.number()

    def object(self, depth: int) -> Value:
        if depth > DEPTH_MAX:
            raise self.fail()
        members: dict[str, Value] = {}
        self.expect("{")
        self.space()
        if self.peek() == "}":
            self.at += 1
            return members
        while True:
            self.space()
            key = self.string()
            if key in members:
                raise self.fail()
            self.space()
            self.expect(":")
            self.space()
            members[key] = self.value(depth)
            self.space()
            if self.peek() == "}":
                self.at += 1
                return members
            self.expect(",")

    def array(self, depth: int) -> Value:
        if depth > DEPTH_MAX:
            raise self.fail()
        items: list[Value] = []
        self.expect("[")
        self.space()
        if self.peek() == "]":
            self.at += 1
            return items
        while True:
            self.space()
            items.append(self.value(depth))
            self.space()
            if self.peek() == "]":
                self.at += 1
                return items
            self.expect(",")

    def string(self) -> str:
        self.expect('"')
        out: list[str] = []
        while True:
            c = self.peek()
            self.at += 1
            if c == "" or ord(c) < 0x20:
                raise self.fail()
            if c == '"':
                return "".join(out)
            out.append(self.escape() if c == "\\" else c)

    def escape(self) -> str:
        c = self.peek()
        self.at += 1
        if c in ESCAPES and c != "":
            return ESCAPES[c]
        if c != "u":
            raise self.fail()
        unit = self.hex4()
        if 0xDC00 <= unit <= 0xDFFF:
            raise self.fail()
        if 0xD800 <= unit <= 0xDBFF:
            self.expect("\\u")
            low = self.hex4()
            if not 0xDC00 <= low <= 0xDFFF:
                raise self.fail()
            return chr(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00))
        return chr(unit)

    def hex4(self) -> int:
        digits = self.text[self.at : self.at + 4]
        if not re.fullmatch(r"[0-9a-fA-F]{4}", digits):
            raise self.fail()
        self.at += 4
        return int(digits, 16)

    def number(self) -> Number:
        match = NUMBER.match(self.text, self.at)
        if match is None or not math.isfinite(float(match.group())):
            raise self.fail()
        self.at = match.end()
        return Number(match.group())


def read_object(body: bytes) -> dict[str, Value]:
    """The body as an object, or `malformed_json`."""
    try:
        text = body.decode("utf-8", errors="strict")
    except UnicodeDecodeError:
        raise Refused("malformed_json") from None
    value = Reader(text).document()
    if not isinstance(value, dict):
        raise Refused("malformed_json")
    return value


def resolve(value: Value, pointer: str) -> Value:
    """RFC 6901; nothing there is `None`, which no fingerprint can be."""
    assert pointer.startswith("/"), "a pointer has at least one token"
    for token in pointer[1:].split("/"):
        name = token.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list):
            if not re.fullmatch(r"0|[1-9][0-9]*", name, re.ASCII) or len(name) > 9:
                return None
            value = value[int(name)] if int(name) < len(value) else None
        else:
            return None
    return value


def is_fingerprint(value: Value) -> bool:
    """1 to 256 bytes of UTF-8 without NUL."""
    if not isinstance(value, str) or "\0" in value:
        return False
    return 1 <= len(value.encode()) <= FINGERPRINT_BYTES_MAX


def holds_consent(value: Value) -> bool:
    """A consent key at any depth, in any case, with `_`, `-` or neither."""
    if isinstance(value, list):
        return any(holds_consent(item) for item in value)
    if not isinstance(value, dict):
        return False
    for key, member in value.items():
        folded = ascii_lower(key).replace("_", "").replace("-", "")
        if folded in ("consentscopes", "consentat") or holds_consent(member):
            return True
    return False


def normalise_site(text: str) -> str | None:
    """Surrounding ASCII white space cut, ASCII lower case; otherwise an unknown site."""
    name = ascii_lower(text.strip(" \t\n\r\f"))
    return name if re.fullmatch(r"[a-z0-9._-]{1,64}", name) else None


@dataclass(frozen=True)
class Event:
    """What the gate reads of a body; an id only where the site says where it is."""

    fingerprint: str
    event_id: str | None


def event_id_of(value: Value) -> str:
    """The grammar of a signed id, and nothing coerced to it."""
    if not isinstance(value, str) or not value.isascii():
        raise Refused("malformed_event_id")
    try:
        return parse_id(value.encode())
    except Refused:
        raise Refused("malformed_event_id") from None


def judge_payload(
    site: str, pointer: str, body: bytes, event_id_pointer: str | None = None
) -> Event:
    """The event, or the first reason that applies."""
    members = read_object(body)
    fingerprint = resolve(members, pointer)
    if not is_fingerprint(fingerprint):
        raise Refused("malformed_fingerprint")
    event_id = None
    if event_id_pointer is not None:
        event_id = event_id_of(resolve(members, event_id_pointer))
    if holds_consent(members):
        raise Refused("consent_in_payload")
    if "site_id" in members:
        named = members["site_id"]
        if not isinstance(named, str) or normalise_site(named) != site:
            raise Refused("wrong_site")
    assert isinstance(fingerprint, str)
    return Event(fingerprint, event_id)
