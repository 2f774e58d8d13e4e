"""erase.json"""

from .script import (
    DAY,
    FINISHED,
    KEEP,
    LOST,
    MISSING,
    MOVED,
    QUEUED,
    SKIPPED,
    Case,
    Theme,
)

theme = Theme("erase", "First the tombstone, then the calls of a person and their jobs.")


@theme.case("calls, jobs and what made them unique are gone", "law 7")
def _(c: Case) -> None:
    c.record(0, "ann", "one", QUEUED, sig="x", more=("y",), event="evt", delay=0)
    c.record(0, "ann", "two", SKIPPED, pending=False)
    c.erase(10, "ann", (10, DAY))
    c.call(11, "one", None)
    c.call(11, "two", None)
    c.take(11, "W", {})
    c.enqueue(11, "ann", "two", MISSING)
    c.record(12, "ben", "three", QUEUED, sig="x", changed=-5)
    c.record(12, "ben", "four", QUEUED, sig="y", changed=-5)
    c.record(12, "ben", "five", QUEUED, sig="z", event="evt", changed=-5)


@theme.case("other persons' calls stay", "law 7")
def _(c: Case) -> None:
    others = ["Ann", "ann ", "an", "ann2", "a%n"]
    c.record(0, "ann", "one", QUEUED, delay=0)
    c.record(0, "a_n", "two", QUEUED, delay=0)
    for number, who in enumerate(others):
        c.record(number, who, f"o{number}", QUEUED, delay=1)
    c.erase(10, "a_n", (10, DAY))
    c.call(11, "one", "ann")
    c.erase(12, "ann", (12, DAY))
    c.call(13, "one", None)
    c.call(13, "two", None)
    for number, who in enumerate(others):
        c.call(13, f"o{number}", who)
    c.take(14, "W", {f"o{number}": 1 for number in range(len(others))})


@theme.case("a call under a grant at or before it is not recorded", "law 7", "field 44")
def _(c: Case) -> None:
    c.erase(10, "ann", (10, DAY))
    c.record(11, "ann", "one", MOVED, changed=9)
    c.record(11, "ann", "one", MOVED, changed=10)
    c.call(12, "one", None)
    c.record(13, "ann", "one", QUEUED, changed=11)


@theme.case("it holds for that person alone", "law 7")
def _(c: Case) -> None:
    c.erase(10, "ann", (10, DAY))
    c.record(11, "Ann", "one", QUEUED, changed=9)
    c.record(11, "ben", "two", QUEUED, changed=9)


@theme.case("a tombstone is kept until its time, half-open", "law 7", "field 25")
def _(c: Case) -> None:
    c.erase(5, "ann", (5, 100_000))
    c.record(100_004, "ann", "one", MOVED, changed=5)
    c.record(100_005, "ann", "one", QUEUED, changed=5)


@theme.case("a tombstone kept as long as a configuration can say", "law 10", "field 25")
def _(c: Case) -> None:
    keep = 34_000_000_000
    c.erase(0, "ann", (0, keep))
    c.record(keep - 1, "ann", "one", MOVED, changed=0)
    c.record(keep, "ann", "one", QUEUED, changed=0)


@theme.case("the newest tombstone wins, whichever came first", "law 7")
def _(c: Case) -> None:
    for who, order in (("ann", (0, 20)), ("ben", (20, 0))):
        for at in order:
            c.erase(30, who, (at, DAY))
        c.record(31, who, "c " + who, MOVED, changed=20)
        c.record(31, who, "c " + who, QUEUED, changed=21)


@theme.case("a tombstone again, for less long, does not end the first", "law 7", "field 25")
def _(c: Case) -> None:
    c.erase(0, "ann", (0, 300_000))
    c.erase(1, "ann", (0, 100_000))
    c.erase(0, "ben", (0, 300_000))
    c.erase(1, "ben", (1, 100_000))
    c.record(200_000, "ann", "one", MOVED, changed=0)
    c.record(200_000, "ben", "two", MOVED, changed=0)


@theme.case("a tombstone after a step back does not end the first", "law 7", "law 10")
def _(c: Case) -> None:
    c.erase(0, "ann", (0, 100_000))
    c.erase(-50_000, "ann", (-50_000, 100_000))
    c.record(99_999, "ann", "one", MOVED, changed=0)


@theme.case("the unknown is erased as well, and again", "law 7")
def _(c: Case) -> None:
    for at in range(3):
        c.erase(at, "ann", (at, DAY))
    c.record(3, "ann", "one", MOVED, changed=2)


@theme.case("calls recorded after it are erased by the next", "law 7")
def _(c: Case) -> None:
    c.erase(0, "ann", (0, DAY))
    c.record(1, "ann", "one", QUEUED, changed=1)
    c.erase(2, "ann", (2, DAY))
    c.call(3, "one", None)


@theme.case("a taken job is lost", "law 7", "field 44")
def _(c: Case) -> None:
    c.record(0, "ann", "one", QUEUED, delay=0)
    c.take(1, "W", {"one": 1})
    c.erase(2, "ann", (2, DAY))
    c.finish(3, "W", "one", "retry", LOST, delay=0)
    c.take(4, "V", {})


@theme.case("moved is said before exists", "law 5", "law 11")
def _(c: Case) -> None:
    c.erase(0, "ann", (0, DAY))
    c.record(1, "ann", "one", QUEUED, sig="x", changed=1)
    c.record(2, "ann", "two", MOVED, sig="x", changed=0)
    c.record(3, "ann", "two", c.exists("one", "enqueued"), sig="x", changed=1)


@theme.case("moved leaves no name behind", "law 3", "law 7")
def _(c: Case) -> None:
    c.erase(0, "ann", (0, DAY))
    c.record(1, "ann", "one", MOVED, sig="x", event="evt", changed=0)
    c.record(2, "ann", "two", QUEUED, sig="x", event="evt", changed=1)


@theme.case("many calls of one person", "law 7")
def _(c: Case) -> None:
    for number in range(12):
        c.record(number, "ann" if number % 3 else "ben", f"c{number}", QUEUED, delay=0)
    c.erase(20, "ann", (20, KEEP))
    c.take(21, "W", {f"c{number}": 1 for number in range(0, 12, 3)})
    c.finish(22, "W", "c3", "sent", FINISHED)
