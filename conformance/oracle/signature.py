"""The scheme `standard-webhooks`: secrets, HMAC-SHA256 (`v1`), header rules, freshness.

HMAC is spelled out from RFC 2104 instead of being imported, so that the key block that decides
whether two keys are equal is the very one that signs.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass

from . import ed25519
from .ed25519 import PublicKey

Headers = list[tuple[str, bytes]]
Key = bytes | PublicKey

HEADER_VALUE_BYTES_MAX = 8192
HEADERS_MAX = 256
TOKENS_MAX = 32
SIGNATURES_MAX = 4
SECRET_BYTES_MIN = 24
SECRET_BYTES_MAX = 512


class Refused(Exception):
    """A refusal with its reason; raised inside the oracle only, never shown to a client."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Verified:
    """What the signed headers say, and under which listed key."""

    id: str
    timestamp_s: int
    key_index: int


def key_block(key: bytes) -> bytes:
    """The 64 bytes HMAC really uses: two keys are equal when these are."""
    short = hashlib.sha256(key).digest() if len(key) > 64 else key
    return short + bytes(64 - len(short))


def hmac_sha256(key: bytes, data: bytes) -> bytes:
    """RFC 2104 with SHA-256."""
    block = key_block(key)
    inner = hashlib.sha256(bytes(b ^ 0x36 for b in block) + data).digest()
    return hashlib.sha256(bytes(b ^ 0x5C for b in block) + inner).digest()


def strict_base64(text: bytes) -> bytes | None:
    """Standard alphabet, padded, trailing bits zero: exactly the texts an encoder writes."""
    try:
        decoded = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return decoded if base64.b64encode(decoded) == text else None


def refuse_other_keys(text: str) -> None:
    """A public key as a secret would let everybody sign; a private one is for its sender alone."""
    if text.startswith("whpk_"):
        raise Refused("public_key")
    if text.startswith("whsk_"):
        raise Refused("private_key")


def parse_secret(text: str) -> bytes:
    """A text secret as bytes, whatever its length; blank text is simply no base64."""
    refuse_other_keys(text)
    bare = text.removeprefix("whsec_")
    if bare == "":
        raise Refused("empty")
    if not bare.isascii():
        raise Refused("not_base64")
    key = strict_base64(bare.encode())
    if key is None:
        raise Refused("not_base64")
    return key


def parse_configured_secret(text: str) -> bytes:
    """The same with the limits of a configuration that does not allow short secrets."""
    key = parse_secret(text)
    if len(key) < SECRET_BYTES_MIN:
        raise Refused("too_short")
    if len(key) > SECRET_BYTES_MAX:
        raise Refused("too_long")
    return key


def signed_content(id_bytes: bytes, timestamp: bytes, body: bytes) -> bytes:
    """The header's own bytes, never a number printed again (field 3)."""
    return id_bytes + b"." + timestamp + b"." + body


def ascii_lower(name: str) -> str:
    """ASCII only: `str.lower` would let a Kelvin sign pass for a `k`."""
    return "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in name)


def values_of(headers: Headers, name: str) -> list[bytes]:
    """Every value under a name, in order; nothing is joined."""
    return [value for key, value in headers if ascii_lower(key) == name]


def only_value(headers: Headers, name: str) -> bytes:
    """The one value of a signed header: missing, doubled or over its cap is malformed."""
    values = values_of(headers, name)
    if len(values) != 1 or len(values[0]) > HEADER_VALUE_BYTES_MAX:
        raise Refused("malformed_header")
    return values[0]


def parse_id(value: bytes) -> str:
    """Visible ASCII without `.`, or the signing string would not be injective (field 5)."""
    if not 1 <= len(value) <= 256:
        raise Refused("malformed_header")
    if any(not 0x21 <= b <= 0x7E or b == ord(".") for b in value):
        raise Refused("malformed_header")
    return value.decode()


def parse_timestamp(value: bytes) -> int:
    """1 to 11 ASCII digits, no leading zero but `0` itself."""
    if not 1 <= len(value) <= 11 or any(not 0x30 <= b <= 0x39 for b in value):
        raise Refused("malformed_header")
    if len(value) > 1 and value[0] == 0x30:
        raise Refused("malformed_header")
    return int(value)


def tags_of(value: bytes) -> tuple[list[bytes], list[bytes]]:
    """The well-formed tags of `v1`, and the signatures of `v1a`, of which few are tried.

    Malformed tokens are passed over, but they count (field 8).
    """
    tokens = value.split(b" ")
    if len(tokens) > TOKENS_MAX:
        raise Refused("malformed_header")
    tags: list[bytes] = []
    signatures: list[bytes] = []
    for token in tokens:
        if token[:3] == b"v1," and len(token) == 3 + 44:
            tag = strict_base64(token[3:])
            if tag is not None and len(tag) == 32:
                tags.append(tag)
        if token[:4] == b"v1a,":
            signature = strict_base64(token[4:])
            if signature is not None and len(signature) == ed25519.SIGNATURE_BYTES:
                signatures.append(signature)
    if len(signatures) > SIGNATURES_MAX:
        raise Refused("malformed_header")
    return tags, signatures


def matches(key: Key, content: bytes, tags: list[bytes], signatures: list[bytes]) -> bool:
    """A secret is held against `v1` alone, and a public key against `v1a` alone (field 6)."""
    if isinstance(key, PublicKey):
        return any(ed25519.verify(key.raw, content, signature) for signature in signatures)
    return hmac_sha256(key, content) in tags


def verify(
    keys: list[Key], headers: Headers, body: bytes, tolerance_s: int, now_ms: int
) -> Verified:
    """The first listed key that matches, or the first reason in the pinned precedence."""
    if len(headers) > HEADERS_MAX:
        raise Refused("malformed_header")
    id_bytes = only_value(headers, "webhook-id")
    timestamp = only_value(headers, "webhook-timestamp")
    signature = only_value(headers, "webhook-signature")
    id_text = parse_id(id_bytes)
    timestamp_s = parse_timestamp(timestamp)
    tags, signatures = tags_of(signature)
    content = signed_content(id_bytes, timestamp, body)
    matching = [i for i, key in enumerate(keys) if matches(key, content, tags, signatures)]
    if not matching:
        raise Refused("bad_signature")
    age_ms = now_ms - timestamp_s * 1000
    if age_ms > tolerance_s * 1000:
        raise Refused("stale_timestamp")
    if age_ms < -tolerance_s * 1000:
        raise Refused("future_timestamp")
    return Verified(id_text, timestamp_s, matching[0])
