"""The flow `device`: HKDF by hand, the header, the eight lines, nonces and buckets.

Written from `docs/decisions.md`, section `device`.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import Any

from . import wire
from .bucket import Bucket, Rate, take_all
from .signature import (
    HEADERS_MAX,
    Headers,
    Refused,
    hmac_sha256,
    only_value,
    parse_secret,
    parse_timestamp,
)

DOMAIN = b"consentgate/device/v1"
DEVICE_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
NONCE = re.compile(rb"[A-Za-z0-9_-]{16,64}")
MAC = re.compile(rb"[0-9a-f]{64}")
METHOD = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,32}")
WHOLE_URL = re.compile(r"[hH][tT][tT][pP][sS]?://[^/?#]*(.*)", re.DOTALL)
TARGET = re.compile(r"/[!\"$-~]{0,8191}")


def hkdf(ikm: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    """RFC 5869 with SHA-256: extract, then expand. Without salt it is 32 zero bytes."""
    prk = hmac_sha256(salt or bytes(32), ikm)
    out, block, count = b"", b"", 0
    while len(out) < length:
        count += 1
        block = hmac_sha256(prk, block + info + bytes([count]))
        out += block
    return out[:length]


def device_secret(master: bytes, site: str, device: bytes, generation: int) -> bytes:
    info = b"\0".join([DOMAIN, site.encode(), device, str(generation).encode()])
    return hkdf(master, b"", info, 32)


def target_of(url: str) -> str | None:
    """Path and query as they are sent; `None` for what no request line can hold."""
    whole = WHOLE_URL.fullmatch(url)
    target = url if whole is None else whole[1]
    if whole is not None and not target.startswith("/"):
        target = "/" + target
    return target if TARGET.fullmatch(target) else None


def content(site: str, method: str, target: str, body: bytes, header: list[bytes]) -> bytes:
    """The eight lines."""
    digest = hashlib.sha256(body).hexdigest().encode()
    lines = [DOMAIN, site.encode(), method.encode(), target.encode(), digest, *header]
    return b"\n".join(lines)


def sign(
    secret: bytes, site: str, device: str, method: str, url: str, body: bytes, nonce: str, at_s: int
) -> str:
    """The value of `X-Device-Auth`."""
    target = target_of(url)
    assert target is not None
    fields = [device.encode(), str(at_s).encode(), nonce.encode()]
    mac = hmac_sha256(secret, content(site, method, target, body, fields))
    return f"{device}:{at_s}:{nonce}:{mac.hex()}"


@dataclass
class Devices:
    """A site's devices, and what is remembered of them."""

    config: dict[str, Any]
    per_ip: Rate
    per_device: Rate

    @classmethod
    def of(cls, config: dict[str, Any]) -> Devices:
        def rate(name: str, default: int) -> Rate:
            own = {"per_minute": default, **config.get(name, {})}
            # A strict rate takes no capacity, not even by default.
            return Rate.of(own if own.get("strict") else {"capacity": default, **own})

        return cls(config, rate("per_ip", 100), rate("per_device", 50))

    def secrets(self, site: str, device: bytes) -> list[tuple[str | None, bytes]]:
        """What the device may sign with, in order, each with the id of its master key."""
        generations = self.config.get("generations", [0])
        least = generations[0]
        for entry in self.config.get("directory", []):
            if entry["id"].encode() == device:
                if entry.get("revoked", False):
                    return []
                if "secrets" in entry:
                    return [(None, parse_secret(text)) for text in entry["secrets"]]
                generations = entry["generations"]
        keys = [(key["id"], parse_secret(key["secret"])) for key in self.config.get("keys", [])]
        return [
            (key_id, device_secret(key, site, device, generation))
            for key_id, key in keys
            for generation in generations
            if generation >= least
        ]


@dataclass
class Used:
    """Nonces with the end of their memory, and buckets; they outlive a change of the site."""

    nonces: dict[tuple[bytes, bytes], int] = field(default_factory=dict)
    buckets: dict[str, Bucket] = field(default_factory=dict)

    def bucket(self, key: str, rate: Rate) -> Bucket:
        """The rate is always the one in force."""
        bucket = self.buckets.setdefault(key, Bucket(rate))
        bucket.rate = rate
        return bucket


@dataclass(frozen=True)
class Request:
    """A device's request as the host hands it over."""

    headers: Headers
    method: str
    url: str
    body: bytes
    ip_group: str | None


@dataclass(frozen=True)
class Verified:
    """Who asks, under which nonce, and by which master key."""

    device: bytes
    nonce: bytes
    key_id: str | None

    def brought(self) -> dict[str, Any]:
        return {"device_id": self.device.decode(), "key_id": self.key_id}


def verify(
    devices: Devices | None, site: str, request: Request, tolerance_s: int, now_ms: int
) -> Verified:
    """Or the first reason in the pinned precedence."""
    if len(request.headers) > HEADERS_MAX:
        raise Refused("malformed_header")
    parts = only_value(request.headers, "x-device-auth").split(b":")
    if len(parts) != 4:
        raise Refused("malformed_header")
    device, timestamp, nonce, mac = parts
    timestamp_s = parse_timestamp(timestamp)
    if not (DEVICE_ID.fullmatch(device) and NONCE.fullmatch(nonce) and MAC.fullmatch(mac)):
        raise Refused("malformed_header")
    secrets = [] if devices is None else devices.secrets(site, device)
    if not secrets:
        raise Refused("unknown_device")
    target = target_of(request.url)
    if target is None or not METHOD.fullmatch(request.method):
        raise Refused("bad_signature")
    signed = content(site, request.method, target, request.body, [device, timestamp, nonce])
    right = [name for name, secret in secrets if hmac_sha256(secret, signed).hex().encode() == mac]
    if not right:
        raise Refused("bad_signature")
    age_ms = now_ms - timestamp_s * 1000
    if age_ms > tolerance_s * 1000:
        raise Refused("stale_timestamp")
    if age_ms < -tolerance_s * 1000:
        raise Refused("future_timestamp")
    return Verified(device, nonce, right[0])


Limit = tuple[str, Rate, Bucket]


def limits(
    devices: Devices | None, used: Used, verified: Verified, ip_group: str | None
) -> list[Limit]:
    """What a request takes its tokens from: the address first, where it is known."""
    assert devices is not None
    device = verified.device.decode()
    found = [("device", devices.per_device, used.bucket(f"device:{device}", devices.per_device))]
    if ip_group is not None:
        bucket = used.bucket(f"ip:{ip_group}", devices.per_ip)
        found.insert(0, ("ip", devices.per_ip, bucket))
    return found


def let_in(
    used: Used, verified: Verified, limits: list[Limit], keep_ms: int, now_ms: int
) -> dict[str, Any]:
    """The nonce first, then the buckets, all or none."""
    if now_ms < used.nonces.get((verified.device, verified.nonce), 0):
        return wire.decision("nonce_used", "replay")
    waits = [bucket.retry_ms(now_ms) for _, _, bucket in limits]
    retry_ms = take_all([bucket for _, _, bucket in limits], now_ms)
    if retry_ms > 0:
        name, rate, _ = limits[waits.index(retry_ms)]
        return wire.decision(
            "rate_limited", "rate_limit", retry_ms=retry_ms, limit_name=name, rate=rate
        )
    used.nonces[verified.device, verified.nonce] = now_ms + keep_ms
    return wire.decision("authenticated", "rate_limit")


def refusal(reason: str) -> dict[str, Any]:
    return {**wire.decision(reason, "signature"), "device_id": None, "key_id": None}
