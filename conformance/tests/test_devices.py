"""HKDF by hand against RFC 5869, appendix A; and what a URL's target is."""

from __future__ import annotations

import unittest

from oracle.devices import hkdf, target_of
from oracle.signature import hmac_sha256

# (IKM, salt, info, OKM) of A.1, A.2 and A.3.
RFC_5869 = (
    (
        "0b" * 22,
        "000102030405060708090a0b0c",
        "f0f1f2f3f4f5f6f7f8f9",
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
    ),
    (
        bytes(range(0x50)).hex(),
        bytes(range(0x60, 0xB0)).hex(),
        bytes(range(0xB0, 0x100)).hex(),
        "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e"
        "590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87",
    ),
    (
        "0b" * 22,
        "",
        "",
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
    ),
)


class Hkdf(unittest.TestCase):
    def test_rfc_5869(self) -> None:
        for ikm, salt, info, okm in RFC_5869:
            given = [bytes.fromhex(text) for text in (ikm, salt, info)]
            self.assertEqual(hkdf(*given, len(okm) // 2).hex(), okm)

    def test_first_block(self) -> None:
        """32 bytes are one block: extract and expand are one HMAC each."""
        prk = hmac_sha256(bytes(32), b"ikm")
        self.assertEqual(hkdf(b"ikm", b"", b"info", 32), hmac_sha256(prk, b"info\x01"))


class Target(unittest.TestCase):
    def test_targets(self) -> None:
        for url, target in (
            ("/", "/"), ("/x?", "/x?"), ("https://h", "/"), ("HTTP://h?x", "/?x"),
            ("https://h/x", "/x"), ("", None), ("x", None), ("*", None), ("/#", None),
            ("/ ", None), ("/\n", None), ("ftp://h/x", None), ("https://h#x", None),
            ("/" + "a" * 8191, "/" + "a" * 8191), ("/" + "a" * 8192, None),
            ("https://h?" + "a" * 8190, "/?" + "a" * 8190), ("https://h?" + "a" * 8191, None),
        ):
            self.assertEqual(target_of(url), target, url[:40])


if __name__ == "__main__":
    unittest.main()
