"""Vectors of the schemes other than Standard Webhooks, by `verify` and by the gate."""

from __future__ import annotations

from base64 import b64decode

import pytest
from consentgate import ConfigError, Gate, sign, verify

from .support import Json, cases, check_verified, config, raw, seconds
from .test_vectors_stateless import PROBLEMS

CASES = cases("schemes")
VERIFY = [case for case in CASES if case["kind"] == "verify"]
SECRETS = [case for case in CASES if case["kind"] == "secret"]
UNTIMED = ("github", "shopify")


def test_there_is_no_other_kind() -> None:
    assert len(VERIFY) + len(SECRETS) == len(CASES)
    read = {"name", "note", "kind", "scheme", "expect"}
    asked = {"secrets", "headers", "body_b64", "now_ms", "tolerance_s"}
    assert all(set(case) == read | asked for case in VERIFY)
    assert all(set(case) == read | {"text"} for case in SECRETS)


@pytest.mark.parametrize("case", VERIFY, ids=lambda case: case["name"])
def test_verify(case: Json) -> None:
    verified = verify(
        case["scheme"],
        case["secrets"],
        raw(case["headers"]),
        b64decode(case["body_b64"]),
        now=seconds(case["now_ms"]),
        tolerance_s=case["tolerance_s"],
    )
    check_verified(verified, case["expect"])


def site_of(scheme: str, secrets: list[str]) -> Json:
    # A configuration refuses what is listed twice.
    keys = [{"id": f"k{n}", "secret": text} for n, text in enumerate(dict.fromkeys(secrets))]
    return {"scheme": scheme, "keys": keys, "accept_untimed": scheme in UNTIMED}


@pytest.mark.parametrize("case", VERIFY, ids=lambda case: case["name"])
def test_by_the_gate(case: Json) -> None:
    tolerance_s = case["tolerance_s"]
    site = site_of(case["scheme"], case["secrets"]) | {"tolerance_s": tolerance_s}
    claim = {"ttl_s": max(60, 2 * tolerance_s)}
    gate = Gate(
        config(site=site, claim=claim, allow_short_secrets=True, caps={"body_bytes_max": 1 << 20})
    )
    headers, body = raw(case["headers"]), b64decode(case["body_b64"])
    decision = gate.call_event("acme", headers, body, now=seconds(case["now_ms"]))
    if case["expect"]["ok"]:
        assert decision.stage != "signature"
        if decision.stage != "payload":
            assert decision.key_id == f"k{case['expect']['key_index']}"
    else:
        assert (decision.status, decision.stage) == (401, "signature")
        assert decision.reason == case["expect"]["reason"]


@pytest.mark.parametrize("case", SECRETS, ids=lambda case: case["name"])
def test_secret(case: Json) -> None:
    scheme, text, expect = case["scheme"], case["text"], case["expect"]
    document = config(site=site_of(scheme, [text]))
    if expect["ok"]:
        Gate(document)
        signed = sign(scheme, text, b"x", now=1)
        assert verify(scheme, b64decode(expect["key_b64"]), signed, b"x", now=1) is not None
        return
    with pytest.raises(ConfigError) as raised:
        Gate(document)
    (fault,) = raised.value.faults
    assert fault.path == "sites.acme.keys[0].secret"
    assert fault.problem.startswith(PROBLEMS[expect["reason"]])


@pytest.mark.parametrize("scheme", UNTIMED)
@pytest.mark.parametrize("switch", [{}, {"accept_untimed": False}])
def test_a_scheme_without_a_time_needs_its_switch(scheme: str, switch: Json) -> None:
    site = {
        key: value for key, value in site_of(scheme, ["x" * 24]).items() if key != "accept_untimed"
    }
    with pytest.raises(ConfigError) as raised:
        Gate({"sites": {"acme": site | switch}})
    assert [fault.path for fault in raised.value.faults] == ["sites.acme.scheme"]


@pytest.mark.parametrize("scheme", ["github", "stripe", "slack", "shopify"])
def test_an_id_that_the_scheme_does_not_sign_is_misuse(scheme: str) -> None:
    with pytest.raises(ValueError, match="the scheme signs no `id`"):
        sign(scheme, "secret", b"", id="e1")  # type: ignore[arg-type]


@pytest.mark.parametrize("secret", ["", " \t", "\udc80", "x\ud800"])
def test_field_4_a_secret_that_is_no_text(secret: str) -> None:
    # Nothing is put in the place of what UTF-8 cannot hold: two secrets would be one.
    with pytest.raises(ValueError, match="secret"):
        sign("github", secret, b"")
    with pytest.raises(ValueError, match="secret"):
        verify("github", ["x", secret], {}, b"")
