"""purge.json"""

from .script import (
    ADMITTED,
    CONFLICT,
    DAY,
    FULL_SESSION,
    KEEP,
    LEASE,
    MINUTE,
    MOVED,
    QUEUED,
    REPEATED,
    SETTLED,
    STORED,
    TAKEOVER,
    A,
    Case,
    M,
    Theme,
    bucket,
    held,
    limited,
    session,
)

theme = Theme("purge", "Only what is over is dropped, no more at once than asked for.")

ALL = 1_000_000


@theme.case("claims that are alive stay", "law 9", "field 19", "field 31")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED)
    c.admit(0, "B", ["s2"], ADMITTED)
    c.commit(0, "A", ["s1"], SETTLED, call="one")
    c.purge(1, "admission", ALL)
    c.admit(2, "C", ["s1"], c.done("one"), keep=LEASE)
    c.admit(2, "C", ["s2"], held(LEASE - 2))
    c.purge(KEEP - 1, "admission", ALL)
    c.admit(KEEP - 1, "C", ["s1"], c.done("one"), keep=LEASE)
    c.admit(KEEP - 1, "C", ["s2"], TAKEOVER)


@theme.case("buckets that are not full stay", "law 9", "field 31")
def _(c: Case) -> None:
    b = bucket("ann", 1_200_000, 2)
    c.admit(0, "A", [], ADMITTED, b)
    c.admit(0, "B", [], ADMITTED, b)
    c.purge(1_200_000, "admission", ALL)
    c.admit(1_200_000, "C", [], ADMITTED, b)
    c.admit(1_200_000, "C", [], limited(1_200_000), b)
    c.purge(2_399_999, "admission", ALL)
    c.admit(2_399_999, "C", [], limited(1), b)


@theme.case("what was over is as absent as before", "field 25")
def _(c: Case) -> None:
    b = bucket("ann")
    c.admit(0, "A", ["s1"], ADMITTED, b)
    c.commit(0, "A", ["s1"], SETTLED, call="one")
    c.purge(KEEP, "admission", ALL)
    c.admit(KEEP, "B", ["s1"], ADMITTED, b)
    c.admit(KEEP, "C", ["s1"], held(LEASE))


@theme.case("sessions, floors, tombstones and keys that are alive stay", "law 7", "law 9")
def _(c: Case) -> None:
    c.put(0, "ann", STORED, key=("k", KEEP), keep=KEEP)
    c.put(0, "ben", STORED, None, floor=(-5, KEEP))
    c.delete(0, "cat", (0, KEEP))
    c.purge(KEEP - 1, "sessions", ALL)
    c.find(KEEP - 1, "ann", FULL_SESSION, "v1")
    c.find(KEEP - 1, "ben", None, floor=-5)
    c.find(KEEP - 1, "cat", None, floor=0)
    c.put(KEEP - 1, "ann", REPEATED, expected="v1", key=("k", KEEP))
    c.put(KEEP - 1, "cat", CONFLICT, session(A, M, granted=0))
    c.purge(KEEP, "sessions", ALL)
    c.find(KEEP, "ann", None)
    c.find(KEEP, "ben", None)
    c.find(KEEP, "cat", None)
    c.put(KEEP, "ann", STORED, key=("k", KEEP))


@theme.case("a version is new after everything was dropped", "law 5", "field 22")
def _(c: Case) -> None:
    c.put(0, "ann", STORED, keep=100_000)
    c.find(0, "ann", FULL_SESSION, "v1")
    for turn in (2, 3, 4):
        at = turn * 100_000
        for _ in range(2):
            c.purge(at, "sessions", ALL)
        c.put(at, "ann", STORED, keep=100_000)
        c.find(at, "ann", FULL_SESSION, f"v{turn}")


@theme.case("calls that are alive stay, and with them jobs", "law 3", "law 9")
def _(c: Case) -> None:
    c.record(0, "ann", "one", QUEUED, sig="x", event="evt", delay=0, keep=DAY)
    c.record(0, "ann", "two", QUEUED, delay=0, keep=100_000)
    c.erase(0, "ben", (0, DAY))
    c.purge(DAY - 1, "calls", ALL)
    c.call(DAY - 1, "one", "ann")
    c.call(DAY - 1, "two", None)
    c.record(DAY - 1, "ann", "three", c.exists("one", "enqueued"), sig="x")
    c.record(DAY - 1, "ann", "three", c.exists("one", "enqueued"), sig="y", event="evt")
    c.record(DAY - 1, "ben", "four", MOVED, changed=0)
    c.take(DAY - 1, "W", {"one": 1})


@theme.case("a finished job's call stays until its time", "law 3", "law 9")
def _(c: Case) -> None:
    c.record(0, "ann", "one", QUEUED, sig="x", delay=0, keep=DAY)
    c.take(1, "W", {"one": 1})
    c.finish(2, "W", "one", "sent", {"outcome": "finished"})
    c.purge(DAY - 1, "calls", ALL)
    c.record(DAY - 1, "ann", "two", c.exists("one", "enqueued"), sig="x")
    c.enqueue(DAY - 1, "ann", "one", {"outcome": "already"})


@theme.case("never more than asked for", "law 9")
def _(c: Case) -> None:
    for number in range(6):
        c.admit(0, "A", [f"s{number}"], ADMITTED, bucket(str(number)))
        c.put(0, f"p{number}", STORED, keep=100_000)
        c.record(0, "ann", f"c{number}", QUEUED, keep=100_000)
    for role in ("admission", "sessions", "calls"):
        for limit in (1, 2, 1):
            c.purge(KEEP, role, limit)


for role in ("admission", "sessions", "calls"):

    @theme.case(f"all that is over is gone in the end: {role}", "law 9", "field 31")
    def _(c: Case, role: str = role) -> None:
        for number in range(5):
            if role == "admission":
                c.admit(0, "A", [f"s{number}"], ADMITTED, bucket(str(number)))
            elif role == "sessions":
                c.put(0, f"p{number}", STORED, key=(f"k{number}", KEEP), keep=KEEP)
                c.put(0, f"q{number}", STORED, None, floor=(-5, KEEP))
                c.delete(0, f"r{number}", (0, KEEP))
            else:
                c.record(0, f"p{number}", f"c{number}", QUEUED, keep=KEEP)
                c.erase(0, f"q{number}", (0, KEEP))
        c.purge(100 * 365 * DAY, role, ALL)
        c.purge(100 * 365 * DAY, role, ALL, removed=0)


@theme.case("the place of what is over is free", "law 9")
def _(c: Case) -> None:
    c.put(0, "ann", STORED, keep=100_000, most=1)
    c.purge(99_999, "sessions", ALL)
    c.put(99_999, "ben", {"outcome": "full"}, most=1)
    c.purge(100_000, "sessions", ALL)
    c.put(100_000, "ben", STORED, most=1)
    c.put(100_000, "cat", {"outcome": "full"}, most=1)


@theme.case("dropped once, counted once", "law 9")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1", "s2"], ADMITTED, most=2)
    for at in (KEEP, KEEP, KEEP + MINUTE):
        c.purge(at, "admission", ALL)
    c.admit(KEEP + MINUTE, "B", ["s1", "s2"], ADMITTED, most=2)
    c.admit(KEEP + MINUTE, "C", ["s3"], {"outcome": "full"}, most=2)
