"""signature.json: tokens and tags."""

from __future__ import annotations

import base64

from .common import b64, signed_headers
from .signature_run import BODY, ID, TS, A, case, sig, token


def junk_token_cases() -> None:
    right = token()
    junk = {
        "empty token": "",
        "version only": "v1",
        "version and comma": "v1,",
        "no version": right[3:],
        "base64 junk": "v1,!!!!",
        "another version": "v1a," + right[3:],
        "short tag": "v1,AAAA",
        "long junk": "x" * 1000,
        "non-ASCII": "v1,\u00e9\u00e9",
        "commas": ",,,",
        "tab": "\t",
    }
    for name, text in junk.items():
        note = "field 8: a malformed token before a right one is passed over"
        case(f"junk before: {name}", note, sig(f"{text} {right}"), want="ok")
    case("junk after", "and after one", sig(f"{right} v1,zzz"), want="ok")
    case("trailing space", "an empty token is a malformed one", sig(right + " "), want="ok")
    case("double space", "an empty token between", sig(f"v1,AA  {right}"), want="ok")
    case(
        "raw bytes before",
        "field 7: bytes that are no UTF-8 raise nothing",
        sig(b"\xff\xfe " + right.encode()),
        want="ok",
    )
    case(
        "NUL token before",
        "a NUL is a malformed token",
        sig(b"\0 " + right.encode()),
        want="ok",
    )
    case("32 tokens", "the cap itself", sig(" ".join(["v1,x"] * 31 + [right])), want="ok")
    case(
        "33 tokens",
        "field 11: one over the cap, the right one included",
        sig(" ".join([right] + ["v1,x"] * 32)),
        want="malformed_header",
    )
    case(
        "33 tokens that are right",
        "the cap counts tokens, not malformed ones",
        sig(" ".join([right] * 33)),
        want="malformed_header",
    )
    case(
        "32 spaces",
        "33 empty tokens are over the cap",
        sig(" " * 32),
        want="malformed_header",
    )
    case("31 spaces", "32 empty tokens are none that counts", sig(" " * 31), want="bad_signature")
    fill = "x" * (8192 - len(right) - 1)
    case("signature header of 8192 bytes", "the cap itself", sig(f"{fill} {right}"), want="ok")
    case(
        "signature header of 8193 bytes",
        "field 11: one over",
        sig(f"{fill}x {right}"),
        want="malformed_header",
    )
    case(
        "signature header of 100000 bytes",
        "far over",
        sig(f"{'x' * 99999} {right}"),
        want="malformed_header",
    )


def tag_cases() -> None:
    right = token()
    tag = right[3:]
    raw = base64.b64decode(tag)
    note = "field 1: no prefix of a tag is a tag"
    for length in (0, 1, 2, 3, 4, 8, 16, 22, 24, 32, 40, 42, 43):
        case(f"tag text cut to {length}", note, sig("v1," + tag[:length]), want="bad_signature")
    for length in (0, 1, 4, 8, 16, 20, 30, 31):
        text = "v1," + b64(raw[:length])
        case(f"tag of {length} bytes re-encoded", note, sig(text), want="bad_signature")
    case("tag of 33 bytes", "longer", sig("v1," + b64(raw + b"\0")), want="bad_signature")
    case("tag twice", "64 bytes", sig("v1," + b64(raw + raw)), want="bad_signature")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = alphabet.index(tag[42])
    for bits in (1, 2, 3):
        text = "v1," + tag[:42] + alphabet[last | bits] + "="
        why = "field 9: trailing bits set decode to the same bytes in a lax decoder"
        case(f"trailing bits {bits}", why, sig(text), want="bad_signature")
    # A body is searched for whose tag holds both characters that differ in the url alphabet.
    n = 0
    while True:
        body = BODY + b" " * n
        odd = token(body=body)
        if "+" in odd and "/" in odd:
            break
        n += 1
    headers = signed_headers([A], ID, TS, body)
    url = odd.replace("+", "-").replace("/", "_")
    case("tag with + and /", "the control", headers, body, want="ok")
    headers = [(n_, url.encode() if n_ == "webhook-signature" else v) for n_, v in headers]
    case("tag in url-safe alphabet", "field 9: standard alphabet only", headers, body,
         want="bad_signature")
    spoilt = {
        "unpadded": tag[:-1],
        "padded twice": tag + "=",
        "padded by four": tag + "====",
        "letter after the padding": tag + "A",
        "padding moved": tag[:42] + "=" + tag[42],
        "newline at the end": tag + "\n",
        "newline inside": tag[:20] + "\n" + tag[20:],
        "CRLF inside": tag[:20] + "\r\n" + tag[20:],
        "space inside": tag[:20] + " " + tag[20:],
        "space after the comma": " " + tag,
        "tab after the comma": "\t" + tag,
        "NUL at the end": tag + "\0",
        "in hex": raw.hex(),
        "in upper-case hex": raw.hex().upper(),
        "lower-cased": tag.lower(),
        "reversed": tag[::-1],
        "44 equals signs": "=" * 44,
        "44 letters A": "A" * 44,
        "quoted": f'"{tag}"',
        "percent-encoded padding": tag[:-1] + "%3D",
        "zeros": b64(bytes(32)),
        "43 letters and an e-acute": tag[:42] + "\u00e9",
    }
    for name, text in spoilt.items():
        case(f"tag {name}", "field 9: exactly what an encoder writes, or nothing",
             sig("v1," + text), want="bad_signature")
    for bit in (0, 7, 128, 255):
        flipped = bytearray(raw)
        flipped[bit // 8] ^= 1 << (bit % 8)
        case(f"tag with bit {bit} flipped", "one bit", sig("v1," + b64(bytes(flipped))),
             want="bad_signature")
    versions = ["v1a", "v0", "V1", "v2", "v10", "v01", "v1\t", "\tv1", "", "sha256", "sha1", "v"]
    for version in versions:
        case(f"version `{version}`", "field 6: unknown versions are passed over",
             sig(f"{version},{tag}"), want="bad_signature")
    for name, text in (
        ("no comma", "v1" + tag),
        ("equals for comma", "v1=" + tag),
        ("two commas", "v1,," + tag),
        ("colon for comma", "v1:" + tag),
        ("space before", "v1, " + tag),
    ):
        case(f"token with {name}", "the token is `v1,` and the tag", sig(text),
             want="bad_signature")
    case("leading space", "an empty token, then a right one", sig(" " + right), want="ok")
    case("tab between tokens", "only a space parts tokens", sig(f"v1,x\t{right}"),
         want="bad_signature")
    case("comma-joined tokens", "field 12: values are never joined by commas, nor parted",
         sig(f"{right},{right}"), want="bad_signature")
    case("comma and space joined", "the second token is whole, the first is not",
         sig(f"{right}, {right}"), want="ok")
    case("empty signature header", "field 1: an empty tag", sig(""), want="bad_signature")
    case("signature header of one comma", "nothing before or after", sig(","),
         want="bad_signature")
