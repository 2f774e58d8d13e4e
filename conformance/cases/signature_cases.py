"""signature.json: stateless verification, mostly of what must be refused."""

from __future__ import annotations

import hashlib

from oracle.signature import hmac_sha256, parse_secret

from .common import NOW_MS, NOW_S, Collector, b64, key_of, secret_of, signed_headers
from .signature_run import BODY, ID, TS, A, B, C, D, case, out, sig, with_
from .signature_tokens import junk_token_cases, tag_cases
from .signature_v1a import v1a_cases


def valid_cases() -> None:
    case("valid", "the plain case", signed_headers([A], ID, TS, BODY), want="ok")
    spec_secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    spec_body = b'{"test": 2432232314}'
    case(
        "published example",
        "the example of the Standard Webhooks libraries, with its published signature",
        [
            ("webhook-id", b"msg_p5jXN8AQM9LWM0D4loKWxJek"),
            ("webhook-timestamp", b"1614265330"),
            ("webhook-signature", b"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
        ],
        spec_body,
        [spec_secret],
        1614265330000,
        want="ok",
    )
    case(
        "bare base64 secret",
        "the prefix whsec_ is optional",
        signed_headers([A], ID, TS, BODY),
        secrets=[A.removeprefix("whsec_")],
        want="ok",
    )
    for name, spelt in (
        ("upper case", str.upper),
        ("title case", str.title),
        ("swapped case", lambda n: "".join(c.upper() if i % 2 else c for i, c in enumerate(n))),
    ):
        headers = [(spelt(n), v) for n, v in signed_headers([A], ID, TS, BODY)]
        case(f"header names in {name}", "names are read in any case", headers, want="ok")
    headers = signed_headers([A], ID, TS, BODY)
    case("headers in reverse order", "order of headers is nothing", headers[::-1], want="ok")
    case(
        "other headers around",
        "headers that the scheme does not sign are ignored",
        [("host", b"a"), ("x-webhook-id", b"x"), *headers, ("webhook-ids", b"y"), ("host", b"b")],
        want="ok",
    )
    case(
        "unsigned header over the cap",
        "the cap on values is for the three headers read",
        [("x-long", b"x" * 9000), *headers],
        want="ok",
    )
    for length in (1, 23, 24, 63, 64, 65, 128, 511, 512):
        secret = secret_of("length", length)
        case(
            f"secret of {length} bytes",
            "stateless verify refuses only empty secrets; over 64 bytes HMAC hashes the key",
            signed_headers([secret], ID, TS, BODY),
            secrets=[secret],
            want="ok",
        )
    long_key = key_of("length", 65)
    hashed = "whsec_" + b64(hashlib.sha256(long_key).digest())
    case(
        "hashed form of a long secret",
        "a 65-byte key and its SHA-256 are one key to HMAC",
        signed_headers([secret_of("length", 65)], ID, TS, BODY),
        secrets=[hashed],
        want="ok",
    )
    bodies = {
        "empty": b"",
        "one zero byte": b"\0",
        "byte ff": b"\xff",
        "bytes ef bf bd": b"\xef\xbf\xbd",
        "with a BOM": b"\xef\xbb\xbf{}",
        "of all byte values": bytes(range(256)),
        "of 65536 bytes": b"x" * 65536,
        "with CRLF": b"a\r\nb",
        "with trailing newline": BODY + b"\n",
        "starting with a dot": b".x",
        "of UTF-16": '{"a":1}'.encode("utf-16"),
    }
    for name, body in bodies.items():
        note = "bytes in, bytes signed: never decoded before the MAC (field 10)"
        case(f"body {name}", note, signed_headers([A], ID, TS, body), body, want="ok")


def rotation_cases() -> None:
    labels = [A, B, C, D]
    for count in (2, 3, 4):
        for i in range(count):
            case(
                f"rotation key {i} of {count}",
                "every listed key is tried; the index of the first that matches is told",
                signed_headers([labels[i]], ID, TS, BODY),
                secrets=labels[:count],
                want="ok",
            )
    case(
        "two tokens both keys",
        "law 3: both match, the first listed key is named whatever the order of tokens",
        signed_headers([B, A], ID, TS, BODY),
        secrets=[A, B],
        want="ok",
    )
    case(
        "two tokens second key only",
        "field 18: a stripped token leaves a valid message under the other key",
        signed_headers([B], ID, TS, BODY),
        secrets=[A, B],
        want="ok",
    )
    case(
        "same key listed twice",
        "the first index is told",
        signed_headers([A], ID, TS, BODY),
        secrets=[A, A],
        want="ok",
    )
    case(
        "token of a foreign key before",
        "field 8: a well-formed wrong token does not drop the delivery",
        signed_headers([D, A], ID, TS, BODY),
        want="ok",
    )
    case(
        "token of a foreign key after",
        "the order of tokens is nothing",
        signed_headers([A, D], ID, TS, BODY),
        want="ok",
    )
    case(
        "none of four keys",
        "a key that is not listed",
        signed_headers([secret_of("foreign")], ID, TS, BODY),
        secrets=labels,
        want="bad_signature",
    )
    case(
        "four foreign tokens",
        "many wrong tokens do not add up",
        signed_headers([B, C, D, secret_of("foreign")], ID, TS, BODY),
        want="bad_signature",
    )


def header_cases() -> None:
    valid = signed_headers([A], ID, TS, BODY)
    note = "each of the three must occur exactly once"
    for name, value in valid:
        short = name.removeprefix("webhook-")
        rest = [(n, v) for n, v in valid if n != name]
        case(f"missing {short}", f"field 4: {note}", rest, want="malformed_header")
        case(f"empty {short}", "field 4: an empty value turns nothing off", with_(name, b""))
        case(f"doubled {short} equal", f"field 12: {note}", [*valid, (name, value)],
             want="malformed_header")
        case(f"doubled {short} conflicting after", f"field 12: {note}", [*valid, (name, b"1")],
             want="malformed_header")
        case(f"doubled {short} conflicting before", f"field 12: {note}", [(name, b"1"), *valid],
             want="malformed_header")
        case(f"doubled {short} in another case", f"field 12: {note}",
             [*valid, (name.upper(), value)], want="malformed_header")
        case(f"doubled {short} with an empty one", f"field 12: {note}", [(name, b""), *valid],
             want="malformed_header")
        case(f"{short} joined by comma", "field 12: what a proxy makes of a doubled header",
             with_(name, value + b"," + value))
        case(f"{short} joined by comma and space", "field 12: the same, the usual way",
             with_(name, value + b", " + value))
        case(f"{short} with leading space", "no white space is trimmed from a value",
             with_(name, b" " + value))
        case(f"{short} with trailing tab", "no white space is trimmed from a value",
             with_(name, value + b"\t"))
        case(f"{short} of 8193 bytes", "field 11: the cap on a value",
             with_(name, b"1" * 8193), want="malformed_header")
        case(f"{short} named with underscore", "a CGI spelling is another header",
             [(n.replace("-", "_") if n == name else n, v) for n, v in valid],
             want="malformed_header")
    case("no headers", "field 4", [], want="malformed_header")
    svix = [(n.replace("webhook", "svix"), v) for n, v in valid]
    case("svix names", "the older vendor names are not the scheme's", svix,
         want="malformed_header")
    case("empty headers and body", "nothing at all", [], b"", want="malformed_header")
    fill = [(f"x-{i}", b"") for i in range(253)]
    case("256 headers", "the cap itself", fill + valid, want="ok")
    case("257 headers", "field 11: one over", [*fill, ("x-last", b""), *valid],
         want="malformed_header")
    case("malformed before bad signature", "the pinned precedence of reasons",
         [("webhook-id", b"a.b"), ("webhook-timestamp", b"1"), ("webhook-signature", b"")],
         want="malformed_header")


def id_cases() -> None:
    for name, text in (
        ("one byte", "x"),
        ("256 bytes", "x" * 256),
        ("all visible ASCII", "".join(chr(c) for c in range(0x21, 0x7F) if chr(c) != ".")),
        ("with a comma", "a,b"),
        ("of digits", "0"),
        ("with quotes", "\"'`"),
    ):
        case(f"id {name}", "allowed by the grammar", signed_headers([A], text, TS, BODY),
             want="ok")
    for name, text in (
        ("`.`", "."),
        ("with a dot", "msg.1"),
        ("ending in a dot", "msg."),
        ("starting with a dot", ".msg"),
        ("257 bytes", "x" * 257),
        ("with a space", "a b"),
        ("of a space", " "),
        ("with DEL", "a\x7f"),
        ("with control 1f", "a\x1f"),
        ("with newline", "a\nb"),
        ("with NUL", "a\0"),
        ("non-ASCII", "\u00e9"),
        ("with a full-width full stop", "a\uff0eb"),
    ):
        headers = signed_headers([A], text, TS, BODY)
        case(f"id {name}", "field 5: refused by the grammar though signed", headers,
             want="malformed_header")
    headers = signed_headers([A], "x", TS, BODY)
    mac = hmac_sha256(parse_secret(A), b"\xff." + TS.encode() + b"." + BODY)
    case("id of byte ff", "field 7: no UTF-8, well signed, still refused",
         [("webhook-id", b"\xff"), headers[1], ("webhook-signature", b"v1," + b64(mac).encode())],
         want="malformed_header")
    # One signing string, read in two ways: `a.1700000000` + TS, and `a` + 1700000000 + "TS.body".
    moved = signed_headers([A], f"a.{TS}", TS, BODY)
    case("text moved from id to body", "field 5: the same MAC under another parting is valid by"
         " construction; what keeps it out is that such an id is never signed by a grammar-abiding"
         " sender",
         [("webhook-id", b"a"), ("webhook-timestamp", TS.encode()), moved[2]],
         TS.encode() + b"." + BODY, want="ok")
    case("text moved from body to id", "field 5: the dotted id is refused",
         [("webhook-id", f"a.{TS}".encode()), ("webhook-timestamp", TS.encode()),
          signed_headers([A], "a", TS, TS.encode() + b"." + BODY)[2]],
         want="malformed_header")
    base = signed_headers([A], "ab", TS, BODY)
    case("letter moved from id to timestamp", "field 5",
         [("webhook-id", b"a"), ("webhook-timestamp", b"b." + TS.encode()), base[2]],
         want="malformed_header")
    digits = signed_headers([A], "a", TS, b"1." + BODY)
    case("timestamp moved into the body", "the dot of the body starts no timestamp",
         [("webhook-id", b"a"), ("webhook-timestamp", f"{TS}.1".encode()), digits[2]],
         want="malformed_header")
    case("another id", "the id is signed", with_("webhook-id", "other"), want="bad_signature")
    case("id in another case", "the id is compared as it is", with_("webhook-id", ID.lower()),
         want="bad_signature")
    case("another timestamp", "the timestamp is signed", with_("webhook-timestamp", NOW_S_1),
         want="bad_signature")


NOW_S_1 = str(NOW_S + 1)


def timestamp_cases() -> None:
    wrong = {
        "nan": "nan", "NaN": "NaN", "inf": "inf", "Infinity": "Infinity", "minus inf": "-inf",
        "hex": "0x65542600", "octal": "0o14525017000", "binary": "0b1", "exponent": "17e8",
        "plus": f"+{TS}", "minus": f"-{TS}", "minus zero": "-0", "plus zero": "+0",
        "leading zero": f"0{TS}", "double zero": "00", "leading space": f" {TS}",
        "trailing space": f"{TS} ", "underscore": "1_700_000_000", "comma": "1,700,000,000",
        "fraction": f"{TS}.0", "trailing dot": f"{TS}.", "leading dot": f".{TS}",
        "milliseconds": f"{TS}000", "12 digits": "170000000000", "12 nines": "9" * 12,
        "5000 digits": "1" * 5000, "5000 zeros": "0" * 5000, "letters": "soon",
        "trailing newline": f"{TS}\n", "trailing NUL": f"{TS}\0", "null": "null",
        "quoted": f'"{TS}"',
        "i64 max": str(2**63 - 1), "i64 max plus 1": str(2**63), "i64 min": str(-(2**63)),
        "u64 max": str(2**64 - 1), "u64 max plus 1": str(2**64), "u128 max": str(2**128 - 1),
        "Arabic digits": "".join(chr(0x660 + int(c)) for c in TS),
        "full-width digits": "".join(chr(0xFF10 + int(c)) for c in TS),
        "superscript": "1\u00b2", "RFC 3339": "2023-11-14T22:13:20Z",
        "HTTP date": "Tue, 14 Nov 2023 22:13:20 GMT", "suffix s": f"{TS}s", "empty quoted": "''",
    }
    for name, text in wrong.items():
        field = "2" if name[:3] in ("i64", "u64", "u12", "500") else "3"
        if name == "milliseconds":
            field = "15"
        case(f"timestamp {name}", f"field {field}: digits only, 1 to 11 of them; refused though"
             " signed as it stands", signed_headers([A], ID, text, BODY), want="malformed_header")
    headers = signed_headers([A], ID, TS, BODY)
    case("timestamp byte ff", "field 7", with_("webhook-timestamp", b"\xff"),
         want="malformed_header")
    case("timestamp zero now", "`0` is a timestamp", signed_headers([A], ID, "0", BODY), want=
         "stale_timestamp")
    case("timestamp zero in 1970", "fresh at the epoch", signed_headers([A], ID, "0", BODY),
         now_ms=0, want="ok")
    case("timestamp zero at tolerance", "inclusive", signed_headers([A], ID, "0", BODY),
         now_ms=300_000, want="ok")
    case("timestamp zero past tolerance", "one ms over", signed_headers([A], ID, "0", BODY),
         now_ms=300_001, want="stale_timestamp")
    case("timestamp future at the epoch", "no subtraction below zero",
         signed_headers([A], ID, "301", BODY), now_ms=0, want="future_timestamp")
    case("timestamp 11 digits", "far in the future", signed_headers([A], ID, "99999999999", BODY),
         want="future_timestamp")
    case("timestamp 11 digits fresh", "the year 5138: times 1000 overflows nothing",
         signed_headers([A], ID, "99999999999", BODY), now_ms=99_999_999_999_000, want="ok")
    case("timestamp u32 max plus 1", "field 2: 10 digits beyond 32 bits",
         signed_headers([A], ID, "4294967296", BODY), now_ms=4_294_967_296_000, want="ok")
    case("timestamp i32 max plus 1", "field 2: the year 2038",
         signed_headers([A], ID, "2147483648", BODY), now_ms=2_147_483_648_000, want="ok")
    for tolerance_s in (1, 300, 3600):
        edge = tolerance_s * 1000
        for delta, want in (
            (edge - 1, "ok"), (edge, "ok"), (edge + 1, "stale_timestamp"),
            (-edge + 1, "ok"), (-edge, "ok"), (-edge - 1, "future_timestamp"),
        ):
            case(f"tolerance {tolerance_s} s, age {delta} ms",
                 "field 14: both ends included, symmetric, in milliseconds", headers,
                 now_ms=NOW_MS + delta, tolerance_s=tolerance_s, want=want)
    case("a year ahead", "field 14: the window has two sides", headers,
         now_ms=NOW_MS - 31_536_000_000, want="future_timestamp")
    case("a year old", "field 14", headers, now_ms=NOW_MS + 31_536_000_000,
         want="stale_timestamp")
    case("stale and wrongly signed", "the signature is judged before the time",
         signed_headers([B], ID, TS, BODY), now_ms=NOW_MS + 10**9, want="bad_signature")
    case("future and wrongly signed", "the signature is judged before the time",
         signed_headers([B], ID, TS, BODY), now_ms=0, want="bad_signature")


def body_cases() -> None:
    headers = signed_headers([A], ID, TS, BODY)
    for bit in (0, 3, 8 * 20, 8 * len(BODY) - 1):
        spoilt = bytearray(BODY)
        spoilt[bit // 8] ^= 1 << (bit % 8)
        case(f"body with bit {bit} flipped", "one bit of the body", headers, bytes(spoilt),
             want="bad_signature")
    for name, body in (
        ("emptied", b""), ("cut by a byte", BODY[:-1]), ("with a newline more", BODY + b"\n"),
        ("with a BOM more", b"\xef\xbb\xbf" + BODY), ("with a NUL more", BODY + b"\0"),
        ("re-serialised", BODY.replace(b":", b": ")), ("doubled", BODY + BODY),
    ):
        case(f"body {name}", "field 10: the very bytes are signed", headers, body,
             want="bad_signature")
    case("ff signed, ef bf bd sent", "field 10: lossy decoding makes these one",
         signed_headers([A], ID, TS, b"\xff"), b"\xef\xbf\xbd", want="bad_signature")
    case("ef bf bd signed, ff sent", "field 10", signed_headers([A], ID, TS, b"\xef\xbf\xbd"),
         b"\xff", want="bad_signature")
    case("BOM signed, BOM dropped", "field 10", signed_headers([A], ID, TS, b"\xef\xbb\xbf{}"),
         b"{}", want="bad_signature")
    case("NFC signed, NFD sent", "no normalisation", signed_headers([A], ID, TS, b"\xc3\xa9"),
         b"e\xcc\x81", want="bad_signature")
    case("wrong secret", "another key", headers, secrets=[B], want="bad_signature")
    text_key = A.encode()
    mac = hmac_sha256(text_key, f"{ID}.{TS}.".encode() + BODY)
    case("secret used as text", "the secret is decoded, never used as its own text",
         sig("v1," + b64(mac)), want="bad_signature")
    mac = hmac_sha256(A.removeprefix("whsec_").encode(), f"{ID}.{TS}.".encode() + BODY)
    case("secret used as base64 text", "nor without its prefix", sig("v1," + b64(mac)),
         want="bad_signature")
    mac = hmac_sha256(b"", f"{ID}.{TS}.".encode() + BODY)
    case("signed with the empty key", "field 4: no key is not a key", sig("v1," + b64(mac)),
         want="bad_signature")
    mac = hmac_sha256(parse_secret(A), BODY)
    case("body alone signed", "the schemes of other vendors", sig("v1," + b64(mac)),
         want="bad_signature")
    mac = hmac_sha256(parse_secret(A), f"{TS}.".encode() + BODY)
    case("timestamp and body signed", "the scheme of another vendor", sig("v1," + b64(mac)),
         want="bad_signature")


def build() -> Collector:
    valid_cases()
    rotation_cases()
    junk_token_cases()
    tag_cases()
    header_cases()
    id_cases()
    timestamp_cases()
    body_cases()
    v1a_cases()
    return out
