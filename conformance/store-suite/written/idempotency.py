"""idempotency.json"""

from .script import CONFLICT, FULL, KEEP, REPEATED, STORED, A, Case, M, Theme, session

theme = Theme("idempotency", "A grant that is known by its key changes nothing a second time.")


@theme.case("known: repeated, and nothing changed", "law 3", "law 7")
def _(c: Case) -> None:
    c.put(0, "ann", STORED, session(A), key=("k", KEEP))
    c.find(0, "ann", session(A), "v1")
    again = session(A, M, granted=5)
    c.put(1, "ann", REPEATED, again, expected="v1", floor=(1, KEEP), key=("k", KEEP))
    c.find(2, "ann", session(A), "v1")


@theme.case("repeated is said before conflict, and before no room", "law 11")
def _(c: Case) -> None:
    c.put(0, "ann", STORED, session(A), key=("k", KEEP), keep=100_000)
    c.put(1, "ann", REPEATED, session(A), key=("k", KEEP))
    c.put(1, "ben", STORED)
    c.put(100_000, "ann", REPEATED, session(A), key=("k", KEEP), most=1)


@theme.case("remembered until its time, half-open", "field 25")
def _(c: Case) -> None:
    c.put(5, "ann", STORED, session(A), key=("k", 100_000))
    c.find(5, "ann", session(A), "v1")
    c.put(100_004, "ann", REPEATED, session(A), expected="v1", key=("k", 100_000))
    c.put(100_005, "ann", STORED, session(A, granted=5), expected="v1", key=("k", 100_000))
    c.find(100_006, "ann", session(A, granted=5), "v2")


@theme.case("each key's own keep, not the session's", "field 25")
def _(c: Case) -> None:
    c.put(0, "ann", STORED, session(A), key=("long", 34_000_000_000), keep=100_000)
    c.put(100_000, "ann", REPEATED, session(A), key=("long", KEEP))
    c.put(100_000, "ann", STORED, session(A), key=("short", 100_000), keep=KEEP)
    c.find(100_000, "ann", session(A), "v1")
    c.put(200_000, "ann", STORED, session(A), expected="v1", key=("short", 100_000))
    c.put(33_999_999_999, "ann", REPEATED, session(A), key=("long", KEEP))


@theme.case("another key is another statement", "law 3")
def _(c: Case) -> None:
    c.put(0, "ann", STORED, session(A), key=("k", KEEP))
    c.find(0, "ann", session(A), "v1")
    c.put(1, "ann", STORED, session(A, M, granted=1), expected="v1", key=("l", KEEP))
    c.find(2, "ann", session(A, M, granted=1), "v2")
    for key in ("k", "l"):
        c.put(3, "ann", REPEATED, session(A), expected="v2", key=(key, KEEP))


@theme.case("no key: never repeated", "law 7")
def _(c: Case) -> None:
    c.put(0, "ann", STORED, session(A))
    c.find(0, "ann", session(A), "v1")
    c.put(1, "ann", STORED, session(A), expected="v1")
    c.find(2, "ann", session(A), "v2")


@theme.case("what conflicted is not known", "law 4")
def _(c: Case) -> None:
    c.put(0, "ann", STORED, session(A))
    c.put(1, "ann", CONFLICT, session(A, M, granted=1), key=("k", KEEP))
    c.find(1, "ann", session(A), "v1")
    c.put(2, "ann", STORED, session(A, M, granted=1), expected="v1", key=("k", KEEP))
    c.find(3, "ann", session(A, M, granted=1), "v2")


@theme.case("what lies under a floor is not known", "law 4", "law 7")
def _(c: Case) -> None:
    c.delete(0, "ann", (0, 100_000))
    c.put(1, "ann", CONFLICT, session(A), key=("k", KEEP))
    c.put(100_000, "ann", STORED, session(A), key=("k", KEEP))


@theme.case("what found no room is not known", "law 4", "law 9")
def _(c: Case) -> None:
    c.put(0, "ann", STORED, session(A), most=1)
    c.put(1, "ben", FULL, session(A), key=("k", KEEP), most=1)
    c.put(2, "ben", STORED, session(A), key=("k", KEEP), most=2)
    c.put(3, "ben", REPEATED, session(A), key=("k", KEEP), most=2)


@theme.case("a known key does not refuse what takes away", "law 7")
def _(c: Case) -> None:
    c.put(0, "ann", STORED, session(A, M), key=("k", KEEP))
    c.find(0, "ann", session(A, M), "v1")
    less = session(A, changed=1, narrowed=True)
    c.put(1, "ann", STORED, less, expected="v1", key=("k", KEEP), narrowing=True)
    c.find(2, "ann", less, "v2")


@theme.case("a grant that takes something away leaves its key", "law 3", "law 7")
def _(c: Case) -> None:
    c.put(0, "ann", STORED, session(A, M))
    c.find(0, "ann", session(A, M), "v1")
    less = session(A, granted=1, narrowed=True)
    c.put(1, "ann", STORED, less, expected="v1", key=("k", KEEP), narrowing=True)
    c.find(2, "ann", less, "v2")
    c.put(3, "ann", REPEATED, session(A, granted=1), expected="v2", key=("k", KEEP))


@theme.case("a repeated statement does not prolong its key", "field 25")
def _(c: Case) -> None:
    c.put(0, "ann", STORED, session(A), key=("k", 100_000))
    c.find(0, "ann", session(A), "v1")
    c.put(99_999, "ann", REPEATED, session(A), expected="v1", key=("k", 100_000))
    c.put(100_000, "ann", STORED, session(A), expected="v1", key=("k", 100_000))
