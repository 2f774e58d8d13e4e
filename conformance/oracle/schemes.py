"""Every scheme a site may have: what is signed before the body, and where the tags are.

Written from `docs/schemes.md`; `standard-webhooks` itself is in `signature.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from . import signature
from .signature import (
    HEADERS_MAX,
    SECRET_BYTES_MAX,
    SECRET_BYTES_MIN,
    Headers,
    Key,
    Refused,
    matches,
    only_value,
    parse_timestamp,
    refuse_other_keys,
    signed_content,
    strict_base64,
)

STANDARD = "standard-webhooks"
UNTIMED = ("github", "shopify")
SCHEMES = (STANDARD, "github", "stripe", "slack", "shopify")
ITEMS_MAX = 32

# The code points of Unicode's White_Space: a secret of nothing else is blank.
WHITE_SPACE = "\t\n\v\f\r \u0085\u00a0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    chr(c) for c in range(0x2000, 0x200B)
)


@dataclass(frozen=True)
class Verified:
    """What the sender signed, and under which listed key; what a scheme does not sign is `None`."""

    id: str | None
    timestamp_s: int | None
    key_index: int
    content: bytes


@dataclass(frozen=True)
class Message:
    """The signed bytes before the body, the well-formed tags, the signed time."""

    prefix: bytes
    tags: list[bytes]
    timestamp_s: int | None


def parse_secret(scheme: str, text: str) -> bytes:
    """Base64 for Standard Webhooks; for all others the text itself, of which nothing is cut."""
    if scheme == STANDARD:
        return signature.parse_secret(text)
    refuse_other_keys(text)
    if text.strip(WHITE_SPACE) == "":
        raise Refused("empty")
    return text.encode()


def parse_configured_secret(scheme: str, text: str) -> bytes:
    """The same within the limits of a configuration: bytes are counted, not characters."""
    key = parse_secret(scheme, text)
    if len(key) < SECRET_BYTES_MIN:
        raise Refused("too_short")
    if len(key) > SECRET_BYTES_MAX:
        raise Refused("too_long")
    return key


def hex_tag(text: bytes) -> list[bytes]:
    """64 lower-case digits, or no tag."""
    return [bytes.fromhex(text.decode())] if re.fullmatch(rb"[0-9a-f]{64}", text) else []


def after(prefix: bytes, text: bytes) -> bytes:
    """What follows the prefix; without it nothing, which is no tag."""
    return text[len(prefix) :] if text.startswith(prefix) else b""


def read_github(headers: Headers) -> Message:
    value = only_value(headers, "x-hub-signature-256")
    return Message(b"", hex_tag(after(b"sha256=", value)), None)


def read_shopify(headers: Headers) -> Message:
    tag = strict_base64(only_value(headers, "x-shopify-hmac-sha256"))
    return Message(b"", [tag] if tag is not None and len(tag) == 32 else [], None)


def read_slack(headers: Headers) -> Message:
    timestamp = only_value(headers, "x-slack-request-timestamp")
    value = only_value(headers, "x-slack-signature")
    seconds = parse_timestamp(timestamp)
    return Message(b"v0:" + timestamp + b":", hex_tag(after(b"v0=", value)), seconds)


def read_stripe(headers: Headers) -> Message:
    items = only_value(headers, "stripe-signature").split(b",")
    times = [item[2:] for item in items if item.startswith(b"t=")]
    if len(items) > ITEMS_MAX or len(times) != 1:
        raise Refused("malformed_header")
    tags = [tag for item in items for tag in hex_tag(after(b"v1=", item))]
    return Message(times[0] + b".", tags, parse_timestamp(times[0]))


READERS = {
    "github": read_github,
    "shopify": read_shopify,
    "slack": read_slack,
    "stripe": read_stripe,
}


def verify(
    scheme: str, keys: list[Key], headers: Headers, body: bytes, tolerance_s: int, now_ms: int
) -> Verified:
    """The first listed key that matches, or the first reason: headers, then tags, then the time."""
    if scheme == STANDARD:
        known = signature.verify(keys, headers, body, tolerance_s, now_ms)
        timestamp = only_value(headers, "webhook-timestamp")
        content = signed_content(known.id.encode(), timestamp, body)
        return Verified(known.id, known.timestamp_s, known.key_index, content)
    if len(headers) > HEADERS_MAX:
        raise Refused("malformed_header")
    message = READERS[scheme](headers)
    content = message.prefix + body
    matching = [i for i, key in enumerate(keys) if matches(key, content, message.tags, [])]
    if not matching:
        raise Refused("bad_signature")
    if message.timestamp_s is not None:
        age_ms = now_ms - message.timestamp_s * 1000
        if age_ms > tolerance_s * 1000:
            raise Refused("stale_timestamp")
        if age_ms < -tolerance_s * 1000:
            raise Refused("future_timestamp")
    return Verified(None, message.timestamp_s, matching[0], content)
