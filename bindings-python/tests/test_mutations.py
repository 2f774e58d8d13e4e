"""Every one-step change to a request of each scheme is refused, or is the same event."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from consentgate import Gate, _native, sign, sign_device, verify
from consentgate.types import Scheme

from .support import NOW, ORIGIN, SECRET, consented

BODY = b'{"id":"evt_1","fingerprint":"f"}'
SITES: dict[str, Any] = {
    "slack": {"event_id_pointer": "/id"},
    "github": {"accept_untimed": True},
    "shopify": {"accept_untimed": True},
}
PRIVATE = (
    "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=="
)
PUBLIC = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="
SENDERS = [(scheme, SECRET, SECRET) for scheme in _native.SCHEMES]
SENDERS += [("standard-webhooks", PRIVATE, PUBLIC)]
"""A scheme, what signs, and what verifies: a secret, or the halves of a pair."""
CHARACTERS = "09azAFZ=,.:; +/_-\t\n\x00\x7f"
ODD = ["é", "\u0660", "\ufffd", "\U0001f600"]
Pairs = list[tuple[str, str]]


def changed(text: str) -> Iterator[str]:
    """One character put in another's place, put in, left out, moved; or all twice."""
    for at in range(len(text) + 1):
        head, own, tail = text[:at], text[at : at + 1], text[at + 1 :]
        yield from (head, head + tail, own + tail, head + own.swapcase() + tail)
        yield head + tail[:1] + own + tail[1:]
        for character in (*CHARACTERS, *ODD):
            yield from (head + character + tail, head + character + own + tail)
    for glue in ("", " ", ",", "\t", "\n"):
        yield from (text + glue + text, glue + text, text + glue)


def mutants(headers: Pairs) -> Iterator[Pairs]:
    for place, (name, value) in enumerate(headers):
        before, after = headers[:place], headers[place + 1 :]
        for other in changed(value):
            yield [*before, (name, other), *after]
        yield [*before, *after]
        for again in (value, "", "x"):
            yield from ([*headers, (name, again)], [(name.upper(), again), *headers])
        yield from (
            [*before, (name.upper(), value), *after],
            [*before, (f"{name} ", value), *after],
        )
    yield headers[::-1]


@pytest.mark.parametrize(("scheme", "signs", "verifies"), SENDERS)
def test_headers(scheme: Scheme, signs: str, verifies: str) -> None:
    key = {"id": "k", "secret": verifies}
    site = {"keys": [key], "scheme": scheme, "origins": [ORIGIN], **SITES.get(scheme, {})}
    site["rate"] = {"capacity": 1_000_000, "per_minute": 1_000_000}
    gate = consented(Gate({"sites": {"acme": site}}))
    id = "evt_1" if scheme == "standard-webhooks" else None
    headers = list(sign(scheme, signs, BODY, id=id, now=NOW).items())
    first = gate.call_event("acme", headers, BODY, now=NOW)
    assert first.outcome == "accepted"
    verified = verify(scheme, verifies, headers, BODY, now=NOW)
    assert verified is not None
    hooks = Gate({"sites": {"acme": site}})
    assert hooks.admit("acme", headers, BODY, now=NOW).commit().reason == "committed"
    same, count = 0, 0
    for mutant in mutants(headers):
        decision = gate.call_event("acme", mutant, BODY, now=NOW)
        found = verify(scheme, verifies, mutant, BODY, now=NOW)
        assert (found is None) == (decision.status == 401), mutant
        # Committed once: what is let in by any change would be work done twice.
        admission = hooks.admit("acme", mutant, BODY, now=NOW)
        assert not admission.admitted, mutant
        again = (admission.decision.status, admission.decision.reason)
        if found is None:
            assert (again[0], again[1]) == (401, decision.reason), mutant
        else:
            assert again == (200, "duplicate"), mutant
        count += 1
        if found is not None:
            same += 1
            assert (found.id, found.timestamp) == (verified.id, verified.timestamp)
            assert (decision.outcome, decision.call_id) == ("noop", first.call_id), mutant
    assert count > 2000
    assert 0 < same < count / 10


@pytest.mark.parametrize(("scheme", "signs", "verifies"), SENDERS)
def test_bodies(scheme: Scheme, signs: str, verifies: str) -> None:
    headers = sign(scheme, signs, BODY, now=NOW)
    text = BODY.decode()
    for other in changed(text):
        expected = other == text
        found = verify(scheme, verifies, headers, other.encode(), now=NOW)
        assert (found is not None) is expected


@pytest.mark.parametrize("scheme", _native.SCHEMES)
def test_bodies_of_webhooks(scheme: Scheme) -> None:
    key = {"id": "k", "secret": SECRET}
    site = {"keys": [key], "scheme": scheme, **SITES.get(scheme, {})}
    gate = Gate({"sites": {"acme": site}})
    id = "evt_1" if scheme == "standard-webhooks" else None
    headers = sign(scheme, SECRET, BODY, id=id, now=NOW)
    text = BODY.decode()
    for other in changed(text):
        if other != text:
            admission = gate.admit("acme", headers, other.encode(), now=NOW)
            assert (admission.admitted, admission.decision.status) == (False, 401), other


def test_devices() -> None:
    devices = {"directory": [{"id": "meter-7", "secrets": [b"s" * 32]}]}
    gate = Gate({"sites": {"acme": {"keys": [{"id": "k", "secret": SECRET}], "devices": devices}}})
    line = {"site": "acme", "method": "POST", "url": "/v1/readings?n=1"}
    headers = list(sign_device(b"s" * 32, "meter-7", BODY, now=NOW, **line).items())
    count = 0
    # First while the nonce is new, then while it is used: a change is nobody's request.
    for first in ("authenticated", "nonce_used"):
        for mutant in mutants(headers):
            if not same(mutant, headers):
                decision = gate.device(mutant, BODY, now=NOW, **line)
                assert (decision.status, decision.device_id) == (401, None), mutant
                count += 1
        for part in ("method", "url"):
            for other in changed(line[part]):
                if other != line[part]:
                    decision = gate.device(headers, BODY, now=NOW, **{**line, part: other})
                    assert decision.reason == "bad_signature", other
        assert gate.device(headers, BODY, now=NOW, **line).reason == first
    for mutant in filter(lambda mutant: same(mutant, headers), mutants(headers)):
        assert gate.device(mutant, BODY, now=NOW, **line).reason == "nonce_used", mutant
    assert count > 2000


def same(mutant: Pairs, headers: Pairs) -> bool:
    return [(name.lower(), value) for name, value in mutant] == headers
