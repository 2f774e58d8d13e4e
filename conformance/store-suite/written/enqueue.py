"""enqueue.json"""

from .script import (
    ALREADY,
    CALL_KEEP,
    DAY,
    DELAY,
    ENQUEUED,
    FINISHED,
    MISSING,
    QUEUED,
    SKIPPED,
    Case,
    Theme,
)

theme = Theme("enqueue", "One job a call, ever.")


@theme.case("queued once", "law 3", "field 24")
def _(c: Case) -> None:
    c.record(0, "ann", "one", SKIPPED, pending=False)
    c.enqueue(1, "ann", "one", ENQUEUED, delay=0)
    c.enqueue(2, "ann", "one", ALREADY, delay=0)
    c.take(3, "W", {"one": 1})
    c.take(4, "V", {})


@theme.case("queued with the row: already", "law 3", "field 24")
def _(c: Case) -> None:
    c.record(0, "ann", "one", QUEUED)
    c.enqueue(1, "ann", "one", ALREADY)


@theme.case("no such call", "law 3")
def _(c: Case) -> None:
    c.enqueue(0, "ann", "one", MISSING)
    c.take(1, "W", {})


@theme.case("due in its delay", "law 3", "field 25")
def _(c: Case) -> None:
    c.record(0, "ann", "one", SKIPPED, pending=False)
    c.enqueue(100, "ann", "one", ENQUEUED, delay=DELAY)
    c.take(DELAY + 99, "W", {})
    c.take(DELAY + 100, "W", {"one": 1})


for result in ("sent", "cancelled", "failed"):

    @theme.case(f"{result} is final: already", "law 3", "law 5")
    def _(c: Case, result: str = result) -> None:
        c.record(0, "ann", "one", SKIPPED, sig="x", pending=False)
        c.enqueue(1, "ann", "one", ENQUEUED, delay=0)
        c.take(2, "W", {"one": 1})
        c.finish(3, "W", "one", result, FINISHED)
        c.enqueue(4, "ann", "one", ALREADY, delay=0)
        c.record(4, "ann", "two", c.exists("one", "enqueued"), sig="x")
        c.take(DAY - 1, "V", {})


@theme.case("a taken job: already", "law 3")
def _(c: Case) -> None:
    c.record(0, "ann", "one", QUEUED, delay=0)
    c.take(1, "W", {"one": 1})
    c.enqueue(2, "ann", "one", ALREADY, delay=0)
    c.take(3, "V", {})


@theme.case("asked again: the first delay stands", "law 3")
def _(c: Case) -> None:
    c.record(0, "ann", "one", SKIPPED, pending=False)
    c.enqueue(1, "ann", "one", ENQUEUED, delay=10_000)
    c.enqueue(2, "ann", "one", ALREADY, delay=0)
    c.take(10_000, "W", {})
    c.take(10_001, "W", {"one": 1})


@theme.case("the call lives as long as the job is kept", "law 3", "law 4")
def _(c: Case) -> None:
    c.record(0, "ann", "one", SKIPPED, sig="x", event="evt", pending=False, keep=CALL_KEEP)
    c.enqueue(CALL_KEEP - 1, "ann", "one", ENQUEUED, delay=DELAY, keep=CALL_KEEP)
    c.take(CALL_KEEP - 1 + DELAY, "W", {"one": 1})
    c.record(CALL_KEEP + DELAY, "ann", "two", c.exists("one", "enqueued"), sig="x")
    c.record(CALL_KEEP + DELAY, "ann", "two", c.exists("one", "enqueued"), sig="y", event="evt")
    c.call(2 * CALL_KEEP - 2, "one", "ann")
    c.call(2 * CALL_KEEP - 1, "one", None)


@theme.case("a shorter keep does not shorten the call's", "law 3", "field 25")
def _(c: Case) -> None:
    c.record(0, "ann", "one", SKIPPED, sig="x", pending=False, keep=CALL_KEEP)
    c.enqueue(1, "ann", "one", ENQUEUED, delay=0, keep=100_000)
    c.call(CALL_KEEP - 1, "one", "ann")
    c.record(CALL_KEEP - 1, "ann", "two", c.exists("one", "enqueued"), sig="x")
    c.call(CALL_KEEP, "one", None)


@theme.case("what is over is missing", "law 3", "field 25")
def _(c: Case) -> None:
    c.record(0, "ann", "one", SKIPPED, pending=False, keep=100_000)
    c.enqueue(100_000, "ann", "one", MISSING, delay=0)
    c.take(100_000, "W", {})
