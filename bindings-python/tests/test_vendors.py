"""The vendors' own packages as peers: what they sign is accepted, what is signed here they accept,
and what each is known to get wrong is got right. Numbers are those of the list of field defects."""

from __future__ import annotations

import hashlib
import hmac
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import pytest
import slack_sdk.signature
import standardwebhooks
import stripe
import svix.webhooks
from consentgate import Gate, sign, verify
from consentgate.types import Scheme

from .support import ORIGIN, SECRET, consented

Signed = dict[str, str]
OTHER = "whsec_" + b64encode(b"7" * 32).decode()
ID = "evt_1"
BODY = '{"id":"evt_1","fingerprint":"f","é":1}'.encode()
YEAR = 365 * 86400


@dataclass(frozen=True)
class Vendor:
    name: str
    scheme: Scheme
    signs: Callable[[str, bytes, int], Signed]
    accepts: Callable[[str, bytes, Signed], bool]
    """As their package says, by the clock of the machine; what it raises is raised."""
    signature: str
    """The header of the tags."""
    before: str
    """What stands in it before a tag."""
    glue: str = ""
    """What stands between the tags of two keys, where there can be several."""
    is_timed: bool = True


def standard(webhook: Any) -> Callable[[str, bytes, int], Signed]:
    def signs(secret: str, body: bytes, at: int) -> Signed:
        when = datetime.fromtimestamp(at, timezone.utc)
        tag = webhook(secret).sign(ID, when, body.decode())
        return {"webhook-id": ID, "webhook-timestamp": str(at), "webhook-signature": tag}

    return signs


def standard_accepts(webhook: Any) -> Callable[[str, bytes, Signed], bool]:
    def accepts(secret: str, body: bytes, headers: Signed) -> bool:
        try:
            webhook(secret).verify(body, headers)
        except standardwebhooks.WebhookVerificationError:
            return False
        return True

    return accepts


def stripe_signs(secret: str, body: bytes, at: int) -> Signed:
    header = stripe.WebhookSignature.generate_signature_header(body.decode(), secret, at)
    return {"Stripe-Signature": header}


def stripe_accepts(secret: str, body: bytes, headers: Signed) -> bool:
    (header,) = headers.values()
    try:
        stripe.Webhook.construct_event(body, header, secret, api_key="unused")
    except stripe.SignatureVerificationError:
        return False
    return True


def slack_signs(secret: str, body: bytes, at: int) -> Signed:
    verifier = slack_sdk.signature.SignatureVerifier(secret)
    tag = verifier.generate_signature(timestamp=str(at), body=body)
    assert tag is not None
    return {"X-Slack-Request-Timestamp": str(at), "X-Slack-Signature": tag}


def slack_accepts(secret: str, body: bytes, headers: Signed) -> bool:
    return slack_sdk.signature.SignatureVerifier(secret).is_valid_request(body, headers)


def mac(secret: str, body: bytes) -> Any:
    return hmac.new(secret.encode(), body, hashlib.sha256)


def github_signs(secret: str, body: bytes, at: int) -> Signed:
    return {"X-Hub-Signature-256": f"sha256={mac(secret, body).hexdigest()}"}


def shopify_signs(secret: str, body: bytes, at: int) -> Signed:
    return {"X-Shopify-Hmac-SHA256": b64encode(mac(secret, body).digest()).decode()}


def by_hand(signs: Callable[[str, bytes, int], Signed]) -> Callable[[str, bytes, Signed], bool]:
    """What their documentation says to do."""

    def accepts(secret: str, body: bytes, headers: Signed) -> bool:
        (wanted,), (given,) = signs(secret, body, 0).values(), headers.values()
        return hmac.compare_digest(wanted, given)

    return accepts


UNTIMED: list[tuple[Scheme, Callable[[str, bytes, int], Signed], str, str]] = [
    ("github", github_signs, "X-Hub-Signature-256", "sha256="),
    ("shopify", shopify_signs, "X-Shopify-Hmac-SHA256", ""),
]
VENDORS = [
    Vendor(
        package.__name__.partition(".")[0],
        "standard-webhooks",
        standard(package.Webhook),
        standard_accepts(package.Webhook),
        "webhook-signature",
        "v1,",
        " ",
    )
    for package in (standardwebhooks, svix.webhooks)
]
STANDARD, SVIX = VENDORS
STRIPE = Vendor("stripe", "stripe", stripe_signs, stripe_accepts, "Stripe-Signature", "v1=", ",")
SLACK = Vendor("slack_sdk", "slack", slack_signs, slack_accepts, "X-Slack-Signature", "v0=")
VENDORS += [STRIPE, SLACK]
for scheme, signs, header, before in UNTIMED:
    VENDORS.append(Vendor(scheme, scheme, signs, by_hand(signs), header, before, is_timed=False))

every = pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.name)


def ours(vendor: Vendor, headers: Any, body: bytes = BODY, **more: Any) -> bool:
    return verify(vendor.scheme, more.pop("secrets", SECRET), headers, body, **more) is not None


def now() -> int:
    return int(time.time())


@every
def test_what_they_sign_is_accepted(vendor: Vendor) -> None:
    at = now()
    headers = vendor.signs(SECRET, BODY, at)
    verified = verify(vendor.scheme, [OTHER, SECRET], headers, BODY, now=at)
    assert verified is not None
    assert verified.timestamp == (at if vendor.is_timed else None)
    assert verified.id == (ID if vendor.scheme == "standard-webhooks" else None)
    assert verified.key_index == 1


@every
def test_what_is_signed_here_they_accept(vendor: Vendor) -> None:
    headers = sign(vendor.scheme, SECRET, BODY)
    assert vendor.accepts(SECRET, BODY, headers)
    assert not vendor.accepts(OTHER, BODY, headers)
    assert not vendor.accepts(SECRET, BODY + b" ", headers)


@every
def test_the_same_headers(vendor: Vendor) -> None:
    at = now()
    id = ID if vendor.scheme == "standard-webhooks" else None
    lower = {name.lower(): value for name, value in vendor.signs(SECRET, BODY, at).items()}
    assert sign(vendor.scheme, SECRET, BODY, id=id, now=at) == lower


@every
def test_a_changed_body_and_another_secret(vendor: Vendor) -> None:
    headers = vendor.signs(SECRET, BODY, now())
    assert ours(vendor, headers)
    for at in range(len(BODY)):
        assert not ours(vendor, headers, BODY[:at] + bytes([BODY[at] ^ 1]) + BODY[at + 1 :])
    assert not ours(vendor, headers, b"")
    assert not ours(vendor, headers, secrets=OTHER)


@every
def test_field_14_a_time_on_either_side(vendor: Vendor) -> None:
    at = now()
    headers = vendor.signs(SECRET, BODY, at)
    for off, is_fresh in ((300, True), (301, False), (YEAR, False)):
        for moment in (at - off, at + off):
            assert ours(vendor, headers, now=moment) == (is_fresh or not vendor.is_timed)
    for old in (at - 310, at - YEAR):
        stale = vendor.signs(SECRET, BODY, old)
        assert ours(vendor, stale) == vendor.accepts(SECRET, BODY, stale) == (not vendor.is_timed)


@pytest.mark.parametrize("vendor", [STANDARD, SVIX, STRIPE], ids=lambda vendor: vendor.name)
def test_rotation(vendor: Vendor) -> None:
    at = now()
    both, new = vendor.signs(OTHER, BODY, at), vendor.signs(SECRET, BODY, at)
    tag = new[vendor.signature].removeprefix(f"t={at},")
    both = {**both, vendor.signature: f"{both[vendor.signature]}{vendor.glue}{tag}"}
    for secret in (OTHER, SECRET):
        assert ours(vendor, both, secrets=secret)
        assert vendor.accepts(secret, BODY, both)
    assert not ours(vendor, both, secrets="whsec_" + b64encode(b"8" * 32).decode())


def cut(text: str) -> Iterator[str]:
    return (text[:length] for length in range(len(text)))


@every
def test_field_1_7_9_12_no_other_spelling(vendor: Vendor) -> None:
    headers = vendor.signs(SECRET, BODY, now())
    good = headers[vendor.signature]
    start = good.index(vendor.before) + len(vendor.before)
    lead, tag = good[:start], good[start:]
    wrong = [*cut(good), good + "A", good + "\n", good + "=", f"\t{good}", tag[1:]]
    wrong += [lead + other for other in ("", "é", tag.upper(), f"\t{tag}", tag + tag)]
    wrong += [lead + tag[:4] + junk + tag[4:] for junk in (" ", "!", "\x00", "é", "=")]
    for value in wrong:
        assert not ours(vendor, {**headers, vendor.signature: value}), value
    for name in headers:
        for doubled in (good, ""):
            assert not ours(vendor, [*headers.items(), (name.lower(), doubled)])
        assert not ours(vendor, {**headers, name: ""})
        assert not ours(vendor, [pair for pair in headers.items() if pair[0] != name])


@every
def test_field_10_bytes_that_are_no_text(vendor: Vendor) -> None:
    for body in (b"", b"\xff", b"\xef\xbb\xbf{}", "\ufffd".encode()):
        headers = sign(vendor.scheme, SECRET, body)
        assert ours(vendor, headers, body)
    assert not ours(vendor, sign(vendor.scheme, SECRET, b"\xff"), "\ufffd".encode())


ODD_TIMES = ["+{}", " {}", "0{}", "{}.0", "{} ", "\t{}"]


@pytest.mark.parametrize("vendor", [STANDARD, SVIX], ids=lambda vendor: vendor.name)
@pytest.mark.parametrize("odd", ODD_TIMES)
def test_field_3_standard_webhooks_prints_the_time_anew(vendor: Vendor, odd: str) -> None:
    # Theirs reads the header as a float and signs the number's own text: another header, one MAC.
    at = now()
    headers = vendor.signs(SECRET, BODY, at) | {"webhook-timestamp": odd.format(at)}
    assert vendor.accepts(SECRET, BODY, headers)
    assert not ours(vendor, headers)


@pytest.mark.parametrize("vendor", [STANDARD, SVIX], ids=lambda vendor: vendor.name)
def test_field_8_standard_webhooks_stops_at_a_malformed_token(vendor: Vendor) -> None:
    headers = vendor.signs(SECRET, BODY, now())
    headers["webhook-signature"] = f"junk {headers['webhook-signature']}"
    with pytest.raises(ValueError, match="unpack"):  # not even the error that it documents
        vendor.accepts(SECRET, BODY, headers)
    assert ours(vendor, headers)


@pytest.mark.parametrize("vendor", [STANDARD, SVIX], ids=lambda vendor: vendor.name)
def test_field_9_standard_webhooks_drops_junk_in_base64(vendor: Vendor) -> None:
    headers = vendor.signs(SECRET, BODY, now())
    good = headers["webhook-signature"]
    headers["webhook-signature"] = f"{good[:9]}!{good[9:]}AAAA"
    assert vendor.accepts(SECRET, BODY, headers)
    assert not ours(vendor, headers)


def test_field_5_standard_webhooks_moves_text_between_id_and_time() -> None:
    # The time is in the id, or in the body: one MAC. Here no id with a `.` is read or sent.
    at = now()
    when = datetime.fromtimestamp(at, timezone.utc)
    tag = standardwebhooks.Webhook(SECRET).sign(f"a.{at}", when, "5")
    headers = {"webhook-id": f"a.{at}", "webhook-timestamp": str(at), "webhook-signature": tag}
    assert STANDARD.accepts(SECRET, b"5", headers)
    assert STANDARD.accepts(SECRET, f"{at}.5".encode(), headers | {"webhook-id": "a"})
    assert not ours(STANDARD, headers, b"5")
    with pytest.raises(ValueError, match="`id` must be"):
        sign("standard-webhooks", SECRET, b"5", id=f"a.{at}")


def test_field_12_svix_reads_other_headers_than_were_sent_first() -> None:
    # Theirs prefers `svix-…` to `webhook-…`: one request, two readings. Here `svix-…` is not read.
    headers = SVIX.signs(SECRET, BODY, now())
    other = {name.replace("webhook", "svix"): "x" for name in headers}
    assert not SVIX.accepts(SECRET, BODY, headers | other)
    assert ours(SVIX, headers | other)
    alone = {name.replace("webhook", "svix"): value for name, value in headers.items()}
    assert SVIX.accepts(SECRET, BODY, alone)
    assert not ours(SVIX, alone)


@pytest.mark.parametrize("tolerance", [0, None, -1])
def test_field_14_stripe_switches_the_check_off(tolerance: Any) -> None:
    (header,) = STRIPE.signs(SECRET, BODY, 1).values()
    check = stripe.WebhookSignature.verify_header
    if tolerance == -1:
        with pytest.raises(stripe.SignatureVerificationError):
            check(BODY, header, SECRET, tolerance)
    else:
        assert check(BODY, header, SECRET, tolerance)
    with pytest.raises((TypeError, ValueError)):
        ours(STRIPE, {"stripe-signature": header}, tolerance_s=tolerance)


def test_field_14_stripe_accepts_a_year_ahead() -> None:
    ahead = STRIPE.signs(SECRET, BODY, now() + YEAR)
    assert STRIPE.accepts(SECRET, BODY, ahead)
    assert not ours(STRIPE, ahead)


@pytest.mark.parametrize("odd", ["+{}", " {}", "0{}", "{} "])
def test_field_3_stripe_prints_the_time_anew(odd: str) -> None:
    at = now()
    (good,) = STRIPE.signs(SECRET, BODY, at).values()
    headers = {"Stripe-Signature": good.replace(str(at), odd.format(at))}
    assert STRIPE.accepts(SECRET, BODY, headers)
    assert not ours(STRIPE, headers)


def test_field_12_stripe_reads_the_first_of_two_times() -> None:
    # Their package for Node reads the last.
    at = now()
    (good,) = STRIPE.signs(SECRET, BODY, at).values()
    for two, is_theirs in ((f"{good},t={at - 9}", True), (f"t={at - 9},{good}", False)):
        assert STRIPE.accepts(SECRET, BODY, {"Stripe-Signature": two}) is is_theirs
        assert not ours(STRIPE, {"Stripe-Signature": two})


def test_field_7_stripe_and_slack_raise_on_text_that_is_not_ascii() -> None:
    at = now()
    stripes = {"Stripe-Signature": f"t={at},v1=é"}
    slacks = {"X-Slack-Request-Timestamp": str(at), "X-Slack-Signature": "v0=é"}
    for vendor, headers in ((STRIPE, stripes), (SLACK, slacks)):
        with pytest.raises(TypeError, match="ASCII"):
            vendor.accepts(SECRET, BODY, headers)
        assert not ours(vendor, headers)


@pytest.mark.parametrize("vendor", [STANDARD, SVIX, STRIPE, SLACK], ids=lambda vendor: vendor.name)
def test_field_10_they_raise_on_bytes_that_are_no_text(vendor: Vendor) -> None:
    headers = sign(vendor.scheme, SECRET, b"\xff")
    with pytest.raises(UnicodeDecodeError):
        vendor.accepts(SECRET, b"\xff", headers)
    assert ours(vendor, headers, b"\xff")


def slack_at(text: str) -> Signed:
    """Rightly signed at a time of that spelling."""
    tag = mac(SECRET, f"v0:{text}:".encode() + BODY).hexdigest()
    return {"X-Slack-Request-Timestamp": text, "X-Slack-Signature": f"v0={tag}"}


@pytest.mark.parametrize("text", ["", "nan", "inf", "1e9", "0x65", "9" * 5000])
def test_field_2_3_slack_raises_on_a_time_that_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="int"):
        SLACK.accepts(SECRET, BODY, slack_at(text))
    assert not ours(SLACK, slack_at(text))
    for edge in (2**31, 2**53, 2**63 - 1, 2**63, -(2**63), 2**64, 10**11):
        assert not ours(SLACK, slack_at(str(edge)))


@pytest.mark.parametrize("odd", ["+{}", " {}", "0{}", "{}_0", "\u0660{}"])
def test_field_3_slack_reads_what_are_no_digits(odd: str) -> None:
    at = now()
    headers = slack_at(odd.format(at // 10 if "_" in odd else at))
    assert SLACK.accepts(SECRET, BODY, headers)
    assert not ours(SLACK, headers)


SITES: dict[str, Any] = {
    "standard-webhooks": {},
    "stripe": {},
    "slack": {"event_id_pointer": "/id"},
    "github": {"accept_untimed": True},
    "shopify": {"accept_untimed": True},
}


@every
def test_a_delivery_is_one_event_however_often_it_is_sent(vendor: Vendor) -> None:
    key = {"id": "k", "secret": SECRET}
    site = {"keys": [key], "scheme": vendor.scheme, "origins": [ORIGIN], **SITES[vendor.scheme]}
    gate = consented(Gate({"sites": {"acme": site}}))
    at = 1_700_000_000
    first = gate.call_event("acme", vendor.signs(SECRET, BODY, at), BODY, now=at)
    assert (first.outcome, first.key_id) == ("accepted", "k")
    assert first.event_id == (ID if vendor.is_timed else None)
    # Sent again a minute later: signed anew where a time is signed, with another unsigned id.
    again = vendor.signs(SECRET, BODY, at + 60) | {"X-GitHub-Delivery": "2"}
    assert gate.call_event("acme", again, BODY, now=at + 60).reason == "duplicate"
    wrong = gate.call_event("acme", vendor.signs(OTHER, BODY, at), BODY, now=at)
    assert (wrong.status, wrong.reason) == (401, "bad_signature")
