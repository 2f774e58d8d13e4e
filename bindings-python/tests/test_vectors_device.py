"""Requests of devices, through every form that the gate has; and a device's own half."""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode, b64encode

import pytest
from consentgate import AsyncGate, Gate, device_secret, sign_device

from .support import NOW, Json, cases, config, raw, seconds
from .test_vectors_sequences import FORMS, Clock, Make

DEVICE = cases("device")
KINDS = {
    kind: [case for case in DEVICE if case["kind"] == kind] for kind in ("steps", "sign", "derive")
}
# The reference store has no bounds, and a body's cap is the core's: nothing is left out.
RUNS = [(make, case) for make in FORMS for case in KINDS["steps"]]


def test_nothing_is_left_out() -> None:
    assert sum(len(own) for own in KINDS.values()) == len(DEVICE)


@pytest.mark.parametrize(
    ("make", "case"), RUNS, ids=[f"{make.__name__}-{case['name']}" for make, case in RUNS]
)
def test_steps(case: Json, make: Make) -> None:
    assert set(case) == {"name", "note", "kind", "config", "steps"}
    clock = Clock()
    clock.now_ms = case["steps"][0]["now_ms"]
    gate = make(case["config"], clock)
    for place, step in enumerate(case["steps"]):
        clock.now_ms = step["now_ms"]
        told = perform(gate, step)
        assert told == step["expect"], f"step {place}"


def perform(gate: Gate | AsyncGate, step: Json) -> Json | None:
    if step["do"] == "set_site":
        gate.set_site(step["site"], step["site_config"])
        return None
    if step["do"] == "remove_site":
        gate.remove_site(step["site"])
        return None
    named = {name: step[name] for name in ("site", "method", "url", "ip")}
    body = b64decode(step["body_b64"])
    headers = raw(step["headers"])
    if isinstance(gate, Gate):
        decision = gate.device(headers, body, **named)
    else:
        decision = asyncio.run(gate.device(headers, body, **named))
    return {
        "outcome": decision.outcome,
        "stage": decision.stage,
        "reason": decision.reason,
        "status": decision.status,
        "headers": [list(pair) for pair in decision.headers.items()],
        "body": decision.body.decode(),
        "marketing": decision.marketing,
        "retry_after": decision.retry_after,
        "device_id": decision.device_id,
        "key_id": decision.key_id,
    }


@pytest.mark.parametrize("case", KINDS["sign"], ids=lambda case: case["name"])
@pytest.mark.parametrize("as_bytes", [False, True])
def test_sign(case: Json, as_bytes: bool) -> None:
    secret = b64decode(case["secret"]) if as_bytes else case["secret"]
    named = {name: case[name] for name in ("site", "method", "url", "nonce")}
    body = b64decode(case["body_b64"])
    now = seconds(case["now_ms"])
    signed = sign_device(secret, case["device_id"], body, now=now, **named)
    assert [list(pair) for pair in signed.items()] == case["expect"]


@pytest.mark.parametrize("case", KINDS["derive"], ids=lambda case: case["name"])
def test_derive(case: Json) -> None:
    master, generation = case["master"], case["generation"]
    ids = case["site"], case["device_id"]
    assert device_secret(master, *ids, generation) == case["expect"]
    assert (
        device_secret(b64decode(master.removeprefix("whsec_")), *ids, generation)
        == (case["expect"])
    )
    if generation == 0:
        assert device_secret(master, *ids) == case["expect"]


MASTER = b64encode(b"m" * 32).decode()
LINE = {"site": "acme", "method": "POST", "url": "/x"}


def test_each_nonce_is_another() -> None:
    document = config(site={"devices": {"keys": [{"id": "m1", "secret": MASTER}]}})
    gate = Gate(json.dumps(document))
    secret = device_secret(MASTER, "acme", "meter-7")
    for _ in range(3):
        headers = sign_device(secret, "meter-7", b"", now=NOW, **LINE)
        assert gate.device(headers, b"", now=NOW, **LINE).outcome == "accepted"
        decision = gate.device(headers, b"", now=NOW, **LINE)
        assert (decision.status, decision.reason) == (401, "nonce_used")
        # law 12: whose it is shows only where it is asked for.
        assert decision.device_id == "meter-7"
        assert "meter-7" not in repr(decision)


@pytest.mark.parametrize(
    ("change", "error", "word"),
    [
        ({"site": "a b"}, ValueError, "site"),
        ({"method": ""}, ValueError, "method"),
        ({"method": "GET "}, ValueError, "method"),
        ({"url": "x"}, ValueError, "url"),
        ({"url": "/x#y"}, ValueError, "url"),
        ({"url": "/x\n"}, ValueError, "url"),
        ({"nonce": "short"}, ValueError, "nonce"),
        ({"now": -1}, ValueError, "now"),
        ({"url": None}, TypeError, "url"),
        ({"site": 7}, TypeError, "site"),
    ],
)
def test_misuse_of_signing(change: Json, error: type[Exception], word: str) -> None:
    with pytest.raises(error, match=f"`{word}`"):
        sign_device(b"s" * 32, "meter-7", b"", **{**LINE, **change})


@pytest.mark.parametrize("generation", [-1, 2**31, 2**64])
def test_misuse_of_deriving(generation: int) -> None:
    with pytest.raises(ValueError, match="`generation`"):
        device_secret(MASTER, "acme", "meter-7", generation)
    with pytest.raises(ValueError, match="`device_id`") as raised:
        device_secret(MASTER, "acme", "meter:secret")
    assert "meter" not in str(raised.value)
