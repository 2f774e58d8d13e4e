"""versions.json"""

from .script import (
    ENQUEUED,
    FULL_SESSION,
    KEEP,
    LEASE,
    MOVED,
    QUEUED,
    SKIPPED,
    STORED,
    A,
    Case,
    M,
    Theme,
    session,
)

theme = Theme("versions", "Sessions and calls in one store: a row needs the session judged.")


@theme.case("the version that was judged: recorded", "law 5")
def _(c: Case) -> None:
    c.put(0, "ann", STORED)
    c.find(0, "ann", FULL_SESSION, "v1")
    c.record(1, "ann", "one", QUEUED, version="v1")
    c.find(2, "ann", FULL_SESSION, "v1")


@theme.case("any change moves it, narrowing or not", "law 5", "law 7")
def _(c: Case) -> None:
    c.put(0, "ann", STORED, session(A))
    c.find(0, "ann", session(A), "v1")
    c.put(1, "ann", STORED, session(A, M, granted=1), expected="v1")
    c.record(2, "ann", "one", MOVED, version="v1")
    c.find(3, "ann", session(A, M, granted=1), "v2")
    c.record(4, "ann", "one", QUEUED, version="v2")


@theme.case("gone: moved", "law 5", "law 7")
def _(c: Case) -> None:
    c.put(0, "ann", STORED)
    c.find(0, "ann", FULL_SESSION, "v1")
    c.delete(1, "ann", (-2000, KEEP))
    c.record(2, "ann", "one", MOVED, version="v1", changed=-1000)
    c.call(3, "one", None)


@theme.case("over: moved", "law 5", "field 43")
def _(c: Case) -> None:
    c.put(0, "ann", STORED, keep=100_000)
    c.find(0, "ann", FULL_SESSION, "v1")
    c.record(99_999, "ann", "one", QUEUED, version="v1")
    c.record(100_000, "ann", "two", MOVED, version="v1")


@theme.case("another person's session is not this one's", "law 5")
def _(c: Case) -> None:
    c.put(0, "ann", STORED)
    c.find(0, "ann", FULL_SESSION, "v1")
    c.record(1, "Ann", "one", MOVED, version="v1")
    c.record(1, "ben", "one", MOVED, version="v1")


@theme.case("another site's session is not this one's", "law 5", "law 8")
def _(c: Case) -> None:
    c.put(0, "ann", STORED)
    c.find(0, "ann", FULL_SESSION, "v1")
    c.record(1, "ann", "one", MOVED, version="v1", site="other")


@theme.case("stored anew with the same members: moved", "law 5", "field 22")
def _(c: Case) -> None:
    c.put(0, "ann", STORED, keep=100_000)
    c.find(0, "ann", FULL_SESSION, "v1")
    c.put(100_000, "ann", STORED)
    c.record(100_001, "ann", "one", MOVED, version="v1")
    c.find(100_002, "ann", FULL_SESSION, "v2")
    c.record(100_003, "ann", "one", QUEUED, version="v2")


@theme.case("moved is said before exists", "law 5", "law 11")
def _(c: Case) -> None:
    c.put(0, "ann", STORED)
    c.find(0, "ann", FULL_SESSION, "v1")
    c.record(1, "ann", "one", QUEUED, version="v1", sig="x")
    c.put(2, "ann", STORED, session(A, M, granted=2), expected="v1")
    c.record(3, "ann", "two", MOVED, version="v1", sig="x")
    c.find(4, "ann", session(A, M, granted=2), "v2")
    c.record(5, "ann", "two", c.exists("one", "enqueued"), version="v2", sig="x")


@theme.case("moved is said before no room", "law 5", "law 11")
def _(c: Case) -> None:
    c.put(0, "ann", STORED)
    c.find(0, "ann", FULL_SESSION, "v1")
    c.record(1, "ann", "one", QUEUED, version="v1", most=1)
    c.put(2, "ann", STORED, session(A), expected="v1")
    c.record(3, "ann", "two", MOVED, version="v1", most=1)


@theme.case("moved leaves no name behind", "law 3", "law 5")
def _(c: Case) -> None:
    c.put(0, "ann", STORED)
    c.find(0, "ann", FULL_SESSION, "v1")
    c.put(1, "ann", STORED, expected="v1")
    c.record(2, "ann", "one", MOVED, version="v1", sig="x", more=("y",), event="evt")
    c.find(3, "ann", FULL_SESSION, "v2")
    c.record(4, "ann", "two", QUEUED, version="v2", sig="x", more=("y",), event="evt")


@theme.case("a sale with the version that was judged", "law 5")
def _(c: Case) -> None:
    c.put(0, "ann", STORED)
    c.find(0, "ann", FULL_SESSION, "v1")
    c.record(1, "ann", "one", SKIPPED, version="v1", pending=False)
    c.enqueue(2, "ann", "one", ENQUEUED, version="v1", delay=0)
    c.take(3, "W", {"one": 1}, lease=LEASE)


@theme.case("a sale whose session is gone: moved", "law 5", "law 7")
def _(c: Case) -> None:
    c.put(0, "ann", STORED, keep=100_000)
    c.find(0, "ann", FULL_SESSION, "v1")
    c.record(1, "ann", "one", SKIPPED, version="v1", pending=False)
    c.enqueue(100_000, "ann", "one", MOVED, version="v1")


@theme.case("no version given: none compared", "law 5")
def _(c: Case) -> None:
    c.put(0, "ann", STORED)
    c.find(0, "ann", FULL_SESSION, "v1")
    c.record(1, "ben", "one", SKIPPED, pending=False)
    c.enqueue(2, "ben", "one", ENQUEUED)


@theme.case("a call is no part of the session", "law 5")
def _(c: Case) -> None:
    c.put(0, "ann", STORED)
    c.find(0, "ann", FULL_SESSION, "v1")
    for number in range(3):
        c.record(number, "ann", f"c{number}", QUEUED, version="v1")
    c.find(5, "ann", FULL_SESSION, "v1")
    c.put(6, "ann", STORED, session(A), expected="v1")
