"""`verify` and `sign` on their own."""

from __future__ import annotations

from base64 import b64decode
from datetime import datetime, timezone
from typing import Any, Final

import pytest
import standardwebhooks
from consentgate import sign, verify

from .support import BODY, NOW, SECRET, event

SCHEME: Final = "standard-webhooks"
KEY = b64decode(SECRET.removeprefix("whsec_"))


def test_what_is_signed_is_verified() -> None:
    headers = sign(SCHEME, SECRET, BODY, id="e1", now=NOW)
    assert list(headers) == ["webhook-id", "webhook-timestamp", "webhook-signature"]
    verified = verify(SCHEME, SECRET, headers, BODY, now=NOW)
    assert verified
    assert (verified.id, verified.timestamp, verified.key_index) == ("e1", NOW, 0)
    assert "e1" not in repr(verified)
    if verify(SCHEME, SECRET, headers, b"", now=NOW):
        pytest.fail("safe in an if")


def test_with_another_library_s_signer_and_verifier() -> None:
    at = datetime.fromtimestamp(NOW, timezone.utc)
    signature = standardwebhooks.Webhook(SECRET).sign("msg_1", at, BODY.decode())
    assert event("msg_1")["webhook-signature"] == signature
    now = datetime.now(timezone.utc).timestamp()
    headers = sign(SCHEME, SECRET, BODY, now=now)
    assert standardwebhooks.Webhook(SECRET).verify(BODY.decode(), headers)


def test_an_id_that_nobody_can_guess() -> None:
    ids = {sign(SCHEME, SECRET, BODY)["webhook-id"] for _ in range(100)}
    assert len(ids) == 100


@pytest.mark.parametrize(
    "secret",
    [SECRET, SECRET.removeprefix("whsec_"), KEY, bytearray(KEY), memoryview(KEY)],
    ids=["prefixed", "bare", "bytes", "bytearray", "memoryview"],
)
def test_forms_of_a_secret(secret: Any) -> None:
    assert sign(SCHEME, secret, BODY, id="e1", now=NOW) == event()
    forms: list[Any] = [secret, [secret], (secret,), iter([secret])]
    for secrets in forms:
        assert verify(SCHEME, secrets, event(), BODY, now=NOW)


def test_the_secret_that_was_right_is_named() -> None:
    verified = verify(SCHEME, [b"x", "eHg=", KEY], event(), BODY, now=NOW)
    assert verified is not None
    assert verified.key_index == 2


@pytest.mark.parametrize(
    "secrets", ["", "whsec_", "not base64!", "\udc80", b"", [], [b""], [b"x"] * 17]
)
def test_field_4_no_secret_is_a_value_error(secrets: Any) -> None:
    with pytest.raises(ValueError, match="secret"):
        verify(SCHEME, secrets, event(), BODY, now=NOW)


@pytest.mark.parametrize("secrets", [None, 1, object(), [None], [1], [[b"x"]]])
def test_no_text_and_no_bytes_is_a_type_error(secrets: Any) -> None:
    with pytest.raises(TypeError):
        verify(SCHEME, secrets, event(), BODY)
    with pytest.raises(TypeError):
        sign(SCHEME, secrets, BODY)


@pytest.mark.parametrize("tolerance_s", [0, -1, 3601, 2**64, -(2**70)])
def test_field_14_a_tolerance_is_positive_and_bounded(tolerance_s: int) -> None:
    with pytest.raises(ValueError, match="whole number from 1 to 3600"):
        verify(SCHEME, SECRET, event(), BODY, now=NOW, tolerance_s=tolerance_s)


@pytest.mark.parametrize("tolerance_s", [None, True, 300.0, float("nan"), "300"])
def test_field_14_a_tolerance_is_whole(tolerance_s: Any) -> None:
    with pytest.raises(TypeError, match="`tolerance_s` must be int, not "):
        verify(SCHEME, SECRET, event(), BODY, now=NOW, tolerance_s=tolerance_s)


@pytest.mark.parametrize("scheme", ["", "v1", "Stripe", "\udc80"])
def test_an_unknown_scheme_is_a_value_error(scheme: Any) -> None:
    with pytest.raises(ValueError, match="scheme"):
        verify(scheme, SECRET, event(), BODY)
    with pytest.raises(ValueError, match="scheme"):
        sign(scheme, SECRET, BODY)


@pytest.mark.parametrize("id", ["", "a.b", "a b", "é", "\udc80", "x" * 257])
def test_field_5_an_id_is_injective(id: str) -> None:
    with pytest.raises(ValueError, match="`id` must be"):
        sign(SCHEME, SECRET, BODY, id=id)


def test_law_12_no_secret_in_an_error() -> None:
    for call in (
        lambda: verify(SCHEME, "hunter2!", event(), BODY),
        lambda: sign("hunter2", SECRET, BODY),  # type: ignore[arg-type]
        lambda: verify(SCHEME, ["hunter2"], {"hunter2": object()}, BODY),  # type: ignore[arg-type]
    ):
        with pytest.raises((TypeError, ValueError)) as raised:
            call()
        assert "hunter2" not in repr(raised.value)
