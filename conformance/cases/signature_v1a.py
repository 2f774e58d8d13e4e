"""signature.json: `v1a`, and both versions in one header."""

from __future__ import annotations

from oracle.ed25519 import L, sign

from .common import NOW_MS, NOW_S, b64, key_of, private_of, public_of, seed_of, signed_headers
from .ed25519_cases import MISSPELT, NEUTRAL, SMALL, encode, forged, s_of, with_s
from .signature_run import BODY, ID, TS, A, B, case, out, sig, token

PA, PB, PC = (private_of(label) for label in "abc")
QA, QB, QC = (public_of(label) for label in "abc")
CONTENT = f"{ID}.{TS}.".encode() + BODY


def v1a_cases() -> None:
    right = token(PA)
    text = right.removeprefix("v1a,")
    raw = sign(seed_of("a"), CONTENT)
    bad = "v1a," + b64(bytes(64))

    def one(name: str, note: str, value: str | bytes, want: str = "bad_signature",
            *keys: str) -> None:
        case(f"v1a: {name}", note, sig(value), secrets=list(keys or (QA,)), want=want)

    published = [
        ("webhook-id", b"msg_p5jXN8AQM9LWM0D4loKWxJek"), ("webhook-timestamp", b"1614265330"),
        ("webhook-signature", b"v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7A"
         b"ZdpXwVLPo3mNl8EM+m7TBAg=="),
    ]
    key = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="
    case("v1a: published example", "the example of the Standard Webhooks reference", published,
         b'{"test": 2432232314}', [key], 1614265330000, want="ok")
    case("v1a: published example, another body", "the published signature is of one body",
         published, b'{"test": 2432232315}', [key], 1614265330000, want="bad_signature")
    one("valid", "the plain case", right, "ok")
    case("v1a: in 1970", "time is judged alike", signed_headers([PA], ID, TS, BODY), now_ms=0,
         secrets=[QA], want="future_timestamp")
    case("v1a: stale", "time is judged alike", signed_headers([PA], ID, TS, BODY),
         now_ms=NOW_MS + 300_001, secrets=[QA], want="stale_timestamp")
    for name, headers, body in (
        ("another body", signed_headers([PA], ID, TS, BODY), BODY + b" "),
        ("another id", [("webhook-id", b"msg_2"), *signed_headers([PA], ID, TS, BODY)[1:]], BODY),
        ("another time", [(n, str(NOW_S + 1).encode() if n == "webhook-timestamp" else v)
                          for n, v in signed_headers([PA], ID, TS, BODY)], BODY),
    ):
        case(f"v1a: {name}", "id, time and body are signed", headers, body, [QA],
             want="bad_signature")

    note = "field 6: a key is held against its own version alone"
    one("at a site of a secret", note, right, "bad_signature", A)
    one("v1 at a site of a public key", note, token(A), "bad_signature", QA)
    one("the public key's bytes as a secret", note, token(QA.removeprefix("whpk_")))
    one("the public key's text as a secret", note, "v1," + b64(key_of("a")))
    one("v1 for v1a", note, "v1," + text)
    one("v1a for v1", note, "v1a," + token(A).removeprefix("v1,"), "bad_signature", A, QA)
    one("another key", "law 2", right, "bad_signature", QB)

    note = "field 18: every listed key is tried, whatever its kind"
    both = f"{token(A)} {right}"
    for name, value, keys, index in (
        ("both, secret first", both, (A, QA), 0), ("both, public first", both, (QA, A), 0),
        ("both turned", f"{right} {token(A)}", (A, QA), 0), ("both, the secret alone", both, (A,),
         0), ("both, the public alone", both, (QA,), 0), ("v1 stripped", right, (A, QA), 1),
        ("v1a stripped", token(A), (A, QA), 0), ("v1a stripped, public first", token(A), (QA, A),
         1), ("the newer public key", token(PB), (QA, QB), 1), ("the last of four", token(PC),
         (A, QA, QB, QC), 3), ("v1 wrong beside", f"v1,{b64(bytes(32))} {right}", (A, QA), 1),
        ("v1a wrong beside", f"{bad} {token(A)}", (A, QA), 0),
    ):
        one(name, note, value, "ok", *keys)
        assert out.cases[-1]["expect"]["key_index"] == index, name
    one("both wrong", note, f"v1,{b64(bytes(32))} {bad}", "bad_signature", A, QA)
    one("both of others", note, f"{token(B)} {token(PB)}", "bad_signature", A, QA)

    note = "field 8: a malformed token is passed over"
    for name, junk in (
        ("empty", ""), ("version only", "v1a"), ("version and comma", "v1a,"), ("junk", "v1a,!!"),
        ("a v1 tag", "v1a," + b64(bytes(32))), ("63 bytes", "v1a," + b64(raw[:63])),
        ("65 bytes", "v1a," + b64(raw + b"\0")), ("not ASCII", "v1a,\u00e9"),
        ("v1b", "v1b," + text),
        ("unpadded", right.rstrip("=")), ("long", "v1a," + "A" * 1000),
    ):
        one(f"{name} before", note, f"{junk} {right}", "ok")
        one(f"{name} after", note, f"{right} {junk}", "ok")
        one(f"{name} alone", note, junk)
    for name, value in (
        ("no comma", "v1a" + text), ("equals for comma", "v1a=" + text), ("upper case",
         "V1A," + text), ("space after the comma", "v1a, " + text), ("two commas", "v1a,," + text),
        ("trailing newline", right + "\n"), ("newline inside", right[:40] + "\n" + right[40:]),
        ("trailing NUL", right + "\0"), ("quoted", f'"{right}"'), ("padded more", right + "="),
        ("in hex", "v1a," + raw.hex()), ("lower-cased", "v1a," + text.lower()), ("halves turned",
         "v1a," + b64(raw[32:] + raw[:32])), ("R alone", "v1a," + b64(raw[:32])), ("S alone",
         "v1a," + b64(raw[32:])), ("comma-joined", f"{right},{right}"), ("tab between",
         f"v1a,x\t{right}"), ("percent-encoded padding", right.replace("=", "%3D")),
        ("url-safe alphabet", right.replace("+", "-").replace("/", "_")),
    ):
        one(name, "field 9: exactly what an encoder writes, or nothing", value)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = alphabet.index(text[85])
    for bits in (1, 2, 4, 8, 15):
        one(f"trailing bits {bits}", "field 9: a lax decoder drops them",
            "v1a," + text[:85] + alphabet[last ^ bits] + "==")
    for length in (0, 1, 20, 43, 44, 80, 84, 86, 87):
        one(f"cut to {length}", "field 1: no prefix of a signature is one", "v1a," + text[:length])
    for bit in (0, 7, 100, 254, 255, 256, 300, 507, 508, 509, 510, 511):
        flipped = bytearray(raw)
        flipped[bit // 8] ^= 1 << (bit % 8)
        one(f"bit {bit} flipped", "one bit", "v1a," + b64(bytes(flipped)))

    note = "law 3: one signature has one spelling, and R holds something"
    for name, s in (("S + L", s_of(raw) + L), ("L - S", L - s_of(raw)), ("S is 0", 0),
                    ("S is L", L)):
        one(name, note, "v1a," + b64(with_s(raw, s)))
    for n, small in enumerate(SMALL):
        value = "v1a," + b64(forged(seed_of("a"), CONTENT, encode(small)))
        one(f"R is small point {n}", note, value)
    for n, spelling in enumerate(MISSPELT):
        one(f"R misspelt {n}", note, "v1a," + b64(forged(seed_of("a"), CONTENT, spelling)))
    one("R is neutral and S is 0", note, "v1a," + b64(encode(NEUTRAL) + bytes(32)))

    note = "field 11: a signature costs more than a tag, so that few are tried"
    one("four, the last right", note, " ".join([bad] * 3 + [right]), "ok")
    one("five, the last right", note, " ".join([bad] * 4 + [right]), "malformed_header")
    one("five, the first right", note, " ".join([right] + [bad] * 4), "malformed_header")
    one("five times the right one", note, " ".join([right] * 5), "malformed_header")
    one("five, and a right tag of v1", note, " ".join([token(A)] + [bad] * 5), "malformed_header",
        A)
    one("four, and 28 malformed ones", note, " ".join(["v1a,x"] * 28 + [bad] * 3 + [right]), "ok")
    one("four, and 29 malformed ones", note, " ".join(["v1a,x"] * 29 + [bad] * 3 + [right]),
        "malformed_header")
    one("four times the right one", note, " ".join([right] * 4), "ok")
    one("four, and 28 tags of v1", note, " ".join([token(B)] * 28 + [bad] * 3 + [right]), "ok")
