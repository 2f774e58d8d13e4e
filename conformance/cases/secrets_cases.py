"""secrets.json: how a text secret or key is read, and when two keys are one."""

from __future__ import annotations

import hashlib

from oracle import ed25519
from oracle.keys import parse_configured_key, parse_private, sign
from oracle.schemes import STANDARD
from oracle.signature import Key, PublicKey, Refused, key_block, refuse_other_keys

from .common import NOW_S, Collector, b64, key_of, private_of, public_of, seed_of
from .ed25519_cases import MISSPELT, SMALL


def build() -> Collector:
    out = Collector(
        "Secrets of standard-webhooks in a configuration without allow_short_secrets "
        "(kind `parse`), and equality of HMAC key blocks (kind `equal`). What is listed for `v1a` "
        "(kind `public`), and what `sign` makes of the private half (kind `private`)."
    )

    def parse(name: str, note: str, text: str, want: str) -> None:
        try:
            key: Key = parse_configured_key(STANDARD, text)
            assert isinstance(key, bytes)
            expect = {"ok": True, "key_b64": b64(key)}
            got = "ok"
        except Refused as refused:
            expect = {"ok": False, "reason": refused.reason}
            got = refused.reason
        if got != want:
            raise AssertionError(f"{name}: the oracle says {got}, the case {want}")
        out.add(name, note, kind="parse", text=text, expect=expect)

    key = b64(key_of("a", 32))
    parse("prefixed", "the usual form", "whsec_" + key, "ok")
    parse("bare", "the prefix is optional", key, "ok")
    for length, want in (
        (24, "ok"), (25, "ok"), (26, "ok"), (64, "ok"), (65, "ok"), (512, "ok"),
        (23, "too_short"), (1, "too_short"), (16, "too_short"),
        (513, "too_long"), (4096, "too_long"),
    ):
        note = "24 to 512 bytes after decoding, whatever the text's length"
        parse(f"{length} bytes prefixed", note, "whsec_" + b64(key_of("n", length)), want)
        parse(f"{length} bytes bare", note, b64(key_of("n", length)), want)
    parse("empty", "field 4: no secret is a fault", "", "empty")
    parse("prefix alone", "field 4: `whsec_` decodes to nothing", "whsec_", "empty")
    for name, text in (
        ("blank", "   "), ("newline alone", "\n"), ("prefix and blank", "whsec_ "),
        ("leading space", " whsec_" + key), ("trailing space", "whsec_" + key + " "),
        ("trailing newline", key + "\n"), ("newline inside", key[:20] + "\n" + key[20:]),
        ("space after the prefix", "whsec_ " + key), ("prefix in upper case", "WHSEC_" + key),
        ("prefix twice", "whsec_whsec_" + key), ("another prefix", "whxx_" + key),
        ("prefix with a dash", "whsec-" + key), ("half a prefix", "whsec" + key),
        ("unpadded", key.rstrip("=")), ("padded twice", key + "="),
        ("padding alone", "===="), ("padding inside", "AA==" + key),
        ("trailing bits", key[:42] + ("B" if key[42] != "B" else "C") + "="),
        ("url-safe alphabet", "-_" * 16), ("hex with odd letter", "0g" * 15),
        ("not ASCII", "\u00e9" * 32), ("Kelvin sign in the prefix", "whse\u212a_" + key),
        ("NUL at the end", key + "\0"), ("exclamation", "!" * 32), ("quoted", f'"{key}"'),
        ("a passphrase", "correct horse battery staple"), ("5 letters", "AAAAA"),
        ("one letter", "A"), ("zero-width space", "\u200b" + key), ("BOM", "\ufeff" + key),
    ):
        parse(name, "field 4: strict, padded, standard base64; nothing is trimmed or guessed",
              text, "not_base64")
    parse("64 hex digits", "hex is base64 too: its text decodes to 48 bytes, not to 32",
          "ab" * 32, "ok")
    parse("all zero bytes", "a poor key is still a key", b64(bytes(32)), "ok")

    def equal(name: str, note: str, a: bytes, b: bytes, want: bool) -> None:
        if (key_block(a) == key_block(b)) != want:
            raise AssertionError(name)
        out.add(name, note, kind="equal", a_b64=b64(a), b_b64=b64(b), equal=want)

    k32, k64, k65 = key_of("x", 32), key_of("x", 64), key_of("x", 65)
    law = "law 8: two keys are equal when their HMAC key blocks are"
    equal("equal: itself", law, k32, k32, True)
    equal("equal: zero appended", law, k32, k32 + b"\0", True)
    equal("equal: 32 zeros appended", law, k32, k32 + bytes(32), True)
    equal("equal: 33 zeros appended", "over 64 bytes the key is hashed", k32, k32 + bytes(33),
          False)
    equal("equal: 65 bytes and its hash", law, k65, hashlib.sha256(k65).digest(), True)
    equal("equal: 512 bytes and its hash", law, key_of("x", 512),
          hashlib.sha256(key_of("x", 512)).digest(), True)
    equal("equal: 65 bytes and its hash padded", law, k65,
          hashlib.sha256(k65).digest() + bytes(8), True)
    equal("equal: 64 bytes and its hash", "64 bytes are used as they are", k64,
          hashlib.sha256(k64).digest(), False)
    equal("equal: 64 and 65 bytes", "a prefix is another key", k64, k65, False)
    equal("equal: zero prepended", "zeros in front count", k32, b"\0" + k32, False)
    equal("equal: one bit", "another key", k32, k32[:-1] + bytes([k32[-1] ^ 1]), False)
    equal("equal: zero key lengths", law, bytes(24), bytes(64), True)
    equal("equal: 64 and 65 zeros", "the longer is hashed", bytes(64), bytes(65), False)
    public_cases(out)
    private_cases(out)
    return out


def spoilt(prefix: str, data: bytes) -> dict[str, str]:
    """What is no key, whatever the key is."""
    text = b64(data)
    bare = text.rstrip("=")
    return {
        "prefix alone": prefix, "blank": prefix + " ", "leading space": " " + prefix + text,
        "trailing space": prefix + text + " ", "trailing newline": prefix + text + "\n",
        "space after the prefix": prefix + " " + text, "prefix twice": prefix + prefix + text,
        "unpadded": prefix + bare, "padded more": prefix + text + "=",
        "url-safe alphabet": prefix + bare.translate(str.maketrans("+/AB", "-_-_")),
        "in hex": prefix + data.hex(), "a byte less": prefix + b64(data[:-1]),
        "a byte more": prefix + b64(data + b"\0"), "24 bytes": prefix + b64(data[:24]),
        "twice as long": prefix + b64(data + data), "not ASCII": prefix + "\u00e9" * 44,
        "NUL at the end": prefix + text + "\0", "far too long": prefix + "A" * 4096,
    }


def public_cases(out: Collector) -> None:
    def case(name: str, note: str, text: str, want: str) -> None:
        try:
            key = parse_configured_key(STANDARD, text)
            assert isinstance(key, PublicKey)
            expect = {"ok": True, "public_b64": b64(key.raw)}
            got = "ok"
        except Refused as refused:
            expect = {"ok": False, "reason": refused.reason}
            got = refused.reason
        if got != want:
            raise AssertionError(f"public, {name}: the oracle says {got}, the case {want}")
        out.add(f"public: {name}", note, kind="public", text=text, expect=expect)

    published = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="
    case("published", "the key of the Standard Webhooks reference", published, "ok")
    case("plain", "the usual form", public_of("a"), "ok")
    raw = ed25519.public_of(seed_of("a"))
    for name, text in spoilt("whpk_", raw).items():
        # What does not begin with the prefix is a secret, and this is none.
        want = "not_base64" if name == "leading space" else "not_public_key"
        case(name, "32 bytes in strict base64, or nothing", text, want)
    case("the pair", "whoever verifies has no private key", private_of("a"), "private_key")
    case("the pair, spoilt", "nor half of one", private_of("a")[:-4], "private_key")
    case("the private prefix alone", "nor its prefix", "whsk_", "private_key")
    case("no point", "half of all texts are none", "whpk_" + b64(b"\2" + bytes(31)),
         "not_public_key")
    for n, text_bytes in enumerate(MISSPELT):
        case(f"misspelt {n}", "one key has one spelling", "whpk_" + b64(text_bytes),
             "not_public_key")
    point = ed25519.decode(raw) or ed25519.NEUTRAL
    for n, small in enumerate(SMALL):
        case(f"small {n}", "almost anybody can sign for it", "whpk_" + b64(ed25519.encode(small)),
             "weak_public_key")
        if n:
            mixed = "whpk_" + b64(ed25519.encode(ed25519.add(point, small)))
            case(f"mixed {n}", "no private key makes it, and verifiers differ about it", mixed,
                 "weak_public_key")


def private_cases(out: Collector) -> None:
    def case(name: str, note: str, text: str, want: str, id_text: str = "msg_1",
             timestamp_s: int = NOW_S, body: bytes = b"x") -> None:
        try:
            if not text.startswith("whsk_"):
                refuse_other_keys(text)
            parse_private(text)
            expect = {"ok": True, "signature": sign(text, id_text, str(timestamp_s), body)}
            got = "ok"
        except Refused as refused:
            expect = {"ok": False, "reason": refused.reason}
            got = refused.reason
        if got != want:
            raise AssertionError(f"private, {name}: the oracle says {got}, the case {want}")
        out.add(f"private: {name}", note, kind="private", text=text, id=id_text,
                timestamp_s=timestamp_s, body_b64=b64(body), expect=expect)

    published = ("whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9l"
                 "MicMFs6Kvg==")
    case("published", "the example of the Standard Webhooks reference", published, "ok",
         "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert out.cases[-1]["expect"]["signature"] == (
        "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZ"
        "dpXwVLPo3mNl8EM+m7TBAg=="
    )
    for n, body in enumerate((b"", b"\xff\0", b"x" * 1000)):
        case(f"body {n}", "the very bytes are signed", private_of("a"), "ok", body=body)
    pair = seed_of("a") + ed25519.public_of(seed_of("a"))
    for name, text in spoilt("whsk_", pair).items():
        if name != "leading space":
            case(name, "64 bytes in strict base64, or nothing", text, "not_private_key")
    other = ed25519.public_of(seed_of("b"))
    for name, bad in (("of two keys", pair[:32] + other), ("turned", pair[32:] + pair[:32]),
                      ("with a bit flipped", pair[:-1] + bytes([pair[-1] ^ 0x80])),
                      ("with another seed", bytes(32) + pair[32:]), ("of zeros", bytes(64)),
                      ("twice the seed", pair[:32] * 2)):
        case(f"halves {name}", "the private half makes the public one", "whsk_" + b64(bad),
             "halves_differ")
    case("the public key", "it signs nothing", public_of("a"), "public_key")
