"""What a site lists: secrets, which are bytes, and the public keys of `v1a`; how each is read."""

from __future__ import annotations

import base64
import hashlib

from . import ed25519, schemes
from .ed25519 import PublicKey
from .signature import Key, Refused, hmac_sha256, key_block, signed_content, strict_base64

PUBLIC, PRIVATE = "whpk_", "whsk_"


def bytes_of(text: str, length: int) -> bytes | None:
    """Strict base64 of so many bytes."""
    data = strict_base64(text.encode()) if text.isascii() else None
    return data if data is not None and len(data) == length else None


def parse_public(text: str) -> PublicKey:
    """The one spelling of a point of the order L."""
    raw = bytes_of(text.removeprefix(PUBLIC), ed25519.PUBLIC_BYTES)
    point = None if raw is None else ed25519.decode(raw)
    if raw is None or point is None:
        raise Refused("not_public_key")
    if not ed25519.is_whole(point):
        raise Refused("weak_public_key")
    return PublicKey(raw)


def parse_private(text: str) -> bytes:
    """The seed, if the other half is its public key."""
    pair = bytes_of(text.removeprefix(PRIVATE), 2 * ed25519.PUBLIC_BYTES)
    if pair is None:
        raise Refused("not_private_key")
    seed, public = pair[:32], pair[32:]
    if ed25519.public_of(seed) != public:
        raise Refused("halves_differ")
    return seed


def parse_key(scheme: str, text: str) -> Key:
    """What verifies: the public key of a pair, never its private one."""
    if scheme == schemes.STANDARD and text.startswith(PUBLIC):
        return parse_public(text)
    return schemes.parse_secret(scheme, text)


def parse_configured_key(scheme: str, text: str) -> Key:
    """The same within the limits of a configuration, which are about secrets."""
    if scheme == schemes.STANDARD and text.startswith(PUBLIC):
        return parse_public(text)
    return schemes.parse_configured_secret(scheme, text)


def sign(text: str, id_text: str, timestamp: str, body: bytes) -> str:
    """One token, of the version that the key is for."""
    content = signed_content(id_text.encode(), timestamp.encode(), body)
    if text.startswith(PRIVATE):
        return "v1a," + base64.b64encode(ed25519.sign(parse_private(text), content)).decode()
    secret = schemes.parse_secret(schemes.STANDARD, text)
    return "v1," + base64.b64encode(hmac_sha256(secret, content)).decode()


def same(key: Key) -> Key:
    """Equal for keys that are one."""
    return key if isinstance(key, PublicKey) else key_block(key)


def signature_hash(key: Key, content: bytes) -> str:
    """What an event is known by under a key: never the text of a signature (field 9).

    An Ed25519 signature is not the verifier's own: whoever holds the private key can make many of
    one message. So it is what was signed, and for whom, that names the event.
    """
    if isinstance(key, PublicKey):
        return hashlib.sha256(b"consentgate/ed25519/v1\0" + key.raw + content).hexdigest()
    return hashlib.sha256(hmac_sha256(key, content)).hexdigest()
