"""secrets.json: how a text secret is read, and when two keys are one."""

from __future__ import annotations

import hashlib

from oracle.signature import Refused, key_block, parse_configured_secret

from .common import Collector, b64, key_of


def build() -> Collector:
    out = Collector(
        "Secrets of standard-webhooks in a configuration without allow_short_secrets "
        "(kind `parse`), and equality of HMAC key blocks (kind `equal`)."
    )

    def parse(name: str, note: str, text: str, want: str) -> None:
        try:
            expect = {"ok": True, "key_b64": b64(parse_configured_secret(text))}
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
        ("prefix twice", "whsec_whsec_" + key), ("another prefix", "whpk_" + key),
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
    return out
