"""withdrawal.json"""

from .script import (
    CONFLICT,
    DAY,
    ENQUEUED,
    FULL_SESSION,
    KEEP,
    MISSING,
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

theme = Theme("withdrawal", "What takes away is never refused, and nothing is written after it.")

GONE = session(changed=10, narrowed=True)


@theme.case("applied against the version found", "law 7")
def _(c: Case) -> None:
    c.put(0, "ann", STORED)
    c.find(0, "ann", FULL_SESSION, "v1")
    c.put(10, "ann", STORED, GONE, expected="v1", narrowing=True)
    c.find(11, "ann", GONE, "v2")


@theme.case("a version that moved conflicts: it is judged again", "law 7", "field 23")
def _(c: Case) -> None:
    c.put(0, "ann", STORED)
    c.find(0, "ann", FULL_SESSION, "v1")
    c.put(5, "ann", STORED, session(A, M, granted=5), expected="v1")
    c.put(10, "ann", CONFLICT, GONE, expected="v1", narrowing=True)
    c.find(11, "ann", session(A, M, granted=5), "v2")
    c.put(12, "ann", STORED, GONE, expected="v2", narrowing=True)
    c.find(13, "ann", GONE, "v3")


@theme.case("no cap, key or floor refuses it", "law 7", "law 9")
def _(c: Case) -> None:
    c.put(0, "ben", STORED)
    c.put(0, "ann", STORED, key=("k", KEEP))
    c.find(0, "ann", FULL_SESSION, "v1")
    c.put(10, "ann", STORED, GONE, expected="v1", narrowing=True, key=("k", KEEP), most=1)
    c.find(11, "ann", GONE, "v2")


@theme.case("what was judged before it is not stored after it", "law 7", "field 44")
def _(c: Case) -> None:
    c.put(0, "ann", STORED, session(A))
    c.find(0, "ann", session(A), "v1")
    c.put(10, "ann", STORED, GONE, expected="v1", narrowing=True)
    c.put(11, "ann", CONFLICT, session(A, M, granted=5), expected="v1")
    c.find(12, "ann", GONE, "v2")


@theme.case("a call judged before it is not recorded after it", "law 5", "law 7", "field 44")
def _(c: Case) -> None:
    c.put(0, "ann", STORED)
    c.find(0, "ann", FULL_SESSION, "v1")
    c.put(10, "ann", STORED, GONE, expected="v1", narrowing=True)
    c.record(11, "ann", "one", MOVED, version="v1", sig="x", delay=0)
    c.call(12, "one", None)
    c.take(12, "W", {})
    c.find(12, "ann", GONE, "v2")


@theme.case("a call recorded before it stays", "law 7")
def _(c: Case) -> None:
    c.put(0, "ann", STORED)
    c.find(0, "ann", FULL_SESSION, "v1")
    c.record(9, "ann", "one", QUEUED, version="v1")
    c.put(10, "ann", STORED, GONE, expected="v1", narrowing=True)
    c.call(11, "one", "ann")


@theme.case("a sale judged before it is not queued after it", "law 5", "law 7", "field 44")
def _(c: Case) -> None:
    c.put(0, "ann", STORED)
    c.find(0, "ann", FULL_SESSION, "v1")
    c.record(1, "ann", "one", SKIPPED, version="v1", pending=False)
    c.put(10, "ann", STORED, GONE, expected="v1", narrowing=True)
    c.enqueue(11, "ann", "one", MOVED, version="v1", delay=0)
    c.take(12, "W", {})


@theme.case("a refused enqueue leaves room for a later one", "law 5")
def _(c: Case) -> None:
    c.put(0, "ann", STORED)
    c.find(0, "ann", FULL_SESSION, "v1")
    c.record(1, "ann", "one", SKIPPED, version="v1", pending=False)
    c.put(10, "ann", STORED, session(A, M, granted=10), expected="v1")
    c.enqueue(11, "ann", "one", MOVED, version="v1")
    c.find(12, "ann", session(A, M, granted=10), "v2")
    c.enqueue(13, "ann", "one", ENQUEUED, version="v2")


@theme.case("after an erasure nothing is written", "law 7", "field 44")
def _(c: Case) -> None:
    c.put(0, "ann", STORED)
    c.find(0, "ann", FULL_SESSION, "v1")
    c.record(1, "ann", "one", QUEUED, version="v1", sig="x", delay=0)
    c.delete(10, "ann", (10, DAY))
    c.erase(10, "ann", (10, DAY))
    c.record(11, "ann", "two", MOVED, version="v1", sig="x")
    c.put(11, "ann", CONFLICT)
    c.enqueue(11, "ann", "one", MISSING)
    c.take(11, "W", {})
    c.call(11, "one", None)
    c.find(11, "ann", None, floor=10)


@theme.case("granted anew after an erasure, it is all new", "law 5", "law 7")
def _(c: Case) -> None:
    c.put(0, "ann", STORED)
    c.find(0, "ann", FULL_SESSION, "v1")
    c.record(1, "ann", "one", QUEUED, version="v1", sig="x")
    c.delete(10, "ann", (10, DAY))
    c.erase(10, "ann", (10, DAY))
    again = session(A, M, granted=20)
    c.put(20, "ann", STORED, again)
    c.find(20, "ann", again, "v2", floor=10)
    c.record(21, "ann", "two", MOVED, version="v1", sig="x", changed=20)
    c.record(21, "ann", "two", QUEUED, version="v2", sig="x", changed=20)
    c.call(22, "two", "ann")
