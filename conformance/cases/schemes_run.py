"""The collector of schemes.json, and how each scheme writes a request."""

from __future__ import annotations

from typing import Any

from oracle.schemes import Verified, parse_configured_secret, parse_secret, verify
from oracle.signature import Refused, hmac_sha256

from .common import NOW_MS, NOW_S, Collector, Pairs, b64, key_of, pairs_json

A, B, C, D = (key_of(f"scheme {label}").hex() for label in "abcd")
BODY = b'{"id":"evt_1","fingerprint":"fp-1","event":"order"}'
TS = str(NOW_S)
SCHEMES = ("github", "stripe", "slack", "shopify")
TIMED = ("stripe", "slack")
NAME = {
    "github": "x-hub-signature-256",
    "stripe": "stripe-signature",
    "slack": "x-slack-signature",
    "shopify": "x-shopify-hmac-sha256",
}
SLACK_TIME = "x-slack-request-timestamp"
PREFIX = {"github": "sha256=", "stripe": "v1=", "slack": "v0=", "shopify": ""}
MH, BS, ST, FT = "malformed_header", "bad_signature", "stale_timestamp", "future_timestamp"

out = Collector(
    "Kind `verify`: stateless verification by `scheme`, headers raw [name, value_b64] pairs in "
    "order, secrets as texts of that scheme, oldest first. Kind `secret`: how a text is read in a "
    "configuration without allow_short_secrets."
)


def mac(scheme: str, secret: str = A, ts: str = TS, body: bytes = BODY) -> bytes:
    """What each vendor documents, spelled out again apart from the oracle."""
    before = {"stripe": f"{ts}.", "slack": f"v0:{ts}:"}.get(scheme, "")
    return hmac_sha256(secret.encode(), before.encode() + body)


def text_of(scheme: str, raw: bytes) -> str:
    """A tag as the scheme writes it, without its prefix."""
    return b64(raw) if scheme == "shopify" else raw.hex()


def tag(scheme: str, secret: str = A, ts: str = TS, body: bytes = BODY) -> str:
    return text_of(scheme, mac(scheme, secret, ts, body))


def item(scheme: str, secret: str = A, ts: str = TS, body: bytes = BODY) -> str:
    return PREFIX[scheme] + tag(scheme, secret, ts, body)


def request(scheme: str, items: str | bytes, ts: str | bytes = TS) -> Pairs:
    """The headers around a tag with its prefix, however spoilt."""
    raw = items if isinstance(items, bytes) else items.encode()
    time = ts if isinstance(ts, bytes) else ts.encode()
    if scheme == "stripe":
        return [(NAME[scheme], b"t=" + time + b"," + raw)]
    own = [(NAME[scheme], raw)]
    return [(SLACK_TIME, time), *own] if scheme == "slack" else own


def valid(scheme: str, secret: str = A, ts: str = TS, body: bytes = BODY) -> Pairs:
    return request(scheme, item(scheme, secret, ts, body), ts)


def case(
    scheme: str,
    name: str,
    note: str,
    headers: Pairs,
    want: str = BS,
    *,
    body: bytes = BODY,
    secrets: tuple[str, ...] = (A,),
    now_ms: int = NOW_MS,
    tolerance_s: int = 300,
    key_index: int = 0,
) -> None:
    """`want` is what the author of the case expects: the oracle must agree."""
    try:
        keys = [parse_secret(scheme, text) for text in secrets]
        known: Verified = verify(scheme, keys, headers, body, tolerance_s, now_ms)
        expect: dict[str, Any] = {
            "ok": True,
            "id": known.id,
            "timestamp_s": known.timestamp_s,
            "key_index": known.key_index,
        }
        got = "ok"
        if known.key_index != key_index:
            raise AssertionError(f"{scheme}, {name}: key {known.key_index}")
    except Refused as refused:
        expect = {"ok": False, "reason": refused.reason}
        got = refused.reason
    if got != want:
        raise AssertionError(f"{scheme}, {name}: the oracle says {got}, the case {want}")
    out.add(
        f"{scheme}: {name}",
        note,
        kind="verify",
        scheme=scheme,
        secrets=list(secrets),
        headers=pairs_json(headers),
        body_b64=b64(body),
        now_ms=now_ms,
        tolerance_s=tolerance_s,
        expect=expect,
    )


def secret_case(scheme: str, name: str, note: str, text: str, want: str) -> None:
    try:
        expect = {"ok": True, "key_b64": b64(parse_configured_secret(scheme, text))}
        got = "ok"
    except Refused as refused:
        expect = {"ok": False, "reason": refused.reason}
        got = refused.reason
    if got != want:
        raise AssertionError(f"{scheme} secret, {name}: the oracle says {got}, the case {want}")
    out.add(f"{scheme} secret: {name}", note, kind="secret", scheme=scheme, text=text,
            expect=expect)
