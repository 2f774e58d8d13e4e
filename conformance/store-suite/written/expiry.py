"""expiry.json"""

from .script import ADMITTED, KEEP, LEASE, LOST, REFUSED, SETTLED, Case, Theme, held

theme = Theme("expiry", "How long what is done is remembered: each keep that is given, to the ms.")


@theme.case("done until its keep is over", "law 3", "field 16", "field 25")
def _(c: Case) -> None:
    for label in ("s1", "s2"):
        c.admit(0, "A", [label], ADMITTED)
        c.commit(100, "A", [label], SETTLED, call=label)
    c.admit(KEEP + 99, "B", ["s1"], c.done("s1"), keep=LEASE)
    c.admit(KEEP + 100, "B", ["s2"], ADMITTED)


@theme.case("a commit's shorter keep", "field 25")
def _(c: Case) -> None:
    for label in ("s1", "s2"):
        c.admit(0, "A", [label], ADMITTED, keep=KEEP)
        c.commit(1000, "A", [label], SETTLED, call=label, keep=120_000)
    c.admit(120_999, "B", ["s1"], c.done("s1"), keep=LEASE)
    c.admit(121_000, "B", ["s2"], ADMITTED)


@theme.case("a commit's longer keep", "law 3", "field 16", "field 25")
def _(c: Case) -> None:
    for label in ("s1", "s2"):
        c.admit(0, "A", [label], ADMITTED, keep=KEEP)
        c.commit(1000, "A", [label], SETTLED, call=None, keep=3 * KEEP)
    c.admit(KEEP, "B", ["s1"], REFUSED, keep=LEASE)
    c.admit(3 * KEEP + 999, "B", ["s1"], REFUSED, keep=LEASE)
    c.admit(3 * KEEP + 1000, "B", ["s2"], ADMITTED)


@theme.case("the longest keep that a configuration gives", "law 10", "field 25")
def _(c: Case) -> None:
    keep = 34_000_000_000
    for label in ("s1", "s2"):
        c.admit(0, "A", [label], ADMITTED, keep=keep)
        c.commit(1, "A", [label], SETTLED, call=label, keep=keep)
    c.admit(keep, "B", ["s1"], c.done("s1"), keep=LEASE)
    c.admit(keep + 1, "B", ["s2"], ADMITTED)


@theme.case("met again, done lives at least as long as asked", "law 3", "field 16")
def _(c: Case) -> None:
    for label in ("s1", "s2"):
        c.admit(0, "A", [label], ADMITTED)
        c.commit(0, "A", [label], SETTLED, call=label)
        c.admit(KEEP - 1, "B", [label], c.done(label))
    c.admit(2 * KEEP - 2, "B", ["s1"], c.done("s1"), keep=LEASE)
    c.admit(2 * KEEP - 1, "B", ["s2"], ADMITTED)


@theme.case("met again with a shorter keep, it is not shortened", "law 3", "field 16")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED)
    c.commit(0, "A", ["s1"], SETTLED, call="one")
    c.admit(1, "B", ["s1"], c.done("one"), keep=LEASE)
    c.admit(LEASE + 1, "B", ["s1"], c.done("one"), keep=LEASE)
    c.admit(KEEP - 1, "B", ["s1"], c.done("one"), keep=LEASE)


@theme.case("what was refused is prolonged as well", "law 4", "field 16")
def _(c: Case) -> None:
    for label in ("s1", "s2"):
        c.admit(0, "A", [label], ADMITTED)
        c.commit(0, "A", [label], SETTLED, call=None)
        c.admit(KEEP - 10, "B", [label], REFUSED)
    c.admit(2 * KEEP - 11, "B", ["s1"], REFUSED, keep=LEASE)
    c.admit(2 * KEEP - 10, "B", ["s2"], ADMITTED)


@theme.case("all done claims that are met are prolonged", "law 3", "field 16", "field 18")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1", "s2", "e1"], ADMITTED)
    c.commit(0, "A", ["s1", "s2", "e1"], SETTLED, call="one")
    c.admit(KEEP - 1, "B", ["s1", "s2", "e1"], c.done("one"))
    for label in ("s1", "s2", "e1"):
        c.admit(2 * KEEP - 2, "C", [label], c.done("one"), keep=LEASE)


@theme.case("refused beside accepted is prolonged, too", "law 3", "field 16")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED)
    c.admit(0, "B", ["s2"], ADMITTED)
    c.commit(0, "A", ["s1"], SETTLED, call="one")
    c.commit(0, "B", ["s2"], SETTLED, call=None)
    c.admit(KEEP - 1, "C", ["s1", "s2"], c.done("one"))
    c.admit(2 * KEEP - 2, "D", ["s2"], REFUSED, keep=LEASE)


@theme.case("done claims that are not met are not prolonged", "field 25")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1", "e1"], ADMITTED)
    c.commit(0, "A", ["s1", "e1"], SETTLED, call="one")
    c.admit(KEEP - 1, "B", ["s1"], c.done("one"))
    c.admit(KEEP, "B", ["e1"], ADMITTED)


@theme.case("done and over is absent beside what is done", "law 3", "field 25")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED)
    c.commit(0, "A", ["s1"], SETTLED, call="one")
    c.admit(100, "B", ["s2"], ADMITTED)
    c.commit(100, "B", ["s2"], SETTLED, call=None)
    c.admit(KEEP, "C", ["s1", "s2"], REFUSED)
    c.admit(KEEP + 1, "C", ["s1"], ADMITTED)


@theme.case("settled claims that are over are nobody's", "field 22", "field 25")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED)
    c.commit(0, "A", ["s1"], SETTLED, call="one")
    c.admit(KEEP, "B", ["s1"], ADMITTED)
    c.commit(KEEP + 1, "A", ["s1"], LOST, call="two")
    c.admit(KEEP + 2, "C", ["s1"], held(LEASE - 2))


@theme.case("a step back keeps what is done until its time", "law 3", "law 10")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED)
    c.commit(0, "A", ["s1"], SETTLED, call="one")
    c.admit(-10 * KEEP, "B", ["s1"], c.done("one"), keep=LEASE)
    c.admit(KEEP - 1, "B", ["s1"], c.done("one"), keep=LEASE)


@theme.case("the clock at its first and at its last instants", "law 10")
def _(c: Case) -> None:
    first = -1_700_000_000_000
    last = 253_402_300_799_999 - 1_700_000_000_000
    c.admit(first, "A", ["s1"], ADMITTED)
    c.admit(first + LEASE - 1, "B", ["s1"], held(1))
    c.commit(first + LEASE, "A", ["s1"], SETTLED, call="one")
    c.admit(first + LEASE + KEEP - 1, "B", ["s1"], c.done("one"), keep=LEASE)
    c.admit(last - 10 * KEEP, "B", ["s2"], ADMITTED)
    c.admit(last - 10 * KEEP + LEASE - 1, "C", ["s2"], held(1))
