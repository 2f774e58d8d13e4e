"""The collector of signature.json and what its two modules of cases share."""

from __future__ import annotations

from typing import Any

from oracle.keys import parse_key, sign
from oracle.schemes import STANDARD
from oracle.signature import Refused, verify

from .common import NOW_MS, NOW_S, Collector, Pairs, b64, pairs_json, secret_of, signed_headers

A, B, C, D = (secret_of(label) for label in "abcd")
BODY = b'{"fingerprint":"fp-1","event":"order"}'
ID = "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W"
TS = str(NOW_S)
out = Collector(
    "Stateless verification of standard-webhooks, v1 and v1a. Headers are raw [name, value_b64] "
    "pairs in order; secrets and public keys oldest first."
)


def token(secret: str = A, id_text: str = ID, ts: str = TS, body: bytes = BODY) -> str:
    return sign(secret, id_text, ts, body)


def case(
    name: str,
    note: str,
    headers: Pairs,
    body: bytes = BODY,
    secrets: list[str] | None = None,
    now_ms: int = NOW_MS,
    tolerance_s: int = 300,
    want: str | None = None,
) -> None:
    """`want` is what the author of the case expects: the oracle must agree."""
    secrets = [A] if secrets is None else secrets
    try:
        keys = [parse_key(STANDARD, s) for s in secrets]
        verified = verify(keys, headers, body, tolerance_s, now_ms)
        expect: dict[str, Any] = {
            "ok": True,
            "id": verified.id,
            "timestamp_s": verified.timestamp_s,
            "key_index": verified.key_index,
        }
        got = "ok"
    except Refused as refused:
        expect = {"ok": False, "reason": refused.reason}
        got = refused.reason
    if want is not None and want != got:
        raise AssertionError(f"{name}: the oracle says {got}, the case {want}")
    out.add(
        name,
        note,
        secrets=secrets,
        headers=pairs_json(headers),
        body_b64=b64(body),
        now_ms=now_ms,
        tolerance_s=tolerance_s,
        expect=expect,
    )


def with_(name: str, value: bytes | str) -> Pairs:
    """The valid headers with one value replaced."""
    raw = value.encode() if isinstance(value, str) else value
    return [(n, raw if n == name else v) for n, v in signed_headers([A], ID, TS, BODY)]


def sig(value: bytes | str) -> Pairs:
    return with_("webhook-signature", value)


