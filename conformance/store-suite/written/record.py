"""record.json"""

from .script import (
    ALREADY,
    CALL_KEEP,
    ENQUEUED,
    QUEUED,
    SKIPPED,
    Case,
    Theme,
)

theme = Theme("record", "One row an event: by each of its signatures, and by its signed id.")


@theme.case("recorded, and found", "law 3")
def _(c: Case) -> None:
    c.call(0, "one", None)
    c.record(0, "ann", "one", QUEUED)
    c.call(1, "one", "ann")


@theme.case("the same signature: the row that is there", "law 3", "field 24")
def _(c: Case) -> None:
    c.record(0, "ann", "one", QUEUED, sig="x")
    c.record(1, "ann", "two", c.exists("one", "enqueued"), sig="x")
    c.call(2, "two", None)


@theme.case("the same request again: the row that is there", "law 3", "field 24")
def _(c: Case) -> None:
    c.record(0, "ann", "one", QUEUED, sig="x", event="evt")
    c.record(1, "ann", "one", c.exists("one", "enqueued"), sig="x", event="evt")


@theme.case("the same event id under another signature", "law 3", "field 18")
def _(c: Case) -> None:
    c.record(0, "ann", "one", QUEUED, sig="x", event="evt")
    c.record(1, "ann", "two", c.exists("one", "enqueued"), sig="y", event="evt")
    c.call(2, "two", None)


@theme.case("the same signature under another event id", "law 3")
def _(c: Case) -> None:
    c.record(0, "ann", "one", QUEUED, sig="x", event="evt")
    c.record(1, "ann", "two", c.exists("one", "enqueued"), sig="x", event="evt2")


@theme.case("no event id is none: two events without are two", "law 3")
def _(c: Case) -> None:
    c.record(0, "ann", "one", QUEUED, sig="x")
    c.record(1, "ann", "two", QUEUED, sig="y")


@theme.case("event ids that are nearly the same", "law 3", "field 17")
def _(c: Case) -> None:
    ids = ["evt", "Evt", "EVT", "evt-", "ev", "e%t", "e_t", "%", "evt'", 'evt"', "null", "NULL",
           "0", "00", "x" * 256, "x" * 255, "~!@#$^&*()"]
    for number, event in enumerate(ids):
        c.record(number, "ann", f"c{number}", QUEUED, event=event)
    for number, event in enumerate(ids):
        c.record(50, "ann", f"d{number}", c.exists(f"c{number}", "enqueued"), event=event)


@theme.case("more signatures: each is the row's alone", "law 3", "field 18")
def _(c: Case) -> None:
    c.record(0, "ann", "one", QUEUED, sig="x", more=("y", "z"))
    for label in ("x", "y", "z"):
        c.record(1, "ann", "two", c.exists("one", "enqueued"), sig=label)
    c.record(2, "ann", "two", c.exists("one", "enqueued"), sig="p", more=("q", "z"))
    c.record(2, "ann", "two", c.exists("one", "enqueued"), sig="p", more=("x",))
    c.record(3, "ann", "two", QUEUED, sig="p", more=("q",))


@theme.case("keys in another order after a rotation", "law 3", "field 18")
def _(c: Case) -> None:
    c.record(0, "ann", "one", QUEUED, sig="old", more=("new",))
    c.record(1, "ann", "two", c.exists("one", "enqueued"), sig="new", more=("old",))
    c.record(2, "ann", "two", c.exists("one", "enqueued"), sig="new", more=("newest",))


@theme.case("a row that is met gains no name", "law 3")
def _(c: Case) -> None:
    c.record(0, "ann", "one", QUEUED, sig="x", event="evt")
    c.record(1, "ann", "two", c.exists("one", "enqueued"), sig="y", event="evt")
    c.record(2, "ann", "two", QUEUED, sig="y", event="evt2")


@theme.case("whoever it is: the event decides", "law 3")
def _(c: Case) -> None:
    c.record(0, "ann", "one", QUEUED, sig="x")
    c.record(1, "ben", "two", c.exists("one", "enqueued"), sig="x")
    c.call(2, "one", "ann")


@theme.case("not consented then: skipped, and stays so when met again", "law 5", "field 24")
def _(c: Case) -> None:
    c.record(0, "ann", "one", SKIPPED, sig="x", pending=False, delay=0)
    c.take(1, "W", {})
    c.record(2, "ann", "two", c.exists("one", "skipped"), sig="x", delay=0)
    c.take(3, "W", {})


@theme.case("consented then: one job, however often it is met", "law 3", "field 24")
def _(c: Case) -> None:
    c.record(0, "ann", "one", QUEUED, sig="x", delay=0)
    for at in (1, 2):
        c.record(at, "ann", "two", c.exists("one", "enqueued"), sig="x", delay=0)
    c.record(3, "ann", "two", c.exists("one", "enqueued"), sig="x", pending=False)
    c.take(4, "W", {"one": 1})
    c.take(5, "V", {})


@theme.case("a sale queues what was skipped: met again, enqueued", "law 3")
def _(c: Case) -> None:
    c.record(0, "ann", "one", SKIPPED, sig="x", pending=False)
    c.enqueue(1, "ann", "one", ENQUEUED)
    c.record(2, "ann", "two", c.exists("one", "enqueued"), sig="x", pending=False)


@theme.case("kept until its time, half-open", "law 3", "field 25")
def _(c: Case) -> None:
    for label in ("x", "y"):
        c.record(5, "ann", label, QUEUED, keep=100_000)
    c.call(100_004, "x", "ann")
    c.record(100_004, "ann", "two", c.exists("x", "enqueued"), sig="x")
    c.call(100_005, "x", None)
    c.record(100_005, "ann", "three", QUEUED, sig="y")
    c.enqueue(100_006, "ann", "x", {"outcome": "missing"})


@theme.case("over: each of its names is free", "law 3", "field 25")
def _(c: Case) -> None:
    c.record(0, "ann", "one", QUEUED, sig="x", more=("y",), event="evt", keep=100_000)
    c.record(100_000, "ann", "two", QUEUED, sig="y", event="evt2")
    c.record(100_000, "ann", "three", QUEUED, sig="x", event="evt")
    c.record(100_001, "ann", "four", c.exists("three", "enqueued"), sig="p", event="evt")


@theme.case("the row of an event anew stays when the old one is dropped", "law 3", "field 31")
def _(c: Case) -> None:
    c.record(0, "ann", "one", QUEUED, sig="x", more=("y",), event="evt", keep=100_000)
    c.record(100_000, "ann", "two", QUEUED, sig="x", more=("y",), event="evt")
    c.purge(100_001, "calls", 1_000_000)
    for sig, more, event in (("x", (), None), ("p", ("y",), None), ("p", (), "evt")):
        c.record(100_002, "ann", "three", c.exists("two", "enqueued"), sig=sig, more=more,
                 event=event)


@theme.case("meeting a row does not prolong it", "field 25")
def _(c: Case) -> None:
    c.record(0, "ann", "one", QUEUED, sig="x", keep=100_000)
    c.record(99_999, "ann", "two", c.exists("one", "enqueued"), sig="x", keep=CALL_KEEP)
    c.call(100_000, "one", None)


@theme.case("kept as long as a configuration can say", "law 10", "field 25")
def _(c: Case) -> None:
    keep = 34_000_000_000
    c.record(0, "ann", "one", QUEUED, keep=keep, delay=2_592_000_000)
    c.call(keep - 1, "one", "ann")
    c.call(keep, "one", None)


@theme.case("a step back forgets no row", "law 3", "law 10")
def _(c: Case) -> None:
    c.record(0, "ann", "one", QUEUED, sig="x")
    c.record(-CALL_KEEP, "ann", "two", c.exists("one", "enqueued"), sig="x")
    c.call(-CALL_KEEP, "one", "ann")


for name, body in {
    "empty": b"",
    "JSON with white space": b'{ "a" : 1.0,\r\n\t"a2":"\\u0000" }\n',
    "every byte": bytes(range(256)),
    "not UTF-8, NUL, a BOM": b"\xff\xfe\x00\xef\xbb\xbf\x80",
    "64 KiB": bytes((7 * n + n // 256) % 256 for n in range(65_536)),
}.items():

    @theme.case(f"the body comes back byte for byte: {name}", "law 3", "field 10")
    def _(c: Case, body: bytes = body) -> None:
        c.record(0, "ann", "one", QUEUED, body=body, delay=0)
        c.take(1, "W", {"one": 1})


@theme.case("what the queue gives is what was recorded", "law 3")
def _(c: Case) -> None:
    last = 253_402_300_799_999 - 1_700_000_000_000
    c.record(0, "аня 🙂'\"\\", "one", QUEUED, event="evt_1-~", received=-1_700_000_000_000, delay=0)
    c.record(0, "x" * 256, "two", QUEUED, received=last, delay=1)
    c.take(1, "W", {"one": 1, "two": 1})
    c.call(1, "one", "аня 🙂'\"\\")


@theme.case("a job is made with the row", "law 3", "field 24")
def _(c: Case) -> None:
    c.record(0, "ann", "one", QUEUED, delay=0)
    c.enqueue(0, "ann", "one", ALREADY)
    c.take(0, "W", {"one": 1})
