"""schemes.json: the tag and its prefix, spoilt in every way, for all schemes alike."""

from __future__ import annotations

import base64

from oracle.signature import hmac_sha256

from .common import b64
from .schemes_run import (
    BODY,
    BS,
    MH,
    NAME,
    PREFIX,
    SCHEMES,
    TS,
    A,
    case,
    item,
    mac,
    request,
    tag,
    text_of,
    valid,
)

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def cut_cases(scheme: str) -> None:
    note = "field 1: no prefix of a tag is a tag"
    right, raw, before = tag(scheme), mac(scheme), PREFIX[scheme]
    longest = len(right)
    for length in sorted({0, 1, 2, 3, 4, 7, 8, 16, 31, 32, 33, 40, longest - 2, longest - 1}):
        case(scheme, f"tag text cut to {length}", note, request(scheme, before + right[:length]))
    for length in (1, 16, 20, 31):
        case(scheme, f"tag of {length} bytes re-encoded", note,
             request(scheme, before + text_of(scheme, raw[:length])))
    case(scheme, "tag without its first character", note, request(scheme, before + right[1:]))
    case(scheme, "tag of 33 bytes", "longer",
         request(scheme, before + text_of(scheme, raw + b"\0")))
    case(scheme, "tag of 64 bytes", "twice the tag",
         request(scheme, before + text_of(scheme, raw + raw)))
    case(scheme, "tag with a character more", "field 9", request(scheme, before + right + "0"))


def spelling_cases(scheme: str) -> None:
    right, raw, before = tag(scheme), mac(scheme), PREFIX[scheme]
    note = "field 9: exactly what an encoder writes, or nothing"
    spoilt = {
        "with a newline after": right + "\n", "with a CRLF inside": right[:20] + "\r\n" +
        right[20:], "with a space before": " " + right, "with a space after": right + " ",
        "with a tab before": "\t" + right, "with a NUL after": right + "\0",
        "quoted": f'"{right}"', "reversed": right[::-1], "of zeros": text_of(scheme, bytes(32)),
        "of the letter A": "A" * len(right), "with a letter not ASCII": right[:-1] + "\u00e9",
        "with 0x before": "0x" + right, "of full-width digits": "\uff11" * len(right),
    }
    if scheme == "shopify":
        spoilt |= {
            "unpadded": right[:-1], "padded twice": right + "=", "padding moved": right[:42] +
            "=" + right[42], "in hex": raw.hex(), "in upper-case hex": raw.hex().upper(),
            "lower-cased": right.lower(), "upper-cased": right.upper(), "percent-encoded padding":
            right[:-1] + "%3D", "of equals signs": "=" * 44, "of base64 of hex":
            b64(raw.hex().encode()),
        }
        last = ALPHABET.index(right[42])
        for bits in (1, 2, 3):
            spoilt[f"with trailing bits {bits}"] = right[:42] + ALPHABET[last | bits] + "="
    else:
        spoilt |= {
            "in upper-case hex": right.upper(), "with one letter in upper case": one_upper(right),
            "in base64": b64(raw), "in url-safe base64": base64.urlsafe_b64encode(raw).decode(),
            "with a letter no hex digit": right[:-1] + "g", "parted by colons": ":".join(
                right[i : i + 2] for i in range(0, 64, 2)),
            "of hex of hex": right.encode().hex(), "with its last digit +": right[:-1] + "+",
        }
    for name, text in spoilt.items():
        case(scheme, f"tag {name}", note, request(scheme, before + text))
    for bit in (0, 7, 128, 255):
        flipped = bytearray(raw)
        flipped[bit // 8] ^= 1 << (bit % 8)
        case(scheme, f"tag with bit {bit} flipped", "one bit",
             request(scheme, before + text_of(scheme, bytes(flipped))))
    for name, value in (("ff bytes", b"\xff" * 32), ("raw tag bytes", raw)):
        case(scheme, f"tag of {name}", "field 7: no input raises anything",
             request(scheme, before.encode() + value))
    if scheme == "shopify":
        url_safe()


def one_upper(text: str) -> str:
    at = next(i for i, c in enumerate(text) if c.isalpha())
    return text[:at] + text[at].upper() + text[at + 1 :]


def url_safe() -> None:
    """A body is searched for whose tag holds both characters that differ in the url alphabet."""
    n, odd = 0, ""
    while not ("+" in odd and "/" in odd):
        body = BODY + b" " * n
        odd = tag("shopify", body=body)
        n += 1
    case("shopify", "tag with + and /", "the control", valid("shopify", body=body), "ok", body=body)
    for name, url in (("url-safe", odd.replace("+", "-").replace("/", "_")),
                      ("url-safe, unpadded", odd.replace("+", "-").replace("/", "_")[:-1]),
                      ("with spaces for +", odd.replace("+", " "))):
        case("shopify", f"tag {name}", "field 9: standard alphabet only", request("shopify", url),
             body=body)


def prefix_cases(scheme: str) -> None:
    right, before = tag(scheme), PREFIX[scheme]
    note = "field 6: algorithm and version are never the sender's choice"
    given: tuple[str, ...] = (
        "sha1=", "md5=", "v2=", "v10=", "v01=", "v=", "=", "v1a=", "v1,", "v0,",
    )
    case(scheme, "prefix alone", "field 1: an empty tag", request(scheme, before))
    if before:
        given += (before.upper(), before.title(), before[:-1], before[:-1] + ":",
                  before[:-1] + " =", before + "=", before + before, " " + before, "\t" + before,
                  before + " ", "", "\ufeff" + before)
    others = {PREFIX[other] for other in SCHEMES} - {before, ""}
    for text in dict.fromkeys((*given, *sorted(others))):
        if text != before:
            case(scheme, f"prefix {text!a}", note, request(scheme, text + right))


def other_content_cases(scheme: str) -> None:
    """Right MACs of what this scheme does not sign."""
    key = A.encode()
    contents = {
        "the body alone": BODY, "time, dot, body": f"{TS}.".encode() + BODY,
        "v0, time, body": f"v0:{TS}:".encode() + BODY, "time and body": TS.encode() + BODY,
        "v1, time, body": f"v1:{TS}:".encode() + BODY, "id, time, body": f"evt_1.{TS}.".encode() +
        BODY, "the body with a newline": BODY + b"\n", "the body's hex": BODY.hex().encode(),
        "nothing": b"", "the body from its second byte": BODY[1:],
    }
    own = {"stripe": "time, dot, body", "slack": "v0, time, body"}.get(scheme, "the body alone")
    for name, content in contents.items():
        if name != own:
            text = PREFIX[scheme] + text_of(scheme, hmac_sha256(key, content))
            case(scheme, f"signed: {name}", "field 5: one signed text, and no other",
                 request(scheme, text))
    for name, bad in (("empty", b""), ("from hex", bytes.fromhex(A)), ("upper-cased",
                      A.upper().encode()), ("with a newline", A.encode() + b"\n")):
        before = {"stripe": f"{TS}.", "slack": f"v0:{TS}:"}.get(scheme, "").encode()
        text = PREFIX[scheme] + text_of(scheme, hmac_sha256(bad, before + BODY))
        case(scheme, f"signed with the key {name}", "field 4: the text itself is the key",
             request(scheme, text))


def header_cases(scheme: str) -> None:
    name, good = NAME[scheme], valid(scheme)
    value = dict(good)[name]
    rest = [pair for pair in good if pair[0] != name]
    missing = "field 13: missing and malformed are one answer"
    case(scheme, "no headers", missing, [], MH)
    case(scheme, "signature header missing", missing, rest, MH)
    for near in (name[:-1], name + "s", "x-" + name, name.replace("-", "_"), " " + name,
                 name + " ", name.replace("-", ""), name.replace("i", "\u0131"), name + ":"):
        case(scheme, f"header named {near!a}", "another name is another header",
             [*rest, (near, value)], MH)
    case(scheme, "Kelvin sign in a header name", "ASCII case alone is folded",
         [*rest, (name.replace("k", "\u212a") if "k" in name else name + "\u212a", value)], MH)
    doubled = "field 12: exactly once, never joined, whatever the two say"
    case(scheme, "signature header twice, equal", doubled, [*good, (name, value)], MH)
    case(scheme, "signature header twice, second empty", doubled, [*good, (name, b"")], MH)
    case(scheme, "signature header twice, first wrong", doubled, [(name, b"x"), *good], MH)
    case(scheme, "signature header twice in two cases", doubled, [*good, (name.upper(), value)],
         MH)
    joined = MH if scheme == "stripe" else BS
    case(scheme, "values joined by a comma", "field 12: nothing is parted that was joined",
         [*rest, (name, value + b"," + value)], joined)
    for how, between in (("comma and space", b", "), ("a space", b" ")):
        # The second time of Stripe's is no item of its own then, its second tag is.
        case(scheme, f"values joined by {how}", "field 12: nothing is parted that was joined",
             [*rest, (name, value + between + value)], "ok" if scheme == "stripe" else BS)
    empty = MH if scheme == "stripe" else BS
    case(scheme, "signature header empty", "field 1", [*rest, (name, b"")], empty)
    case(scheme, "signature header of a space", "field 4", [*rest, (name, b" ")], empty)
    case(scheme, "signature header of a NUL", "field 7", [*rest, (name, b"\0")], empty)
    case(scheme, "value with a space before", "nothing is trimmed", [*rest, (name, b" " + value)],
         empty)
    case(scheme, "value with a newline after", "nothing is trimmed",
         [*rest, (name, value + b"\n")])
    for spelt in (name.upper(), name.title(), name[:-1] + name[-1].upper()):
        if spelt != name:
            case(scheme, f"header name {spelt}", "names are read in any case",
                 [*rest, (spelt, value)], "ok")
    case(scheme, "headers in reverse order", "order of headers is nothing", good[::-1], "ok")
    case(scheme, "unsigned headers around", "field 17: what is not signed decides nothing",
         [("x-github-delivery", b"1"), ("x-github-delivery", b"2"), *good,
          ("x-shopify-webhook-id", b"3"), ("webhook-id", b"a.b"), ("x-slack-retry-num", b"1"),
          ("x-hub-signature", b"sha1=" + b"0" * 40), ("x-long", b"x" * 9000)], "ok")
    case(scheme, "256 headers", "the cap itself",
         [("x", b"")] * (256 - len(good)) + good, "ok")
    case(scheme, "257 headers", "field 11: one over", [("x", b"")] * (257 - len(good)) + good, MH)
    for other in SCHEMES:
        if other != scheme:
            case(scheme, f"a request of {other}", "field 6: the site's scheme, never the sender's",
                 valid(other), MH)


def body_cases(scheme: str) -> None:
    good = valid(scheme)
    for bit in (0, 8 * 20 + 3, 8 * len(BODY) - 1):
        spoilt = bytearray(BODY)
        spoilt[bit // 8] ^= 1 << (bit % 8)
        case(scheme, f"body with bit {bit} flipped", "one bit of the body", good,
             body=bytes(spoilt))
    for name, body in (
        ("emptied", b""), ("cut by a byte", BODY[:-1]), ("with a newline more", BODY + b"\n"),
        ("with a BOM more", b"\xef\xbb\xbf" + BODY), ("with a NUL more", BODY + b"\0"),
        ("re-serialised", BODY.replace(b":", b": ")), ("doubled", BODY + BODY),
        ("with its id changed", BODY.replace(b"evt_1", b"evt_2")),
    ):
        case(scheme, f"body {name}", "field 10: the very bytes are signed", good, body=body)
    for name, signed, sent in (
        ("ff signed, ef bf bd sent", b"\xff", b"\xef\xbf\xbd"), ("BOM signed, BOM dropped",
         b"\xef\xbb\xbf{}", b"{}"), ("NFC signed, NFD sent", b"\xc3\xa9", b"e\xcc\x81"),
        ("CRLF signed, LF sent", b"{}\r\n", b"{}\n"),
    ):
        case(scheme, name, "field 10: lossy decoding makes these one", valid(scheme, body=signed),
             body=sent)
    for name, body in (("empty", b""), ("of a NUL", b"\0"), ("not UTF-8", b"\xff\xfe"),
                       ("no JSON", b"payload=%7B%7D"), ("with a BOM", b"\xef\xbb\xbf{}"),
                       ("of 5000 bytes", b"x" * 5000)):
        case(scheme, f"body {name}, signed", "field 10: bytes in, bytes signed",
             valid(scheme, body=body), "ok", body=body)


def tag_cases() -> None:
    for scheme in SCHEMES:
        assert item(scheme) == PREFIX[scheme] + tag(scheme)
        cut_cases(scheme)
        spelling_cases(scheme)
        prefix_cases(scheme)
        other_content_cases(scheme)
        header_cases(scheme)
        body_cases(scheme)
