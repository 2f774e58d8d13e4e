"""ed25519.json: signatures as such. RFC 8032's own, and what lax verifiers let through."""

from __future__ import annotations

import hashlib

from oracle import ed25519
from oracle.ed25519 import BASE, NEUTRAL, L, P, Point, add, decode, encode, times

from .common import Collector, b64, seed_of

# Section 7.1: name, private key, public key, message, signature.
RFC_8032 = (
    ("RFC 8032 test 1", "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9"
     "b46bd25bf5f0595bbe24655141438e7a100b"),
    ("RFC 8032 test 2", "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f1"
     "1d8c387b2eaeb4302aeeb00d291612bb0c00"),
    ("RFC 8032 test 3", "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984d"
     "c6594a7c15e9716ed28dc027beceea1ec40a"),
    ("RFC 8032 test SHA(abc)", "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
     "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
     hashlib.sha512(b"abc").hexdigest(),
     "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431"
     "e0303dca179c138ac17ad9bef1177331a704"),
)
# What "Taming the many EdDSAs" (Chalkias, Garillot, Nikolaenko; cases.json of ed25519-speccheck)
# tells verifiers apart by: about what, public key, message, signature. Strictly, none of it counts.
SPECCHECK = (
    ("small A and R", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
     "8c93255d71dcab10e8f379c26200f3c7bd5f09d9bc3068d3ef4edeb4853022b6",
     "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"
     "0000000000000000000000000000000000000000000000000000000000000000"),
    ("small A", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
     "9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79",
     "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43"
     "a5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04"),
    ("small R", "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
     "aebf3f2601a0c8c5d39cc7d8911642f740b78168218da8471772b35f9d35b9ab",
     "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"
     "8c4bd45aecaca5b24fb97bc10ac27ac8751a7dfe1baff8b953ec9f5833ca260e"),
    ("mixed A and R", "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
     "9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79",
     "9046a64750444938de19f227bb80485e92b83fdb4b6506c160484c016cc1852f"
     "87909e14428a7a1d62e9f22f3d3ad7802db02eb2e688b6c52fcd6648a98bd009"),
    ("mixed A and R, good by eight alone",
     "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
     "e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec4011eaccd55b53f56c",
     "160a1cb0dc9c0258cd0a7d23e94d8fa878bcb1925f2c64246b2dee1796bed512"
     "5ec6bc982a269b723e0668e540911a9a6a58921d6925e434ab10aa7940551a09"),
    ("mixed A, good by eight alone",
     "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
     "e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec4011eaccd55b53f56c",
     "21122a84e0b5fca4052f5b1235c80a537878b38f3142356b2c2384ebad4668b7"
     "e40bc836dac0f71076f9abe3a53f9c03c1ceeeddb658d0030494ace586687405"),
    ("S above L", "442aad9f089ad9e14647b1ef9099a1ff4798d78589e66f28eca69c11f582a623",
     "85e241a07d148b41e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec40",
     "e96f66be976d82e60150baecff9906684aebb1ef181f67a7189ac78ea23b6c0e"
     "547f7690a0e2ddcd04d87dbc3490dc19b3b3052f7ff0538cb68afb369ba3a514"),
    ("S far above L", "442aad9f089ad9e14647b1ef9099a1ff4798d78589e66f28eca69c11f582a623",
     "85e241a07d148b41e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec40",
     "8ce5b96c8f26d0ab6c47958c9e68b937104cd36e13c33566acd2fe8d38aa1942"
     "7e71f98a473474f2f13f06f97c20d58cc3f54b8bd0d272f42b695dd7e89a8c22"),
    ("R small and in another spelling",
     "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
     "fdaebc429f4a735932a160da1301080c13280eea8bc280d1b392c6b9e6ba3a5a",
     "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"
     "454d370c8d9fc323a41450f8d513eafeb5b0697390c1e505a0d4ddc71f566607"),
    ("R small and in another spelling, hashed in its own",
     "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
     "84b698d39be126ff55fe45079e6c8bf64a0d7db6994560b4e96b7021eb39c1a1",
     "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"
     "084d5b99c2a9463d9c8bd5026916996984eeec87ddf1d3be329006ace1b37b09"),
)


def some_point(y: int) -> Point:
    """The first point from there on."""
    while (point := decode(y.to_bytes(32, "little"))) is None:
        y += 1
    return point


# L times any point leaves what is small of it. This one has order 8: all small ones come of it.
EIGHTH = next(p for p in (times(L, some_point(y)) for y in range(2, 99))
              if encode(times(4, p)) != encode(NEUTRAL))
SMALL = [times(n, EIGHTH) for n in range(8)]
# Other spellings of a point: y above P, and a sign where x is 0.
MISSPELT = (
    (P).to_bytes(32, "little"), (P + 1).to_bytes(32, "little"), (2**255 - 1).to_bytes(32, "little"),
    (1 | 1 << 255).to_bytes(32, "little"), (P - 1 | 1 << 255).to_bytes(32, "little"),
    next(
        (P + y).to_bytes(32, "little") for y in range(2, 19)
        if decode(y.to_bytes(32, "little")) is not None
    ),
)


def forged(seed: bytes, message: bytes, r: bytes, nonce: int = 0) -> bytes:
    """S for any R: what the holder of a key can make of one message beside the one signature."""
    scalar, _ = ed25519.expand(seed)
    k = ed25519.sha512_number(r + ed25519.public_of(seed) + message)
    return r + ((nonce + k * scalar) % L).to_bytes(32, "little")


def with_s(signature: bytes, s: int) -> bytes:
    return signature[:32] + s.to_bytes(32, "little")


def s_of(signature: bytes) -> int:
    return int.from_bytes(signature[32:], "little")


def build() -> Collector:
    out = Collector("Ed25519 (RFC 8032), verified strictly: a signature over a message, and "
                    "whether it counts. Some public keys are none: then nothing counts.")

    def case(name: str, note: str, public: bytes, message: bytes, signature: bytes,
             valid: bool) -> None:
        if ed25519.verify(public, message, signature) != valid:
            raise AssertionError(name)
        out.add(name, note, public_b64=b64(public), message_b64=b64(message),
                signature_b64=b64(signature), valid=valid)

    for name, seed, public, message, signature in RFC_8032:
        key, text = bytes.fromhex(seed), bytes.fromhex(message)
        if ed25519.public_of(key).hex() != public or ed25519.sign(key, text).hex() != signature:
            raise AssertionError(name)
        case(name, "published", bytes.fromhex(public), text, bytes.fromhex(signature), True)
    for name, public, message, signature in SPECCHECK:
        case(f"speccheck: {name}", "published: here verifiers differ", bytes.fromhex(public),
             bytes.fromhex(message), bytes.fromhex(signature), False)

    seed, message = seed_of("a"), b"message"
    public, right = ed25519.public_of(seed), ed25519.sign(seed, message)
    case("right", "the control", public, message, right, True)
    case("another message", "the message is signed", public, message + b"s", right, False)
    case("another key", "so is the key", ed25519.public_of(seed_of("b")), message, right, False)
    note = "one signature has one spelling"
    for name, s in (("S + L", s_of(right) + L), ("S + 2 L", s_of(right) + 2 * L),
                    ("S + 8 L", s_of(right) + 8 * L), ("L - S", L - s_of(right)),
                    ("S is 0", 0), ("S is L", L), ("S with its top bit", s_of(right) | 1 << 255)):
        case(name, note, public, message, with_s(right, s), False)
    r = decode(right[:32]) or NEUTRAL
    case("R negated", note, public, message, bytes(a ^ b for a, b in zip(
        right, bytes(31) + b"\x80" + bytes(32), strict=True)), False)
    for n, small in enumerate(SMALL[1:], 1):
        moved = encode(add(r, small))
        case(f"R plus small point {n}", "good by eight alone", public, message,
             moved + right[32:], False)
        _, prefix = ed25519.expand(seed)
        nonce = ed25519.sha512_number(prefix + message) % L
        case(f"R plus small point {n}, signed so", "good by eight alone: a key's holder made it",
             public, message, forged(seed, message, moved, nonce), False)
    for n, small in enumerate(SMALL):
        case(f"R is small point {n}", "nonce 0: R holds nothing", public, message,
             forged(seed, message, encode(small)), False)
    for n, text in enumerate(MISSPELT):
        case(f"R misspelt {n}", note, public, message, forged(seed, message, text), False)
    case("another nonce", "the holder of a key can make many signatures of one message", public,
         message, forged(seed, message, encode(times(12345, BASE)), 12345), True)
    for n, small in enumerate(SMALL):
        case(f"A is small point {n}, zero S", "whoever likes signs with such a key", encode(small),
             message, encode(NEUTRAL) + bytes(32), False)
        case(f"A is small point {n}, R is B", "whoever likes signs with such a key", encode(small),
             message, encode(BASE) + (1).to_bytes(32, "little"), False)
    for n, small in enumerate(SMALL[1:], 1):
        mixed = encode(add(decode(public) or NEUTRAL, small))
        case(f"A plus small point {n}", "no key is made so", mixed, message, right, False)
    for n, text in enumerate(MISSPELT):
        case(f"A misspelt {n}", "one key has one spelling", text, message,
             encode(BASE) + (1).to_bytes(32, "little"), False)
    return out
