"""floors.json"""

from .script import CONFLICT, FULL_SESSION, KEEP, STORED, A, Case, M, Theme, session

theme = Theme("floors", "Floors of refusals and tombstones: grants at or before them do not count.")


def grant(c: Case, at: int, granted: int, reply: dict, who: str = "ann") -> None:
    c.put(at, who, reply, session(A, M, granted=granted))


@theme.case("a grant at or before a floor conflicts, a newer one counts", "law 7", "field 44")
def _(c: Case) -> None:
    c.put(0, "ann", STORED, None, floor=(-50, KEEP))
    grant(c, 1, -51, CONFLICT)
    grant(c, 1, -50, CONFLICT)
    grant(c, 1, -49, STORED)
    c.find(2, "ann", session(A, M, granted=-49), "v1", floor=-50)


@theme.case("a floor is held against what a session is ordered by", "law 7")
def _(c: Case) -> None:
    c.put(0, "ann", STORED, None, floor=(90_000, KEEP))
    c.put(1, "ann", CONFLICT, session(A, M, granted=1, changed=90_000))
    c.put(1, "ann", STORED, session(A, M, granted=1, changed=90_001))
    c.find(2, "ann", session(A, M, granted=1, changed=90_001), "v1", floor=90_000)
    c.delete(0, "ben", (90_000, KEEP))
    c.put(1, "ben", CONFLICT, session(A, M, granted=1, changed=90_000))
    c.put(1, "ben", STORED, session(A, M, granted=1, changed=90_001))


@theme.case("a floor stores no session", "law 5", "law 7")
def _(c: Case) -> None:
    c.put(0, "ann", STORED, None, floor=(-50, KEEP))
    c.find(1, "ann", None, floor=-50)


@theme.case("kept until its time, half-open", "law 7", "field 25")
def _(c: Case) -> None:
    for who in ("ann", "ben"):
        c.put(5, who, STORED, None, floor=(-50, 100_000))
    c.find(100_004, "ann", None, floor=-50)
    grant(c, 100_004, -50, CONFLICT)
    c.find(100_005, "ann", None)
    grant(c, 100_005, -50, STORED, "ben")


@theme.case("the newest floor wins, whichever came first", "law 7")
def _(c: Case) -> None:
    for who, order in (("ann", (-50, -20)), ("ben", (-20, -50))):
        for at in order:
            c.put(0, who, STORED, None, floor=(at, KEEP))
        c.find(1, who, None, floor=-20)
        grant(c, 1, -20, CONFLICT, who)
        grant(c, 1, -19, STORED, who)


@theme.case("a floor again is kept from then", "law 7", "field 25")
def _(c: Case) -> None:
    c.put(0, "ann", STORED, None, floor=(-50, 100_000))
    c.put(90_000, "ann", STORED, None, floor=(-50, 100_000))
    c.find(189_999, "ann", None, floor=-50)
    c.find(190_000, "ann", None)


@theme.case("a floor again, for less long, does not end the first", "law 7", "field 25")
def _(c: Case) -> None:
    for who, later in (("ann", -50), ("ben", -60)):
        c.put(0, who, STORED, None, floor=(-50, 300_000))
        c.put(1, who, STORED, None, floor=(later, 100_000))
    c.find(200_000, "ann", None, floor=-50)
    c.find(200_000, "ben", None, floor=-50)
    grant(c, 200_001, -50, CONFLICT)


@theme.case("beside a session: both are stored", "law 7")
def _(c: Case) -> None:
    c.put(0, "ann", STORED, session(A, granted=-10), floor=(-50, KEEP))
    c.find(1, "ann", session(A, granted=-10), "v1", floor=-50)


@theme.case("a floor is a person's own", "law 7")
def _(c: Case) -> None:
    c.put(0, "ann", STORED, None, floor=(-50, KEEP))
    c.find(1, "Ann", None)
    grant(c, 1, -100, STORED, "Ann")


@theme.case("what conflicts leaves no floor", "law 7")
def _(c: Case) -> None:
    c.put(0, "ann", STORED)
    c.put(1, "ann", CONFLICT, None, floor=(1, KEEP))
    c.find(2, "ann", FULL_SESSION, "v1")


@theme.case("a floor does not refuse what takes away", "law 7")
def _(c: Case) -> None:
    c.put(0, "ann", STORED, session(A, M, granted=-10))
    c.find(0, "ann", session(A, M, granted=-10), "v1")
    c.delete(1, "ann", (1, 100_000))
    c.put(2, "ann", STORED, session(A, M, granted=2))
    c.find(2, "ann", session(A, M, granted=2), "v2", floor=1)
    less = session(A, granted=1, changed=1, narrowed=True)
    c.put(3, "ann", STORED, less, expected="v2", narrowing=True)
    c.find(4, "ann", less, "v3", floor=1)


@theme.case("deleted: an older grant conflicts, a newer one counts", "law 7", "field 44")
def _(c: Case) -> None:
    c.put(0, "ann", STORED)
    c.delete(10, "ann", (10, KEEP))
    c.find(11, "ann", None, floor=10)
    grant(c, 11, 9, CONFLICT)
    grant(c, 11, 10, CONFLICT)
    grant(c, 11, 11, STORED)
    c.find(12, "ann", session(A, M, granted=11), "v1", floor=10)


@theme.case("deleted before anything was known: the delayed grant conflicts", "law 7", "field 44")
def _(c: Case) -> None:
    c.delete(0, "ann", (0, KEEP))
    grant(c, 1, -1000, CONFLICT)
    c.find(2, "ann", None, floor=0)


@theme.case("a tombstone is kept until its time, half-open", "law 7", "field 25")
def _(c: Case) -> None:
    for who in ("ann", "ben"):
        c.delete(5, who, (5, 100_000))
    c.find(100_004, "ann", None, floor=5)
    grant(c, 100_004, 5, CONFLICT)
    c.find(100_005, "ann", None)
    grant(c, 100_005, 5, STORED, "ben")


@theme.case("the newest tombstone wins, whichever came first", "law 7")
def _(c: Case) -> None:
    for who, order in (("ann", (0, 20)), ("ben", (20, 0))):
        for at in order:
            c.delete(30, who, (at, KEEP))
        c.find(31, who, None, floor=20)
        grant(c, 31, 20, CONFLICT, who)


@theme.case("a tombstone again, for less long, does not end the first", "law 7", "field 25")
def _(c: Case) -> None:
    c.delete(0, "ann", (0, 300_000))
    c.delete(1, "ann", (0, 100_000))
    c.delete(0, "ben", (0, 300_000))
    c.delete(1, "ben", (1, 100_000))
    c.find(200_000, "ann", None, floor=0)
    grant(c, 200_000, 0, CONFLICT)
    grant(c, 200_000, 0, CONFLICT, "ben")


@theme.case("a tombstone after a step back does not end the first", "law 7", "law 10")
def _(c: Case) -> None:
    c.delete(0, "ann", (0, 100_000))
    c.delete(-50_000, "ann", (-50_000, 100_000))
    c.find(99_999, "ann", None, floor=0)


@theme.case("floor and tombstone: the newest is found, and both count", "law 7")
def _(c: Case) -> None:
    c.put(0, "ann", STORED, None, floor=(-50, KEEP))
    c.delete(0, "ann", (-80, KEEP))
    c.find(1, "ann", None, floor=-50)
    c.delete(1, "ann", (-20, KEEP))
    c.find(2, "ann", None, floor=-20)
    c.put(2, "ann", STORED, None, floor=(-30, KEEP))
    c.find(3, "ann", None, floor=-20)
    grant(c, 3, -20, CONFLICT)


@theme.case("a newer floor does not drop a tombstone", "law 7")
def _(c: Case) -> None:
    c.delete(0, "ann", (0, 300_000))
    c.put(1, "ann", STORED, None, floor=(1, 100_000))
    grant(c, 100_002, 0, CONFLICT)
    grant(c, 299_999, -5, CONFLICT)


@theme.case("a session does not lift what lies under it", "law 7", "field 44")
def _(c: Case) -> None:
    c.delete(0, "ann", (0, KEEP))
    c.put(1, "ann", STORED, session(A, granted=1), keep=100_000)
    c.find(2, "ann", session(A, granted=1), "v1", floor=0)
    c.find(100_001, "ann", None, floor=0)
    grant(c, 100_002, 0, CONFLICT)


@theme.case("floors at the first and last instants", "law 10")
def _(c: Case) -> None:
    first, last = -1_700_000_000_000, 253_402_300_799_999 - 1_700_000_000_000
    c.put(0, "ann", STORED, None, floor=(first, KEEP))
    grant(c, 1, first, CONFLICT)
    grant(c, 1, first + 1, STORED)
    c.delete(2, "ben", (last, KEEP))
    grant(c, 3, last, CONFLICT, "ben")
    c.find(3, "ben", None, floor=last)
