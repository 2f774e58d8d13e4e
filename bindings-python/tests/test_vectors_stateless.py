"""Vectors of what is judged without a store."""

from __future__ import annotations

import json
from base64 import b64decode
from itertools import count

import pytest
from consentgate import ConfigError, Fault, Gate, memory, sign, verify

from .support import (
    HASH_SECRET,
    NOW,
    ORIGIN,
    SECRET,
    VECTORS,
    Json,
    cases,
    check_verified,
    config,
    event,
    host_config,
    raw,
    seconds,
)

REACHED = {
    *("signature", "secrets", "payload", "bucket", "consent", "timestamps"),
    *("sync", "wire", "sequences", "random", "faults", "transcripts", "schemes", "device"),
    "tenant",
}
INNER = {"breaker", "hmac", "ed25519"}
"""Only the core itself can be given these: `sign` chooses what it signs."""


def test_no_file_is_left_out() -> None:
    assert {file.stem for file in VECTORS.glob("*.json")} == REACHED | INNER


@pytest.mark.parametrize("case", cases("signature"), ids=lambda case: case["name"])
def test_signature(case: Json) -> None:
    verified = verify(
        "standard-webhooks",
        case["secrets"],
        raw(case["headers"]),
        b64decode(case["body_b64"]),
        now=seconds(case["now_ms"]),
        tolerance_s=case["tolerance_s"],
    )
    check_verified(verified, case["expect"])


@pytest.mark.parametrize("case", cases("signature"), ids=lambda case: case["name"])
def test_signature_by_the_gate(case: Json) -> None:
    # A configuration refuses what is listed twice.
    listed = enumerate(dict.fromkeys(case["secrets"]))
    site = {
        "keys": [{"id": f"k{n}", "secret": secret} for n, secret in listed],
        "tolerance_s": case["tolerance_s"],
    }
    claim = {"ttl_s": max(60, 2 * case["tolerance_s"])}
    document = config(site=site, claim=claim, allow_short_secrets=True)
    gate = Gate({**document, "caps": {"body_bytes_max": 1 << 20}})
    headers, body = raw(case["headers"]), b64decode(case["body_b64"])
    decision = gate.call_event("acme", headers, body, now=seconds(case["now_ms"]))
    if case["expect"]["ok"]:
        assert decision.stage != "signature"
        if decision.stage != "payload":
            assert decision.event_id == case["expect"]["id"]
            assert decision.key_id == f"k{case['expect']['key_index']}"
    else:
        assert (decision.status, decision.stage) == (401, "signature")
        assert decision.reason == case["expect"]["reason"]


PROBLEMS = {
    "empty": "is empty",
    "not_base64": "is not base64",
    "too_short": "is shorter than 24 bytes",
    "too_long": "is longer than 512 bytes",
    "public_key": "is a public key",
    "private_key": "is a private key",
    "not_public_key": "is no public key",
    "weak_public_key": "is a weak public key",
    "not_private_key": "is no private key",
    "halves_differ": "is a private key whose public half belongs to another",
}


@pytest.mark.parametrize("case", cases("secrets"), ids=lambda case: case["name"])
def test_secrets(case: Json) -> None:
    if case["kind"] == "equal":
        a, b = (b64decode(case[name]) for name in ("a_b64", "b_b64"))
        sites = {name: {"keys": [{"id": "k", "secret": key}]} for name, key in (("a", a), ("b", b))}
        faults = _faults({"sites": sites, "allow_short_secrets": True})
        assert [fault.path for fault in faults] == case["equal"] * ["sites.b.keys[0].secret"]
        return
    expect = case["expect"]
    if case["kind"] == "private":
        _private_key(case, expect)
        return
    faults = _faults(config(site={"keys": [{"id": "k", "secret": case["text"]}]}))
    if not expect["ok"]:
        (fault,) = faults
        assert fault.path == "sites.acme.keys[0].secret"
        assert fault.problem.startswith(PROBLEMS[expect["reason"]])
        return
    assert faults == []
    if case["kind"] == "public":
        return
    signed = sign("standard-webhooks", case["text"], b"x", now=1)
    key = b64decode(expect["key_b64"])
    assert verify("standard-webhooks", key, signed, b"x", now=1) is not None


def _private_key(case: Json, expect: Json) -> None:
    def signed() -> str:
        body, at = b64decode(case["body_b64"]), case["timestamp_s"]
        headers = sign("standard-webhooks", case["text"], body, id=case["id"], now=at)
        return headers["webhook-signature"]

    if expect["ok"]:
        assert signed() == expect["signature"]
        return
    with pytest.raises(ValueError, match=PROBLEMS[expect["reason"]]):
        signed()


def _faults(document: Json) -> list[Fault]:
    try:
        Gate(document)
    except ConfigError as error:
        return error.faults
    return []


class Listening:
    """Sessions that are never there; remembers what it was asked and given."""

    def __init__(self) -> None:
        self.asked: list[Json] = []
        self.session: Json | None = None

    def find(self, request: Json, timeout_s: float) -> Json:
        self.asked.append(request)
        return {"session": self.session, "floor_ms": None}

    def put(self, request: Json, timeout_s: float) -> Json:
        self.asked.append(request)
        return {"outcome": "stored"}

    def delete(self, request: Json, timeout_s: float) -> Json:
        return {"outcome": "deleted"}

    def purge(self, request: Json, timeout_s: float) -> Json:
        return {"outcome": "purged", "removed": 0}

    def stores(self) -> dict[str, object]:
        return {"admission": memory(), "sessions": self, "calls": memory()}


@pytest.mark.parametrize("case", cases("payload"), ids=lambda case: case["name"])
def test_payload(case: Json) -> None:
    site = {"keys": [{"id": "k1", "secret": SECRET}], "fingerprint_pointer": case["pointer"]}
    body = b64decode(case["body_b64"])
    headers = event(body=body)
    if "event_id_pointer" in case:
        # For a scheme that signs no id in a header.
        site |= {"scheme": "slack", "event_id_pointer": case["event_id_pointer"]}
        headers = sign("slack", SECRET, body, now=NOW)
    document = {
        "sites": {case["site"]: site},
        "hash_secret": HASH_SECRET,
        "sessions_apart": True,
    }
    listening = Listening()
    gate = Gate(document, listening.stores())
    decision = gate.call_event(case["site"], headers, body, now=NOW)
    if case["expect"]["ok"]:
        assert decision.reason == "no_session"
        assert decision.event_id == case["expect"].get("event_id", "e1")
        assert [ask["fingerprint"] for ask in listening.asked] == [case["expect"]["fingerprint"]]
    else:
        assert (decision.stage, decision.reason) == ("payload", case["expect"]["reason"])
        assert decision.status == 400
        assert listening.asked == []


@pytest.mark.parametrize("case", cases("consent"), ids=lambda case: case["name"])
def test_consent(case: Json) -> None:
    rules = {
        "record": case["needed"],
        "months": case["months"],
        "policy_version_min": case["policy_version_min"],
    }
    document = host_config(
        site={"consent": rules, "tolerance_s": case["tolerance_s"]}, sessions_apart=True
    )
    listening = Listening()
    listening.session = case["session"]
    now = seconds(case["now_ms"])
    gate = Gate(document, listening.stores())
    body = b'{"fingerprint":"f"}'
    decision = gate.call_event("acme", event(at=now), body, now=now)
    assert decision.reason == {"granted": "accepted"}.get(case["expect"], case["expect"])


@pytest.mark.parametrize("case", cases("timestamps"), ids=lambda case: case["name"])
def test_timestamps(case: Json) -> None:
    listening = Listening()
    gate = Gate(host_config(sessions_apart=True), listening.stores())
    said = {"fingerprint": "f", "consent_scopes": ["analytics"], "consent_at": case["text"]}
    body = json.dumps(said).encode()
    decision = gate.sync_session("acme", {"origin": ORIGIN}, body, now=253_402_300_799.999)
    if case["ms"] is None:
        assert decision.reason == "malformed_statement"
    else:
        assert decision.reason == "stored"
        assert listening.asked[-1]["session"]["granted_at_ms"] == case["ms"]


def test_bucket() -> None:
    """Through events without a session: each takes a token. Refunds are in the transcripts."""
    reached = [case for case in cases("bucket") if all(s["op"] == "take" for s in case["steps"])]
    assert len(reached) == len(cases("bucket")) - 6
    for case in reached:
        gate, ids = Gate(config(site={"rate": case["rate"]})), count()
        for step in case["steps"]:
            now = seconds(step["now_ms"])
            headers = event(f"e{next(ids)}", at=now)
            decision = gate.call_event("acme", headers, b'{"fingerprint":"f"}', now=now)
            expect = step["expect"]
            assert (decision.reason == "no_session") == expect["allowed"], case["name"]
            if not expect["allowed"]:
                assert decision.reason == "rate_limited"
                assert decision.retry_after == max(1, -(-expect["retry_ms"] // 1000)), case["name"]
