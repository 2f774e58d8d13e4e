"""leases.json"""

from .script import ADMITTED, KEEP, LEASE, LOST, SETTLED, TAKEOVER, Case, Theme, bucket, held

theme = Theme("leases", "How long a claim is held, who takes it over, and what a late owner may.")


@theme.case("half-open: one before its end held, at its end free", "law 4", "field 21")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED)
    c.admit(LEASE - 1, "B", ["s1"], held(1))
    c.admit(LEASE, "B", ["s1"], TAKEOVER)


@theme.case("after its end it is free as well", "law 4", "field 21")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED)
    c.admit(LEASE + 1, "B", ["s1"], TAKEOVER)


@theme.case("each request's own lease", "law 4", "field 25")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED, lease=1000)
    c.admit(0, "B", ["s2"], ADMITTED, lease=90_000)
    c.admit(999, "C", ["s1"], held(1))
    c.admit(1000, "C", ["s1"], TAKEOVER, lease=2000)
    c.admit(2999, "D", ["s1"], held(1), lease=2000)
    c.admit(3000, "D", ["s1"], TAKEOVER, lease=2000)
    c.admit(89_999, "D", ["s2"], held(1), lease=90_000)
    c.admit(90_000, "D", ["s2"], TAKEOVER, lease=90_000)


@theme.case("meeting a lease does not prolong it", "law 4")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED)
    for at in (1, LEASE // 2, LEASE - 2, LEASE - 1):
        c.admit(at, "B", ["s1"], held(LEASE - at))
    c.admit(LEASE, "B", ["s1"], TAKEOVER)


@theme.case("who takes over has a lease of its own", "law 3", "field 21")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED)
    c.admit(LEASE + 7, "B", ["s1"], TAKEOVER)
    c.admit(LEASE + 8, "C", ["s1"], held(LEASE - 1))
    c.admit(2 * LEASE + 6, "C", ["s1"], held(1))
    c.admit(2 * LEASE + 7, "C", ["s1"], TAKEOVER)


@theme.case("a takeover takes the absent claims as well", "law 3", "field 18")
def _(c: Case) -> None:
    c.admit(0, "A", ["e1", "s1"], ADMITTED)
    c.admit(LEASE, "B", ["s2", "e1"], TAKEOVER)
    c.admit(LEASE + 1, "C", ["s2"], held(LEASE - 1))
    c.admit(LEASE + 1, "C", ["e1"], held(LEASE - 1))
    c.admit(LEASE + 1, "C", ["s1"], TAKEOVER)


@theme.case("lapsed beside live: held, and the lapsed is not taken", "law 3", "field 23")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED)
    c.admit(10, "B", ["s2"], ADMITTED)
    c.admit(LEASE, "C", ["s1", "s2"], held(10))
    c.commit(LEASE + 1, "C", ["s1"], LOST)
    c.commit(LEASE + 2, "A", ["s1"], SETTLED, call="one")
    c.admit(LEASE + 3, "D", ["s1"], c.done("one"))


@theme.case("a late owner whose claim nobody took commits", "law 3", "law 4")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED)
    c.commit(LEASE, "A", ["s1"], SETTLED, call="one")
    c.admit(LEASE + 1, "B", ["s1"], c.done("one"))


@theme.case("a late owner whose claim nobody took releases", "law 4")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED)
    c.release(LEASE + 5, "A", ["s1"], SETTLED)
    c.admit(LEASE + 6, "B", ["s1"], ADMITTED)


@theme.case("a late commit does not overwrite the successor", "law 3", "field 22")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED)
    c.admit(LEASE, "B", ["s1"], TAKEOVER)
    c.commit(LEASE + 1, "A", ["s1"], LOST, call="one")
    c.admit(LEASE + 2, "C", ["s1"], held(LEASE - 2))
    c.commit(LEASE + 3, "B", ["s1"], SETTLED, call="two")
    c.admit(LEASE + 4, "C", ["s1"], c.done("two"))


@theme.case("a late release does not free the successor's claim", "law 3", "field 22")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED)
    c.admit(LEASE, "B", ["s1"], TAKEOVER)
    c.release(LEASE + 1, "A", ["s1"], LOST)
    c.admit(LEASE + 2, "C", ["s1"], held(LEASE - 2))


@theme.case("a late owner does not undo what its successor did", "law 3", "field 22")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED)
    c.admit(LEASE, "B", ["s1"], TAKEOVER)
    c.commit(LEASE + 1, "B", ["s1"], SETTLED, call="two")
    c.commit(LEASE + 2, "A", ["s1"], LOST, call=None)
    c.release(LEASE + 2, "A", ["s1"], LOST)
    c.admit(LEASE + 3, "C", ["s1"], c.done("two"))


@theme.case("taken over in part: a late commit settles the rest alone", "law 3", "field 22")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1", "e1"], ADMITTED)
    c.admit(LEASE, "B", ["s2", "e1"], TAKEOVER)
    c.commit(LEASE + 1, "A", ["s1", "e1"], SETTLED, call="one")
    c.admit(LEASE + 2, "C", ["s1"], c.done("one"))
    c.admit(LEASE + 2, "C", ["e1"], held(LEASE - 2))
    c.commit(LEASE + 3, "B", ["s2", "e1"], SETTLED, call="two")
    c.admit(LEASE + 4, "C", ["e1"], c.done("two"))


@theme.case("taken over in part: a late release frees the rest alone", "law 3", "field 22")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1", "e1"], ADMITTED)
    c.admit(LEASE, "B", ["e1"], TAKEOVER)
    c.release(LEASE + 1, "A", ["e1", "s1"], SETTLED)
    c.admit(LEASE + 2, "C", ["e1"], held(LEASE - 2))
    c.admit(LEASE + 2, "C", ["s1"], ADMITTED)


@theme.case("remembered as lapsed until its keep is over", "law 4", "field 25")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED)
    c.admit(0, "A", ["s2"], ADMITTED)
    c.admit(KEEP - 1, "B", ["s1"], TAKEOVER)
    c.admit(KEEP, "B", ["s2"], ADMITTED)


@theme.case("a takeover is remembered from its own making", "law 4", "field 25")
def _(c: Case) -> None:
    for label in ("s1", "s2"):
        c.admit(0, "A", [label], ADMITTED)
        c.admit(LEASE, "B", [label], TAKEOVER)
    c.admit(LEASE + KEEP - 1, "C", ["s1"], TAKEOVER)
    c.admit(LEASE + KEEP, "C", ["s2"], ADMITTED)


@theme.case("meeting what is held does not prolong its keep", "field 25")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED)
    c.admit(LEASE - 1, "B", ["s1"], held(1), keep=2 * KEEP)
    c.admit(KEEP, "C", ["s1"], ADMITTED)


@theme.case("forgotten: a commit is lost, and makes nothing", "law 4", "field 22")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED)
    c.commit(KEEP, "A", ["s1"], LOST)
    c.admit(KEEP + 1, "B", ["s1"], ADMITTED)


@theme.case("one before it is forgotten a commit still counts", "law 4")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED)
    c.commit(KEEP - 1, "A", ["s1"], SETTLED, call="one")
    c.admit(KEEP, "B", ["s1"], c.done("one"))


@theme.case("a clock that steps back leaves no lease longer than a lease", "law 10", "field 30")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED)
    c.admit(-KEEP, "B", ["s1"], held(LEASE))
    c.admit(-KEEP + LEASE - 1, "B", ["s1"], held(1))
    c.admit(-KEEP + LEASE, "B", ["s1"], TAKEOVER)


@theme.case("a step back of one", "law 10")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED)
    c.admit(-1, "B", ["s1"], held(LEASE))
    c.admit(LEASE - 2, "B", ["s1"], held(1))
    c.admit(LEASE - 1, "B", ["s1"], TAKEOVER)


@theme.case("a step back within the lease cuts nothing", "law 10")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED)
    c.admit(20_000, "B", ["s1"], held(10_000))
    c.admit(5000, "B", ["s1"], held(25_000))
    c.admit(LEASE - 1, "B", ["s1"], held(1))


@theme.case("every lease that is met is cut", "law 10")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED)
    c.admit(5, "B", ["s2"], ADMITTED)
    c.admit(-KEEP, "C", ["s1", "s2"], held(LEASE))
    c.admit(-KEEP + LEASE, "C", ["s1"], TAKEOVER)
    c.admit(-KEEP + LEASE, "D", ["s2"], TAKEOVER)


@theme.case("a step back forgets nothing that is done", "law 3", "law 10")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED)
    c.commit(1, "A", ["s1"], SETTLED, call="one")
    c.admit(-KEEP, "B", ["s1"], c.done("one"))
    c.admit(KEEP, "B", ["s1"], c.done("one"))


@theme.case("the owner settles after a step back", "law 4", "law 10")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED)
    c.commit(-KEEP, "A", ["s1"], SETTLED, call="one")
    c.admit(-1, "B", ["s1"], c.done("one"))
    c.admit(0, "B", ["s2"], ADMITTED)


@theme.case("a takeover asks no bucket", "law 4", "field 27")
def _(c: Case) -> None:
    b = bucket("ann", burst=1)
    c.admit(0, "A", ["s1"], ADMITTED, b)
    c.admit(0, "B", ["s2"], {"outcome": "limited", "retry_ms": 20_000, "bucket": 0}, b)
    c.admit(LEASE, "C", ["s3"], ADMITTED, b)
    c.admit(LEASE, "D", ["s1"], TAKEOVER, b)
    c.admit(LEASE, "E", ["s4"], {"outcome": "limited", "retry_ms": 20_000, "bucket": 0}, b)


@theme.case("a lease as long as its memory is never taken over", "law 3", "field 16")
def _(c: Case) -> None:
    b = bucket("ann", burst=1)
    whole = {"lease": KEEP, "keep": KEEP}
    c.admit(0, "A", ["e1"], ADMITTED, b, **whole)
    c.admit(LEASE, "B", ["e1"], held(KEEP - LEASE), b, **whole)
    c.admit(KEEP - 1, "B", ["e1"], held(1), b, **whole)
    c.admit(KEEP, "C", ["e1"], ADMITTED, b, **whole)
    c.admit(KEEP, "D", ["e2"], {"outcome": "limited", "retry_ms": 20_000, "bucket": 0}, b, **whole)
    c.admit(KEEP, "D", ["e1"], held(KEEP), b, **whole)


@theme.case("nor by a clock that steps back", "law 3", "law 10")
def _(c: Case) -> None:
    whole = {"lease": KEEP, "keep": KEEP}
    c.admit(0, "A", ["e1"], ADMITTED, **whole)
    c.admit(-KEEP // 2, "B", ["e1"], held(KEEP), **whole)
    c.admit(KEEP // 2 - 1, "B", ["e1"], held(1), **whole)
