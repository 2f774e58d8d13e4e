"""buckets.json"""

from .script import (
    ADMITTED,
    FULL,
    KEEP,
    LEASE,
    SETTLED,
    Case,
    Theme,
    bucket,
    held,
    limited,
)

theme = Theme("buckets", "Token buckets: all or none, denied changes nothing, each end to the ms.")

T = 20_000
WINDOW = 3 * T


def drain(c: Case, at: int, b: dict, owner: str = "drain", tokens: int = 3) -> None:
    """Takes tokens without claims, as a statement of consent does."""
    for number in range(tokens):
        c.admit(at, f"{owner}{number}", [], ADMITTED, b)


@theme.case("so many at once, then none", "field 32")
def _(c: Case) -> None:
    b = bucket("ann")
    for number in range(3):
        c.admit(0, "A", [f"s{number}"], ADMITTED, b)
    c.admit(0, "A", ["s9"], limited(T), b)


@theme.case("wait as long as told: allowed; one less: denied", "field 32")
def _(c: Case) -> None:
    b = bucket("ann")
    drain(c, 0, b)
    c.admit(7, "A", ["s1"], limited(T - 7), b)
    c.admit(T - 1, "A", ["s1"], limited(1), b)
    c.admit(T, "A", ["s1"], ADMITTED, b)
    c.admit(T, "A", ["s2"], limited(T), b)


@theme.case("full again after its window, and no fuller", "law 10", "field 32")
def _(c: Case) -> None:
    b = bucket("ann")
    drain(c, 0, b)
    drain(c, WINDOW, b)
    c.admit(WINDOW, "A", ["s1"], limited(T), b)


@theme.case("one before its window is over, one token short", "field 32")
def _(c: Case) -> None:
    b = bucket("ann")
    drain(c, 0, b)
    drain(c, WINDOW - 1, b, tokens=2)
    c.admit(WINDOW - 1, "A", ["s1"], limited(1), b)


@theme.case("a jump forward grants one burst", "law 10")
def _(c: Case) -> None:
    b = bucket("ann")
    drain(c, 0, b)
    drain(c, 1000 * WINDOW, b)
    c.admit(1000 * WINDOW, "A", ["s1"], limited(T), b)


@theme.case("what has trickled in is not lost", "field 32")
def _(c: Case) -> None:
    b = bucket("ann")
    drain(c, 0, b)
    c.admit(30_000, "A", ["s1"], ADMITTED, b)
    c.admit(30_000, "A", ["s2"], limited(10_000), b)
    c.admit(39_999, "A", ["s2"], limited(1), b)
    c.admit(40_000, "A", ["s2"], ADMITTED, b)
    c.admit(40_000, "A", ["s3"], limited(T), b)


@theme.case("an interval that is not round", "field 32")
def _(c: Case) -> None:
    b = bucket("ann", interval_ms=8572, burst=2)
    drain(c, 0, b, tokens=2)
    c.admit(8571, "A", ["s1"], limited(1), b)
    c.admit(8572, "A", ["s1"], ADMITTED, b)
    c.admit(10_000, "A", ["s2"], limited(7144), b)
    c.admit(17_143, "A", ["s2"], limited(1), b)
    c.admit(17_144, "A", ["s2"], ADMITTED, b)


@theme.case("denied calls cost nothing", "field 27")
def _(c: Case) -> None:
    b = bucket("ann", burst=1)
    c.admit(0, "A", ["s1"], ADMITTED, b)
    for at in (0, 1, 5000, T - 1):
        c.admit(at, "B", ["s2"], limited(T - at), b)
    c.admit(T, "B", ["s2"], ADMITTED, b)


@theme.case("limited leaves no claim", "law 4", "field 20")
def _(c: Case) -> None:
    b = bucket("ann", burst=1)
    c.admit(0, "A", ["s1"], ADMITTED, b)
    c.admit(1, "B", ["s2", "e2"], limited(T - 1), b)
    c.admit(2, "C", ["s2"], ADMITTED)
    c.admit(2, "D", ["e2"], ADMITTED)


@theme.case("limited leaves no trace for the retry", "law 4", "field 20")
def _(c: Case) -> None:
    b = bucket("ann", burst=1)
    c.admit(0, "A", ["s1"], ADMITTED, b)
    c.admit(1, "B", ["s2"], limited(T - 1), b)
    c.admit(T, "B", ["s2"], ADMITTED, b)
    c.commit(T + 1, "B", ["s2"], SETTLED, call="two")
    c.admit(T + 2, "C", ["s2"], c.done("two"), b)


for order in ("poor last", "poor first"):

    @theme.case(f"all or none, {order}", "field 27")
    def _(c: Case, order: str = order) -> None:
        rich, poor = bucket("rich", burst=1), bucket("poor", burst=1)
        c.admit(0, "A", ["s1"], ADMITTED, poor)
        both = (rich, poor) if order == "poor last" else (poor, rich)
        for _ in range(3):
            c.admit(0, "B", ["s2"], limited(T, both.index(poor)), *both)
        c.admit(0, "B", ["s2"], ADMITTED, rich)


@theme.case("denied by the longest wait", "field 27", "field 32")
def _(c: Case) -> None:
    slow, quick = bucket("slow", 40_000, 1), bucket("quick", 10_000, 1)
    c.admit(0, "A", [], ADMITTED, slow, quick)
    c.admit(1, "B", ["s1"], limited(39_999, 0), slow, quick)
    c.admit(1, "B", ["s1"], limited(39_999, 1), quick, slow)
    c.admit(10_000, "B", ["s1"], limited(30_000, 1), quick, slow)
    c.admit(40_000, "B", ["s1"], ADMITTED, quick, slow)


@theme.case("a token from each of three", "field 27")
def _(c: Case) -> None:
    b1, b2, b3 = (bucket(label, burst=1) for label in ("one", "two", "three"))
    c.admit(0, "A", ["s1"], ADMITTED, b1, b2, b3)
    for number, b in enumerate((b1, b2, b3)):
        c.admit(1, "B", [f"e{number}"], limited(T - 1), b)


@theme.case("each key a bucket of its own", "law 8")
def _(c: Case) -> None:
    drain(c, 0, bucket("ann"))
    drain(c, 0, bucket("ben"))
    c.admit(0, "A", ["s1"], limited(T), bucket("ann"))


@theme.case("a held event spends no token", "law 4", "field 27")
def _(c: Case) -> None:
    b = bucket("ann", burst=2)
    c.admit(0, "A", ["s1"], ADMITTED, b)
    for at in range(4):
        c.admit(at, "B", ["s1"], held(LEASE - at), b)
    c.admit(5, "B", ["s2"], ADMITTED, b)
    c.admit(5, "B", ["s3"], limited(T - 5), b)


@theme.case("a duplicate spends no token", "law 4", "field 27")
def _(c: Case) -> None:
    b = bucket("ann", burst=2)
    c.admit(0, "A", ["s1"], ADMITTED, b)
    c.commit(0, "A", ["s1"], SETTLED, call="one")
    for at in range(4):
        c.admit(at, "B", ["s1"], c.done("one"), b)
    c.admit(5, "B", ["s2"], ADMITTED, b)
    c.admit(5, "B", ["s3"], limited(T - 5), b)


@theme.case("replay is judged before rate", "law 1", "law 11")
def _(c: Case) -> None:
    b = bucket("ann", burst=1)
    c.admit(0, "A", ["s1"], ADMITTED, b)
    c.admit(1, "B", ["s1"], held(LEASE - 1), b)
    c.commit(2, "A", ["s1"], SETTLED, call="one")
    c.admit(3, "B", ["s1"], c.done("one"), b)
    c.admit(3, "B", ["s2"], limited(T - 3), b)


@theme.case("what finds no room spends no token", "law 9", "field 27")
def _(c: Case) -> None:
    b = bucket("ann", burst=2)
    c.admit(0, "A", ["s1"], ADMITTED, b, most=1)
    for _ in range(3):
        c.admit(1, "B", ["s2"], FULL, b, most=1)
    c.admit(2, "B", ["s2"], ADMITTED, b, most=2)
    c.admit(2, "B", ["s3"], limited(T - 2), b, most=3)


@theme.case("no room is said before no token", "law 9", "law 11")
def _(c: Case) -> None:
    b = bucket("ann", burst=1)
    c.admit(0, "A", ["s1"], ADMITTED, b, most=1)
    c.admit(1, "B", ["s2"], FULL, b, most=1)


@theme.case("no buckets: nothing limits", "law 11")
def _(c: Case) -> None:
    for number in range(5):
        c.admit(0, "A", [f"s{number}"], ADMITTED)


@theme.case("a statement asks buckets and claims nothing", "field 27")
def _(c: Case) -> None:
    b = bucket("site", burst=2)
    c.admit(0, "A", [], ADMITTED, b)
    c.admit(0, "A", [], ADMITTED, b)
    c.admit(0, "A", [], limited(T), b)
    c.admit(T, "A", [], ADMITTED, b)


@theme.case("neither claims nor buckets: admitted", "law 11")
def _(c: Case) -> None:
    c.admit(0, "A", [], ADMITTED)
    c.admit(0, "A", [], ADMITTED)


@theme.case("a step back grants nothing", "law 10", "field 30")
def _(c: Case) -> None:
    b = bucket("ann")
    drain(c, 0, b)
    c.admit(-KEEP, "A", ["s1"], limited(T), b)


@theme.case("a step back locks out for one token, though it was denied", "law 10", "field 30")
def _(c: Case) -> None:
    b = bucket("ann")
    drain(c, 0, b)
    c.admit(-KEEP, "A", ["s1"], limited(T), b)
    c.admit(-KEEP + 1, "A", ["s1"], limited(T - 1), b)
    c.admit(-KEEP + T - 1, "A", ["s1"], limited(1), b)
    c.admit(-KEEP + T, "A", ["s1"], ADMITTED, b)
    c.admit(-KEEP + T, "A", ["s2"], limited(T), b)


@theme.case("every bucket that is too empty is cut", "law 10", "field 27")
def _(c: Case) -> None:
    slow, quick = bucket("slow", 40_000, 1), bucket("quick", 10_000, 2)
    c.admit(0, "A", [], ADMITTED, slow, quick)
    c.admit(0, "B", [], ADMITTED, quick)
    c.admit(-KEEP, "C", ["s1"], limited(40_000, 0), slow, quick)
    c.admit(-KEEP + 10_000, "D", ["s2"], ADMITTED, quick)
    c.admit(-KEEP + 40_000, "E", ["s3"], ADMITTED, slow)


@theme.case("a step back within the window cuts nothing", "law 10")
def _(c: Case) -> None:
    b = bucket("ann")
    drain(c, 0, b, tokens=1)
    c.admit(-10_000, "A", ["s1"], ADMITTED, b)
    c.admit(-10_000, "A", ["s2"], limited(10_000), b)
    c.admit(0, "A", ["s2"], ADMITTED, b)


@theme.case("a late command does not rewind the bucket", "law 10", "field 30")
def _(c: Case) -> None:
    b = bucket("ann", burst=1)
    c.admit(0, "A", ["s1"], ADMITTED, b)
    c.admit(-5000, "B", ["s2"], limited(T), b)
    c.admit(0, "B", ["s2"], limited(T - 5000), b)
    c.admit(T - 5000, "B", ["s2"], ADMITTED, b)


@theme.case("a smaller burst cuts what is emptier than empty, and keeps the cut", "law 10")
def _(c: Case) -> None:
    drain(c, 0, bucket("ann"))
    small = bucket("ann", burst=1)
    c.admit(0, "A", ["s1"], limited(T), small)
    c.admit(T - 1, "A", ["s1"], limited(1), small)
    c.admit(T, "A", ["s1"], ADMITTED, small)


@theme.case("a larger burst gives room at once", "field 32")
def _(c: Case) -> None:
    drain(c, 0, bucket("ann"))
    large = bucket("ann", burst=5)
    drain(c, 0, large, tokens=2)
    c.admit(0, "A", ["s1"], limited(T), large)


@theme.case("the largest bucket that a configuration gives", "law 10")
def _(c: Case) -> None:
    b = bucket("ann", 60_000, 1_000_000)
    c.admit(0, "A", ["s1"], ADMITTED, b)
    c.admit(-60_000 * 999_998, "A", ["s2"], ADMITTED, b)
    c.admit(-60_000 * 999_998, "A", ["s3"], limited(60_000), b)


@theme.case("a bucket outlives the claims of its events", "field 31")
def _(c: Case) -> None:
    b = bucket("ann", 1_800_000, 1)
    c.admit(0, "A", ["s1"], ADMITTED, b, keep=LEASE)
    c.admit(KEEP, "B", ["s1"], limited(1_800_000 - KEEP), b)
    c.admit(1_800_000 - 1, "B", ["s1"], limited(1), b)
    c.admit(1_800_000, "B", ["s1"], ADMITTED, b)
