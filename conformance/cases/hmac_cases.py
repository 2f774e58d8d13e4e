"""hmac.json: the HMAC-SHA-256 cases of RFC 4231, with the published results."""

from __future__ import annotations

from oracle.signature import hmac_sha256

from .common import Collector, b64

PUBLISHED = (
    ("RFC 4231 case 1", "0b" * 20, b"Hi There".hex(),
     "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
    ("RFC 4231 case 2", b"Jefe".hex(), b"what do ya want for nothing?".hex(),
     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
    ("RFC 4231 case 3", "aa" * 20, "dd" * 50,
     "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
    ("RFC 4231 case 4", bytes(range(1, 26)).hex(), "cd" * 50,
     "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
    ("RFC 4231 case 6", "aa" * 131,
     b"Test Using Larger Than Block-Size Key - Hash Key First".hex(),
     "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
    ("RFC 4231 case 7", "aa" * 131,
     b"This is a test using a larger than block-size key and a larger than block-size data. "
     b"The key needs to be hashed before being used by the HMAC algorithm.".hex(),
     "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"),
)


def build() -> Collector:
    out = Collector("HMAC-SHA-256: RFC 4231 (case 5, truncated output, has no place here).")
    for name, key, data, mac in PUBLISHED:
        if hmac_sha256(bytes.fromhex(key), bytes.fromhex(data)).hex() != mac:
            raise AssertionError(name)
        out.add(name, "published result", key_b64=b64(bytes.fromhex(key)),
                data_b64=b64(bytes.fromhex(data)), mac_b64=b64(bytes.fromhex(mac)))
    for length in (0, 1, 55, 56, 63, 64, 65, 119, 120, 128):
        key_bytes, data_bytes = bytes(range(32)), bytes(range(length))
        out.add(f"message of {length} bytes", "around the block and padding edges of SHA-256",
                key_b64=b64(key_bytes), data_b64=b64(data_bytes),
                mac_b64=b64(hmac_sha256(key_bytes, data_bytes)))
    return out
