"""Times, headers, bodies and addresses in every form that Python has."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable
from email.message import Message
from types import MappingProxyType
from typing import Any

import httpx
import pytest
from consentgate import Gate, verify
from starlette.datastructures import Headers

from .support import BODY, NOW, ORIGIN, SECRET, config, consented, event, statement


def verified(headers: Any, body: Any = BODY, now: Any = NOW) -> bool:
    return verify("standard-webhooks", SECRET, headers, body, now=now) is not None


class TestTimes:
    @pytest.mark.parametrize("now", [NOW, float(NOW), NOW + 0.999, NOW - 300, NOW + 300])
    def test_good(self, now: float) -> None:
        assert verified(event(), now=now)

    @pytest.mark.parametrize("now", [0, 0.0, -0.0, NOW + 300.001, NOW - 300.001, 253402300799.999])
    def test_stale(self, now: float) -> None:
        assert not verified(event(), now=now)

    @pytest.mark.parametrize(
        "now",
        [
            *(float("nan"), float("inf"), float("-inf"), -1, -0.001, -1e300, 1e300),
            *(253402300800, 10**30, -(10**30), 2**63, 2**64, 10**5000),
        ],
        ids=lambda now: str(now)[:20] if isinstance(now, float) else f"{now.bit_length()} bits",
    )
    def test_field_14_nonsense_is_a_value_error(self, now: float) -> None:
        gate = Gate(config())
        calls: list[Callable[[], object]] = [
            lambda: verified(event(), now=now),
            lambda: gate.call_event("acme", event(), BODY, now=now),
            lambda: gate.sync_session("acme", {}, b"", now=now),
            lambda: gate.confirm_sale("acme", "", now=now),
            lambda: gate.erase("acme", "f", now=now),
            lambda: Gate(config(), clock=lambda: now).call_event("acme", event(), BODY),
            lambda: Gate(config(), clock=lambda: now).remove_site("acme"),
        ]
        for call in calls:
            with pytest.raises(ValueError, match="seconds from the beginning of 1970"):
                call()

    @pytest.mark.parametrize("now", [True, False, "1", b"1", [], 1j, object()])
    def test_no_number_is_a_type_error(self, now: Any) -> None:
        with pytest.raises(TypeError, match="seconds as int or float"):
            verified(event(), now=now)
        with pytest.raises(TypeError, match="seconds as int or float"):
            Gate(config(), clock=lambda: now).call_event("acme", event(), BODY)

    def test_a_clock_may_raise(self) -> None:
        def broken() -> float:
            raise LookupError

        with pytest.raises(LookupError):
            Gate(config(), clock=broken).call_event("acme", event(), BODY)
        with pytest.raises(TypeError, match="callable"):
            Gate(config(), clock=NOW)  # type: ignore[arg-type]

    def test_the_machine_s_clock(self) -> None:
        assert verified(event(at=time.time()), now=None)
        gate = Gate(config())
        assert gate.call_event("acme", event(at=time.time()), BODY).reason == "no_session"
        assert gate.call_event("acme", event(at=NOW), BODY).reason == "stale_timestamp"


def _message(headers: dict[str, str]) -> Message:
    message = Message()
    for name, value in headers.items():
        message[name] = value
    return message


FORMS: list[Callable[[dict[str, str]], Any]] = [
    dict,
    MappingProxyType,
    lambda h: {name.upper(): value for name, value in h.items()},
    lambda h: {name.encode(): value.encode() for name, value in h.items()},
    lambda h: {name: bytearray(value.encode()) for name, value in h.items()},
    lambda h: {name: [value] for name, value in h.items()},
    lambda h: {name: (value.encode(),) for name, value in h.items()},
    lambda h: list(h.items()),
    lambda h: tuple(h.items()),
    lambda h: [list(pair) for pair in h.items()],
    lambda h: iter(h.items()),
    lambda h: ((name, value) for name, value in h.items()),
    lambda h: h.items(),
    Headers,
    lambda h: Headers(h).raw,
    httpx.Headers,
    _message,
]


class TestHeaders:
    @pytest.mark.parametrize("form", FORMS)
    def test_forms(self, form: Callable[[dict[str, str]], Any]) -> None:
        assert verified(form(event()))
        assert not verified(form(event() | {"webhook-id": "e2"}))
        gate = Gate(config())
        assert gate.call_event("acme", form(event()), BODY, now=NOW).reason == "no_session"

    @pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
    @pytest.mark.parametrize("other", [None, "x"])
    def test_field_12_doubled_is_refused(self, name: str, other: str | None) -> None:
        once = event()
        pairs = [*once.items(), (name.upper(), other or once[name])]
        raw = [(n.lower().encode(), v.encode()) for n, v in pairs]
        repeated = {**once, name: [once[name], other or once[name]]}
        for headers in (pairs, Headers(raw=raw), httpx.Headers(raw), repeated):
            assert not verified(headers)

    @pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
    def test_absent_is_refused(self, name: str) -> None:
        headers = event()
        del headers[name]
        assert not verified(headers)
        assert not verified({**headers, name: []})
        assert not verified({})
        assert not verified([])

    def test_text_is_latin_1(self) -> None:
        assert verified({**event(), "x-ü": "ü", "x-€": "€", "x-\udc80": "\udc80"})
        for bad in ("é", "€", "\udc80", "e1\n", " e1"):
            assert not verified({**event(), "webhook-id": bad})

    def test_field_11_too_many(self) -> None:
        ok = {f"x-{n}": "" for n in range(253)}
        assert verified(ok | event())
        assert not verified(ok | event() | {"x": ""})
        assert not verified(event() | {"x": ["v"] * 10_000})

    def test_without_end(self) -> None:
        def pairs() -> Any:
            yield from event().items()
            while True:
                yield "x", "y"

        assert not verified(pairs())

    def test_subclasses_are_what_they_are_made_of(self) -> None:
        class Text(str):
            def __str__(self) -> str:
                return "other"

        class Bytes(bytes):
            def __bytes__(self) -> bytes:
                return b"other"

        class Named(dict[str, Any]):
            def items(self) -> Any:
                return event().items()

        assert verified({Text(name): Text(value) for name, value in event().items()})
        assert verified([(Bytes(n.encode()), Bytes(v.encode())) for n, v in event().items()])
        assert verified(event(), Bytes(BODY))
        assert verify("standard-webhooks", [Text(SECRET)], event(), BODY, now=NOW)
        assert verified(Named())

    def test_what_came_is_judged_whatever_becomes_of_it_in_the_call(self) -> None:
        headers, body = {**event(), "x": ["y"]}, bytearray(BODY)

        def clock() -> int:
            headers.clear()
            body[:] = bytes(len(BODY))
            return NOW

        gate = consented(Gate(config(), clock=clock))
        headers |= event()
        body[:] = BODY
        assert gate.call_event("acme", headers, body).outcome == "accepted"
        assert headers == {}

    @pytest.mark.parametrize("change", [dict.clear, lambda d: d.update({"x-new": "x"})])
    def test_a_value_that_changes_the_mapping(self, change: Callable[[Any], Any]) -> None:
        class Changing(list[str]):
            def __iter__(self) -> Any:
                change(headers)
                return super().__iter__()

        headers: dict[str, Any] = {"x": Changing(["y"]), **event()}
        assert verified(headers)

    @pytest.mark.parametrize(
        "headers",
        [
            *(None, 1, "webhook-id: e1", b"x", object(), [1], ["ab"], [("a",)], [("a", "b", "c")]),
            *({"a": None}, {"a": 1}, {1: "a"}, {"a": [1]}, {"a": {"b": "c"}}, [b"ab"], {"a", "b"}),
        ],
    )
    def test_misuse_is_a_type_error(self, headers: Any) -> None:
        with pytest.raises(TypeError):
            verified(headers)
        with pytest.raises(TypeError):
            Gate(config()).call_event("acme", headers, BODY)

    def test_what_a_mapping_raises_is_raised(self) -> None:
        class Broken:
            def items(self) -> Any:
                raise LookupError

        with pytest.raises(LookupError):
            verified(Broken())


class TestBodies:
    @pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
    def test_forms(self, kind: Any) -> None:
        assert verified(event(), kind(BODY))
        assert not verified(event(), kind(BODY + b" "))
        gate = consented(Gate(config()))
        assert gate.call_event("acme", event(), kind(BODY), now=NOW).outcome == "accepted"
        body = kind(statement("analytics"))
        assert gate.sync_session("acme", {"origin": ORIGIN}, body, now=NOW).status == 200

    def test_a_memoryview_of_a_part(self) -> None:
        assert verified(event(), memoryview(b"." + BODY + b".")[1:-1])
        assert verified(event(), memoryview(BODY[::-1])[::-1])

    @pytest.mark.parametrize("body", ["", BODY.decode(), None, 1, [], {}, object()])
    def test_field_10_what_is_not_bytes_is_a_type_error(self, body: Any) -> None:
        with pytest.raises(TypeError, match="raw bytes as they came"):
            verified(event(), body)
        with pytest.raises(TypeError, match="raw bytes as they came"):
            Gate(config()).sync_session("acme", {}, body)

    @pytest.mark.parametrize("body", [b"", b"\xff", b"\xef\xbf\xbd", b"\xef\xbb\xbf{}", b"\0"])
    def test_field_10_bytes_are_signed_as_they_are(self, body: bytes) -> None:
        assert verified(event(body=body), body)
        assert Gate(config()).call_event("acme", event(body=body), body, now=NOW).status == 400

    def test_law_9_too_large(self) -> None:
        gate = Gate(config(caps={"body_bytes_max": 10}))
        assert gate.call_event("nobody", {}, bytes(11), now=NOW).status == 413
        assert gate.sync_session("nobody", {}, bytearray(11), now=NOW).status == 413
        assert gate.call_event("nobody", {}, bytes(10), now=NOW).status == 401


class TestAddresses:
    @pytest.mark.parametrize(
        "ip",
        [
            *("192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", "fe80::1%eth0", None),
            *(ipaddress.ip_address("192.0.2.1"), ipaddress.ip_address("fe80::1%eth0")),
        ],
    )
    def test_good(self, ip: Any) -> None:
        gate = Gate(config())
        assert gate.call_event("acme", event(), BODY, ip=ip, now=NOW).reason == "no_session"
        body = statement("analytics")
        assert gate.sync_session("acme", {"origin": ORIGIN}, body, ip=ip, now=NOW).status == 200

    def test_field_33_one_address_one_bucket(self) -> None:
        one = {"capacity": 1, "per_minute": 1}
        gate = Gate(config(site={"sync": {"per_ip": one}}))

        def sync(ip: Any, fingerprint: str) -> int:
            body = statement("analytics", fingerprint=fingerprint)
            return gate.sync_session("acme", {"origin": ORIGIN}, body, ip=ip, now=NOW).status

        assert sync("192.0.2.1", "a") == 200
        assert sync("::ffff:192.0.2.1", "b") == 429
        assert sync(ipaddress.ip_address("192.0.2.1"), "c") == 429
        assert sync("192.0.2.2", "d") == 200

    @pytest.mark.parametrize(
        "ip", ["", "localhost", "192.0.2", "1.2.3.4:80", "[::1]", "\udc80", "٣.0.0.1"]
    )
    def test_no_address_is_a_value_error(self, ip: str) -> None:
        with pytest.raises(ValueError, match="must be an IPv4 or IPv6 address"):
            Gate(config()).sync_session("acme", {}, b"", ip=ip)

    @pytest.mark.parametrize("ip", [1, b"\x7f\0\0\1", ["::1"], ipaddress.ip_network("10.0.0.0/8")])
    def test_another_type_is_a_type_error(self, ip: Any) -> None:
        with pytest.raises(TypeError, match="ip"):
            Gate(config()).sync_session("acme", {}, b"", ip=ip)


class TestTexts:
    @pytest.mark.parametrize("site", ["", "nobody", "\udc80", "\0", "a" * 100_000, "a b", "☃"])
    def test_law_2_any_site_is_answered(self, site: str) -> None:
        gate = Gate(config())
        unknown = gate.call_event(site, event(), BODY, now=NOW)
        forged = gate.call_event("acme", event(), b"{}", now=NOW)
        assert (unknown.status, unknown.headers) == (401, forged.headers)
        assert unknown.body == forged.body
        assert gate.sync_session(site, {"origin": ORIGIN}, b"{}", now=NOW).body == forged.body
        assert gate.confirm_sale(site, "x", now=NOW).status in (401, 404)

    @pytest.mark.parametrize("site", [None, b"acme", 1])
    def test_no_text_is_a_type_error(self, site: Any) -> None:
        with pytest.raises(TypeError, match="`site` must be str"):
            Gate(config()).call_event(site, event(), BODY)

    @pytest.mark.parametrize("named", [{"method": 1}, {"url": b"x"}])
    def test_method_and_url_are_texts(self, named: Any) -> None:
        with pytest.raises(TypeError):
            Gate(config()).call_event("acme", event(), BODY, **named)
        gate = Gate(config())
        decision = gate.call_event("acme", event(), BODY, method="POST", url="/", now=NOW)
        assert decision.reason == "no_session"

    @pytest.mark.parametrize("fingerprint", ["", "x" * 257, "a\0b", "secret-\udc80"])
    def test_law_12_a_bad_fingerprint_is_not_shown(self, fingerprint: str) -> None:
        with pytest.raises(ValueError, match="1 to 256 bytes") as raised:
            Gate(config()).erase("acme", fingerprint)
        assert type(raised.value) is ValueError
        assert "secret" not in repr(raised.value)
