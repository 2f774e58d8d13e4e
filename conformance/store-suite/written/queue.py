"""queue.json"""

from .script import (
    DAY,
    DELAY,
    FINISHED,
    LEASE,
    LOST,
    QUEUED,
    SKIPPED,
    Case,
    Theme,
)

theme = Theme("queue", "Jobs are given under a lease, in the order in which they came due.")


@theme.case("due in its delay, half-open", "law 3", "field 25")
def _(c: Case) -> None:
    c.record(5, "ann", "one", QUEUED, delay=DELAY)
    c.take(DELAY + 4, "W", {})
    c.take(DELAY + 5, "W", {"one": 1})


@theme.case("without delay, due at once", "law 3")
def _(c: Case) -> None:
    c.record(0, "ann", "one", QUEUED, delay=0)
    c.take(0, "W", {"one": 1})


@theme.case("what was skipped is not given", "law 5")
def _(c: Case) -> None:
    c.record(0, "ann", "one", SKIPPED, pending=False, delay=0)
    c.take(DAY - 1, "W", {})


@theme.case("those due longest first", "law 3")
def _(c: Case) -> None:
    for label, delay in (("third", 300), ("first", 100), ("fourth", 400), ("second", 200)):
        c.record(0, "ann", label, QUEUED, delay=delay)
    c.take(300, "W", {"first": 1, "second": 1, "third": 1})
    c.take(400, "W2", {"fourth": 1})


@theme.case("no more than asked for, and the rest to the next", "law 3", "field 23")
def _(c: Case) -> None:
    for number in range(5):
        c.record(number, "ann", f"c{number}", QUEUED, delay=10)
    c.take(100, "W", {"c0": 1, "c1": 1}, limit=2)
    c.take(100, "V", {"c2": 1}, limit=1)
    c.take(100, "U", {"c3": 1, "c4": 1}, limit=100)
    c.take(100, "T", {}, limit=100)


@theme.case("leased: given to nobody else before the lease is over", "law 3", "field 21")
def _(c: Case) -> None:
    c.record(0, "ann", "one", QUEUED, delay=0)
    c.take(10, "W", {"one": 1})
    c.take(11, "V", {})
    c.take(LEASE + 9, "V", {})
    c.take(LEASE + 10, "V", {"one": 2})
    c.take(LEASE + 11, "W", {})


@theme.case("each request's own lease", "field 25")
def _(c: Case) -> None:
    c.record(0, "ann", "one", QUEUED, delay=0)
    c.take(0, "W", {"one": 1}, lease=1000)
    c.take(999, "V", {}, lease=DAY)
    c.take(1000, "V", {"one": 2}, lease=300_000)
    c.take(300_999, "U", {})
    c.take(301_000, "U", {"one": 3})


@theme.case("attempts count each time it is taken", "field 24")
def _(c: Case) -> None:
    c.record(0, "ann", "one", QUEUED, delay=0)
    for turn in range(5):
        c.take(turn * LEASE, f"W{turn}", {"one": turn + 1})


for result in ("sent", "cancelled", "failed"):

    @theme.case(f"{result} is final: never given again", "law 3", "law 5")
    def _(c: Case, result: str = result) -> None:
        c.record(0, "ann", "one", QUEUED, delay=0)
        c.take(1, "W", {"one": 1})
        c.finish(2, "W", "one", result, FINISHED)
        c.take(3, "V", {})
        c.take(LEASE + 1, "V", {})
        c.take(DAY - 1, "W", {})
        c.call(DAY - 1, "one", "ann")

    @theme.case(f"{result} again: lost, and nothing changed", "law 3", "field 22")
    def _(c: Case, result: str = result) -> None:
        c.record(0, "ann", "one", QUEUED, delay=0)
        c.take(1, "W", {"one": 1})
        c.finish(2, "W", "one", result, FINISHED)
        c.finish(3, "W", "one", result, LOST)
        c.finish(3, "W", "one", "retry", LOST, delay=0)
        c.take(LEASE + 4, "V", {})


@theme.case("retry: due again in its delay", "law 4")
def _(c: Case) -> None:
    c.record(0, "ann", "one", QUEUED, delay=0)
    c.take(1, "W", {"one": 1})
    c.finish(10, "W", "one", "retry", FINISHED, delay=100_000)
    c.take(LEASE + 1, "V", {})
    c.take(100_009, "V", {})
    c.take(100_010, "V", {"one": 2})


@theme.case("retry without delay: due at once, to anybody", "law 4")
def _(c: Case) -> None:
    c.record(0, "ann", "one", QUEUED, delay=0)
    c.take(1, "W", {"one": 1})
    c.finish(2, "W", "one", "retry", FINISHED, delay=0)
    c.take(2, "W", {"one": 2})
    c.finish(3, "W", "one", "retry", FINISHED, delay=0)
    c.take(3, "V", {"one": 3})


@theme.case("a job put back is leased to nobody", "field 22")
def _(c: Case) -> None:
    c.record(0, "ann", "one", QUEUED, delay=0)
    c.take(1, "W", {"one": 1})
    c.finish(2, "W", "one", "retry", FINISHED, delay=1000)
    c.finish(3, "W", "one", "sent", LOST)
    c.take(1002, "V", {"one": 2})
    c.finish(1003, "V", "one", "sent", FINISHED)


@theme.case("nobody else ends it", "law 3", "field 22")
def _(c: Case) -> None:
    c.record(0, "ann", "one", QUEUED, delay=0)
    c.take(1, "W", {"one": 1})
    for result, delay in (("sent", None), ("cancelled", None), ("failed", None), ("retry", 0)):
        c.finish(2, "V", "one", result, LOST, delay=delay)
    c.take(3, "V", {})
    c.finish(4, "W", "one", "retry", FINISHED, delay=0)
    c.take(5, "V", {"one": 2})


@theme.case("nobody ends what nobody took", "law 3", "field 22")
def _(c: Case) -> None:
    c.record(0, "ann", "one", QUEUED, delay=0)
    c.record(0, "ann", "two", SKIPPED, pending=False)
    c.finish(1, "W", "one", "sent", LOST)
    c.finish(1, "W", "two", "sent", LOST)
    c.finish(1, "W", "three", "sent", LOST)
    c.take(2, "W", {"one": 1})


@theme.case("a late owner ends what nobody took since", "law 3", "law 4")
def _(c: Case) -> None:
    c.record(0, "ann", "one", QUEUED, delay=0)
    c.take(0, "W", {"one": 1})
    c.finish(LEASE + 5, "W", "one", "sent", FINISHED)
    c.take(LEASE + 6, "V", {})


@theme.case("a late owner does not end what another has", "law 3", "field 22")
def _(c: Case) -> None:
    c.record(0, "ann", "one", QUEUED, delay=0)
    c.take(0, "W", {"one": 1})
    c.take(LEASE, "V", {"one": 2})
    c.finish(LEASE + 1, "W", "one", "retry", LOST, delay=0)
    c.finish(LEASE + 1, "W", "one", "sent", LOST)
    c.take(LEASE + 2, "U", {})
    c.finish(LEASE + 3, "V", "one", "sent", FINISHED)


@theme.case("ending one leaves the others", "law 3")
def _(c: Case) -> None:
    for number in range(3):
        c.record(number, "ann", f"c{number}", QUEUED, delay=0)
    c.take(10, "W", {"c0": 1, "c1": 1, "c2": 1})
    c.finish(11, "W", "c1", "sent", FINISHED)
    c.finish(12, "W", "c2", "retry", FINISHED, delay=50_000)
    c.take(LEASE + 10, "V", {"c0": 2})
    c.take(60_000, "U", {"c2": 2}, limit=1)


@theme.case("a job ends with its call", "law 3", "field 25")
def _(c: Case) -> None:
    c.record(0, "ann", "one", QUEUED, delay=0, keep=100_000)
    c.record(1, "ann", "two", QUEUED, delay=0, keep=100_000)
    c.take(99_999, "W", {"one": 1}, limit=1)
    c.finish(100_000, "W", "one", "retry", LOST, delay=0)
    c.take(100_001, "V", {})


@theme.case("a lease does not prolong the call", "field 25")
def _(c: Case) -> None:
    c.record(0, "ann", "one", QUEUED, delay=0, keep=100_000)
    c.take(99_999, "W", {"one": 1}, lease=DAY)
    c.call(100_000, "one", None)


@theme.case("retries do not prolong the call", "field 25")
def _(c: Case) -> None:
    c.record(0, "ann", "one", QUEUED, delay=0, keep=100_000)
    c.take(1, "W", {"one": 1})
    c.finish(2, "W", "one", "retry", FINISHED, delay=200_000)
    c.call(99_999, "one", "ann")
    c.call(100_000, "one", None)
    c.take(200_002, "V", {})


@theme.case("retried jobs queue up behind what has been due longer", "law 3")
def _(c: Case) -> None:
    c.record(0, "ann", "one", QUEUED, delay=0)
    c.record(1, "ben", "two", QUEUED, delay=500)
    c.take(2, "W", {"one": 1})
    c.finish(3, "W", "one", "retry", FINISHED, delay=1000)
    c.take(2000, "V", {"two": 1}, limit=1)
    c.take(2000, "V2", {"one": 2}, limit=1)


@theme.case("nothing is due: no job", "law 3")
def _(c: Case) -> None:
    c.take(0, "W", {})
    c.record(0, "ann", "one", QUEUED, delay=DELAY)
    c.take(1, "W", {})
