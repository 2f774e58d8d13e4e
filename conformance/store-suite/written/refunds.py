"""refunds.json"""

from .script import (
    ADMITTED,
    KEEP,
    LEASE,
    LOST,
    SETTLED,
    TAKEOVER,
    Case,
    Theme,
    bucket,
    limited,
)

theme = Theme("refunds", "A release gives its tokens back, once, and to no more than full.")

T = 20_000


@theme.case("released: the token is back", "law 4", "field 20")
def _(c: Case) -> None:
    b = bucket("ann", burst=1)
    c.admit(0, "A", ["s1"], ADMITTED, b)
    c.admit(1, "B", ["s2"], limited(T - 1), b)
    c.release(2, "A", ["s1"], SETTLED, b)
    c.admit(3, "B", ["s2"], ADMITTED, b)
    c.admit(3, "C", ["s3"], limited(T), b)


@theme.case("released without refund: the token stays spent", "law 4")
def _(c: Case) -> None:
    b = bucket("ann", burst=1)
    c.admit(0, "A", ["s1"], ADMITTED, b)
    c.release(2, "A", ["s1"], SETTLED)
    c.admit(3, "A", ["s1"], limited(T - 3), b)


@theme.case("committed: the token stays spent", "field 27")
def _(c: Case) -> None:
    b = bucket("ann", burst=1)
    c.admit(0, "A", ["s1"], ADMITTED, b)
    c.commit(1, "A", ["s1"], SETTLED)
    c.admit(2, "B", ["s2"], limited(T - 2), b)


@theme.case("released twice: one token", "law 4", "field 22")
def _(c: Case) -> None:
    b = bucket("ann", burst=3)
    for owner in ("A", "B", "C"):
        c.admit(0, owner, ["s" + owner], ADMITTED, b)
    c.release(1, "A", ["sA"], SETTLED, b)
    c.release(1, "A", ["sA"], LOST, b)
    c.admit(1, "D", ["sD"], ADMITTED, b)
    c.admit(1, "E", ["sE"], limited(T - 1), b)


@theme.case("lost: no token", "law 4", "field 22")
def _(c: Case) -> None:
    b = bucket("ann", 2 * T, 1)
    c.admit(0, "A", ["s1"], ADMITTED, b)
    c.admit(LEASE, "B", ["s1"], TAKEOVER, b)
    c.release(LEASE + 1, "A", ["s1"], LOST, b)
    c.admit(LEASE + 2, "C", ["s2"], limited(2 * T - LEASE - 2), b)


@theme.case("a stranger's release: no token", "field 22")
def _(c: Case) -> None:
    b = bucket("ann", burst=1)
    c.admit(0, "A", ["s1"], ADMITTED, b)
    c.release(1, "B", ["s1"], LOST, b)
    c.release(1, "B", ["s7"], LOST, b)
    c.admit(2, "C", ["s2"], limited(T - 2), b)


@theme.case("several claims, one token", "field 27")
def _(c: Case) -> None:
    b = bucket("ann", burst=3)
    c.admit(0, "A", ["s1", "s2", "e1"], ADMITTED, b)
    c.admit(0, "B", ["s3"], ADMITTED, b)
    c.admit(0, "C", ["s4"], ADMITTED, b)
    c.release(0, "A", ["s1", "s2", "e1"], SETTLED, b)
    c.admit(0, "D", ["s5"], ADMITTED, b)
    c.admit(0, "E", ["s6"], limited(T), b)


@theme.case("a token to each bucket", "law 4", "field 27")
def _(c: Case) -> None:
    b1, b2 = bucket("one", burst=1), bucket("two", 40_000, 1)
    c.admit(0, "A", ["s1"], ADMITTED, b1, b2)
    c.admit(1, "B", ["s2"], limited(39_999, 1), b1, b2)
    c.release(2, "A", ["s1"], SETTLED, b1, b2)
    c.admit(3, "B", ["s2"], ADMITTED, b1, b2)


@theme.case("only to the buckets named", "field 27")
def _(c: Case) -> None:
    b1, b2 = bucket("one", burst=1), bucket("two", burst=1)
    c.admit(0, "A", ["s1"], ADMITTED, b1, b2)
    c.release(1, "A", ["s1"], SETTLED, b2)
    c.admit(2, "B", ["s2"], limited(T - 2, 0), b1, b2)
    c.admit(2, "C", ["s3"], ADMITTED, b2)


@theme.case("never fuller than full", "field 32")
def _(c: Case) -> None:
    b = bucket("ann", burst=2)
    c.admit(0, "A", ["s1"], ADMITTED, b)
    c.release(KEEP - 1, "A", ["s1"], SETTLED, b)
    c.admit(KEEP, "B", ["s2"], ADMITTED, b)
    c.admit(KEEP, "C", ["s3"], ADMITTED, b)
    c.admit(KEEP, "D", ["s4"], limited(T), b)


@theme.case("given back to a bucket that nobody knows any more", "field 31")
def _(c: Case) -> None:
    b, other = bucket("ann", burst=1), bucket("ben", burst=1)
    c.admit(0, "A", ["s1"], ADMITTED, b)
    c.release(1, "A", ["s1"], SETTLED, b, other)
    for owner, own in (("B", b), ("C", other)):
        c.admit(2, owner, ["s" + owner], ADMITTED, own)
        c.admit(2, owner, ["e" + owner], limited(T), own)


@theme.case("a token is one interval, to the ms", "field 32")
def _(c: Case) -> None:
    b = bucket("ann")
    for owner in ("A", "B", "C"):
        c.admit(0, owner, ["s" + owner], ADMITTED, b)
    c.release(10_000, "B", ["sB"], SETTLED, b)
    c.admit(10_000, "D", ["sD"], ADMITTED, b)
    c.admit(10_000, "E", ["sE"], limited(10_000), b)
    c.admit(T, "E", ["sE"], ADMITTED, b)


@theme.case("a late release of what nobody took gives back", "law 4", "field 20")
def _(c: Case) -> None:
    b = bucket("ann", 2 * T, 1)
    c.admit(0, "A", ["s1"], ADMITTED, b)
    c.release(LEASE + 1, "A", ["s1"], SETTLED, b)
    c.admit(LEASE + 2, "B", ["s2"], ADMITTED, b)


@theme.case("taken over in part: the token is the successor's", "law 4", "field 22")
def _(c: Case) -> None:
    b = bucket("ann", 2 * T, 1)
    c.admit(0, "A", ["s1", "e1"], ADMITTED, b)
    c.admit(LEASE, "B", ["s2", "e1"], TAKEOVER, b)
    c.release(LEASE + 1, "A", ["s1", "e1"], SETTLED, b)
    c.admit(LEASE + 2, "C", ["s3"], limited(2 * T - LEASE - 2), b)


@theme.case("committed in the meantime: a release gives nothing", "field 22")
def _(c: Case) -> None:
    b = bucket("ann", burst=1)
    c.admit(0, "A", ["s1"], ADMITTED, b)
    c.commit(1, "A", ["s1"], SETTLED)
    c.release(2, "A", ["s1"], LOST, b)
    c.admit(3, "B", ["s2"], limited(T - 3), b)


@theme.case("released and admitted in turns: the limit holds", "field 27")
def _(c: Case) -> None:
    b = bucket("ann", burst=2)
    for at in range(5):
        c.admit(at, "A", ["s1"], ADMITTED, b)
        c.release(at, "A", ["s1"], SETTLED, b)
    c.admit(5, "A", ["s1"], ADMITTED, b)
    c.admit(5, "B", ["s2"], ADMITTED, b)
    c.admit(5, "C", ["s3"], limited(T), b)
