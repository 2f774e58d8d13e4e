"""sequences.json: sites of `standard-webhooks` that list public keys, alone and beside secrets."""

from __future__ import annotations

from oracle.ed25519 import BASE, encode, times

from .common import NOW_S, Pairs, b64, compact, seed_of, signed_headers
from .ed25519_cases import L, forged, s_of, with_s
from .sequence_run import BOTH, K1, OTHER, P1, P2, Q1, Q2, Run, consented, done, site

BODY = compact({"fingerprint": "f"})


def with_signature(value: str, event_id: str = "e1") -> Pairs:
    return [*signed_headers([], event_id, NOW_S, BODY)[:2], ("webhook-signature", value.encode())]


def token(key: str, event_id: str = "e1") -> str:
    return signed_headers([key], event_id, NOW_S, BODY)[2][1].decode()


def again(nonce: int) -> str:
    """Another signature of the same message, as the holder of the key can make any number."""
    content = b"e1." + str(NOW_S).encode() + b"." + BODY
    r = encode(times(nonce, BASE))
    return "v1a," + b64(forged(seed_of("a"), content, r, nonce))


def once_cases() -> None:
    run = consented({"sites": {"acme": site(Q1)}})
    run.call("accepted@marketing", keys=(P1,))
    for s in (0, 1, 299, 300):
        run.at_s(s).call("duplicate@replay", keys=(P1,))
    run.call("duplicate@replay", sent_s=300, keys=(P1,))
    run.at_s(300.001).call("stale_timestamp@signature", keys=(P1,))
    run.at_s(899.999).call("duplicate@replay", sent_s=899, keys=(P1,))
    run.at_s(3600).call("duplicate@insert", sent_s=3600, keys=(P1,))
    run.call("accepted", "e2", sent_s=3600, keys=(P1,))
    done("v1a: replayed, and signed anew", "law 3, field 16: the id, and what is signed", run)

    run = consented({"sites": {"acme": site(Q1)}})
    run.call("accepted", headers=with_signature(again(7)), body=BODY)
    for value in (token(P1), again(8), again(7), f"{again(9)} {token(P1)}",
                  f"v1,x {token(P1)}", f"{token(P1)} {token(P1)}", f" {token(P1)} ",
                  f"{token(K1)} {token(P1)}", f"{token(P2)} {token(P1)}"):
        run.call("duplicate@replay", headers=with_signature(value), body=BODY)
    raw = forged(seed_of("a"), b"e1." + str(NOW_S).encode() + b"." + BODY,
                 encode(times(7, BASE)), 7)
    for value in ("v1a," + b64(with_s(raw, s_of(raw) + L)), "v1," + token(P1)[4:], token(K1),
                  token(P2), token(P1) + "=", token(P1).replace("v1a", "V1A")):
        run.call("bad_signature", headers=with_signature(value), body=BODY)
    run.call("malformed_header", headers=with_signature(" ".join([token(P1)] * 5)), body=BODY)
    run.call("bad_signature", headers=with_signature(token(P1), "e2"), body=BODY)
    run.call("accepted", "e2", keys=(P1,))
    done("v1a: other signatures of the same event", "law 3, field 9: an event is named by what is "
         "signed, never by a signature, which its sender can vary", run)


def rotation_cases() -> None:
    run = consented()
    run.call("accepted", "e0")
    run.at_s(10).set_site(site(K1, Q1))
    run.call("accepted", keys=(K1, P1), sent_s=10)
    run.call("duplicate@replay", keys=(K1,), sent_s=10)
    run.call("duplicate@replay", keys=(P1,), sent_s=10)
    run.call("duplicate@replay", "e0", keys=(P1,))
    run.at_s(20).set_site(site(Q1))
    run.call("duplicate@replay", keys=(P1,), sent_s=10)
    run.call("duplicate@replay", keys=(K1, P1), sent_s=10)
    run.call("bad_signature", keys=(K1,), sent_s=10)
    run.call("bad_signature", "e3", keys=(K1,), sent_s=20)
    run.call("accepted", "e3", keys=(P1,), sent_s=20)
    run.at_s(700)
    run.call("duplicate@insert", keys=(P1,), sent_s=700)
    done("v1a: a secret gives way to a key", "field 18: claimed under every listed key, whatever "
         "its kind", run)

    run = consented({"sites": {"acme": site(Q1)}})
    run.call("accepted", keys=(P1,))
    run.at_s(10).set_site(site(Q2, K1))
    run.call("bad_signature", keys=(P1,))
    for keys in ((P2,), (K1,), (P1, P2), (K1, P2)):
        run.call("duplicate@replay", keys=keys)
    run.set_site(site(Q1))
    run.call("duplicate@replay", keys=(P1,))
    run.remove_site()
    run.call("unknown_site", keys=(P1,))
    run.set_site(site(Q1))
    run.call("duplicate@replay", keys=(P1,))
    done("v1a: a key is replaced, comes back, and its site goes", "law 3: keys given up are "
         "remembered, public ones too", run)


def tenancy_cases() -> None:
    run = consented({"sites": {"acme": site(Q1), "other": site(OTHER, Q2)}})
    run.sync("stored", BOTH, name="other")
    run.call("accepted", keys=(P1,))
    run.call("bad_signature", keys=(P1,), name="other")
    run.call("bad_signature", keys=(P2,))
    run.call("accepted", keys=(P2,), name="other")
    run.call("duplicate@replay", keys=(OTHER,), name="other")
    run.call("unknown_site", keys=(P1,), name="nobody")
    done("v1a: two sites", "law 8", run)

    run = Run({"sites": {"acme": site(Q1)}})
    run.admit("uncommitted@settle", settle="release", keys=(P1,))
    run.admit("committed@settle", keys=(P1,))
    run.admit("duplicate@replay", keys=(P1,))
    run.admit("bad_signature", keys=(P2,))
    run.at_s(86399)
    run.admit("duplicate@replay", keys=(P1,), sent_s=86399)
    done("v1a: admitted", "law 3: exactly once without a person too", run)


def v1a_cases() -> None:
    once_cases()
    rotation_cases()
    tenancy_cases()
