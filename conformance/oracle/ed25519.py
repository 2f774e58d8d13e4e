"""Ed25519 as RFC 8032 (section 5.1) tells it, verified strictly: what has two spellings is refused.

Slow and obvious, in Python's own whole numbers. Strict means: S below L, A and R each the one
spelling of its point, R of no small order, A of the order L (as every key made by 5.1.5 is), and
`[S]B = R + [k]A` as it is, not eight times it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

Point = tuple[int, int, int, int]
"""x and y as fractions: X / Z, Y / Z, and T = X * Y / Z (5.1.4)."""

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
NEUTRAL: Point = (0, 1, 1, 0)
PUBLIC_BYTES = 32
SIGNATURE_BYTES = 64


def add(one: Point, two: Point) -> Point:
    """The one formula of 5.1.4; it holds for all points, equal and neutral ones included."""
    (x1, y1, z1, t1), (x2, y2, z2, t2) = one, two
    a, b = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P
    c, d = 2 * t1 * t2 * D % P, 2 * z1 * z2 % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(number: int, point: Point) -> Point:
    total = NEUTRAL
    while number:
        if number & 1:
            total = add(total, point)
        point, number = add(point, point), number >> 1
    return total


def encode(point: Point) -> bytes:
    """5.1.2: y in 255 bits, the lowest bit of x above them; little-endian."""
    x, y, z, _ = point
    x, y = (n * pow(z, -1, P) % P for n in (x, y))
    return (y | (x & 1) << 255).to_bytes(32, "little")


def decode(text: bytes) -> Point | None:
    """5.1.3: the point, if these 32 bytes are its one spelling."""
    number = int.from_bytes(text, "little")
    y, sign = number & ((1 << 255) - 1), number >> 255
    if len(text) != PUBLIC_BYTES or y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    if x * x % P != square or (x == 0 and sign == 1):
        return None
    x = x if x & 1 == sign else P - x
    return x, y, 1, x * y % P


@dataclass(frozen=True)
class PublicKey:
    """What a sender's `v1a` signatures are verified with; it was looked at when it was read."""

    raw: bytes


BASE = decode((4 * pow(5, -1, P) % P).to_bytes(32, "little")) or NEUTRAL


def is_small(point: Point) -> bool:
    """Of order 1, 2, 4 or 8: as a key, whatever is signed with it, almost anybody has signed."""
    return is_neutral(times(8, point))


def is_whole(point: Point) -> bool:
    """Of the order L: nothing small is in it, and it is not nothing."""
    return is_neutral(times(L, point)) and not is_neutral(point)


def is_neutral(point: Point) -> bool:
    return encode(point) == encode(NEUTRAL)


def sha512_number(data: bytes) -> int:
    return int.from_bytes(hashlib.sha512(data).digest(), "little")


def expand(seed: bytes) -> tuple[int, bytes]:
    """5.1.5: the secret scalar, and what makes the nonces."""
    digest = hashlib.sha512(seed).digest()
    scalar = int.from_bytes(digest[:32], "little") & ((1 << 254) - 8) | 1 << 254
    return scalar, digest[32:]


def public_of(seed: bytes) -> bytes:
    return encode(times(expand(seed)[0], BASE))


def sign(seed: bytes, message: bytes) -> bytes:
    """5.1.6."""
    scalar, prefix = expand(seed)
    public = encode(times(scalar, BASE))
    nonce = sha512_number(prefix + message) % L
    r = encode(times(nonce, BASE))
    k = sha512_number(r + public + message)
    return r + ((nonce + k * scalar) % L).to_bytes(32, "little")


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """5.1.7, strictly."""
    if len(signature) != SIGNATURE_BYTES:
        return False
    a, r = decode(public), decode(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L or not is_whole(a) or is_small(r):
        return False
    k = sha512_number(signature[:32] + public + message)
    return encode(times(s, BASE)) == encode(add(r, times(k, a)))
