"""caps.json"""

from .script import (
    ADMITTED,
    FULL,
    KEEP,
    LEASE,
    MINUTE,
    QUEUED,
    SETTLED,
    SKIPPED,
    STORED,
    TAKEOVER,
    Case,
    Theme,
    bucket,
    held,
    session,
)

theme = Theme("caps", "Room per site: refused is refused whole, and nothing alive makes way.")


@theme.case("claims: as many as fit, then none", "law 9", "field 19", "field 26")
def _(c: Case) -> None:
    for number in range(3):
        c.admit(0, "A", [f"s{number}"], ADMITTED, most=3)
    c.admit(0, "B", ["s9"], FULL, most=3)
    for number in range(3):
        c.admit(1, "C", [f"s{number}"], held(LEASE - 1), most=3)


@theme.case("claims: all of an event, or none", "law 9", "field 27")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1", "e1"], ADMITTED, most=3)
    c.admit(0, "B", ["s2", "e2"], FULL, most=3)
    c.admit(0, "C", ["s2"], ADMITTED, most=3)
    c.admit(0, "D", ["e2"], FULL, most=3)


@theme.case("claims: done ones are alive", "law 9", "field 19")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED, most=1)
    c.commit(0, "A", ["s1"], SETTLED, call="one")
    c.admit(LEASE, "B", ["s2"], FULL, most=1)
    c.admit(KEEP - 1, "B", ["s2"], FULL, most=1)
    c.admit(KEEP - 1, "C", ["s1"], c.done("one"), most=1, keep=LEASE)


@theme.case("claims: room at the end of a keep", "law 9", "field 25")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED, most=1)
    c.commit(0, "A", ["s1"], SETTLED)
    c.admit(KEEP - 1, "B", ["s2"], FULL, most=1)
    c.admit(KEEP + MINUTE, "B", ["s2"], ADMITTED, most=1)
    c.admit(KEEP + MINUTE, "C", ["s3"], FULL, most=1)


@theme.case("claims: lapsed ones keep their place until they are forgotten", "law 9")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED, most=1)
    c.admit(LEASE, "B", ["s2"], FULL, most=1)
    c.admit(KEEP - 1, "B", ["s2"], FULL, most=1)
    c.admit(KEEP + MINUTE, "B", ["s2"], ADMITTED, most=1)


@theme.case("claims: a takeover needs no room", "law 4", "law 9")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1", "s2"], ADMITTED, most=2)
    c.admit(LEASE, "B", ["s1"], TAKEOVER, most=2)
    c.admit(LEASE, "C", ["s3"], FULL, most=2)


@theme.case("claims: a takeover that finds no room for the rest takes nothing", "law 9")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1", "s2"], ADMITTED, most=2)
    c.admit(LEASE, "B", ["s1", "s3"], FULL, most=2)
    c.commit(LEASE + 1, "A", ["s1", "s2"], SETTLED, call="one")
    c.admit(LEASE + 2, "C", ["s1", "s3"], c.done("one"), most=2)


@theme.case("claims: what is known is answered, room or not", "law 9", "law 11")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED, most=2)
    c.admit(0, "B", ["s2"], ADMITTED, most=2)
    c.commit(0, "A", ["s1"], SETTLED, call="one")
    c.admit(1, "C", ["s1", "s3"], c.done("one"), most=2)
    c.admit(1, "C", ["s2", "s3"], held(LEASE - 1), most=2)
    c.admit(1, "C", ["s3"], FULL, most=2)


@theme.case("claims: a release gives room at once", "law 9")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1", "e1"], ADMITTED, most=2)
    c.admit(1, "B", ["s2"], FULL, most=2)
    c.release(2, "A", ["s1", "e1"], SETTLED)
    c.admit(3, "B", ["s2", "e2"], ADMITTED, most=2)
    c.admit(3, "C", ["s3"], FULL, most=2)


@theme.case("claims: released twice, room once", "law 9", "field 22")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED, most=2)
    c.admit(0, "B", ["s2"], ADMITTED, most=2)
    c.release(1, "A", ["s1"], SETTLED)
    c.release(1, "A", ["s1"], {"outcome": "lost"})
    c.admit(2, "C", ["s3"], ADMITTED, most=2)
    c.admit(2, "D", ["s4"], FULL, most=2)


@theme.case("claims: a commit moves the end of their place", "law 9", "field 25")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED, most=2, keep=KEEP)
    c.admit(0, "B", ["s2"], ADMITTED, most=2, keep=KEEP)
    c.commit(0, "A", ["s1"], SETTLED, keep=100_000)
    c.commit(0, "B", ["s2"], SETTLED, keep=3 * KEEP)
    c.admit(99_999, "C", ["s3"], FULL, most=2)
    c.admit(200_000, "C", ["s3"], ADMITTED, most=2, keep=KEEP)
    c.admit(300_000 + KEEP, "D", ["s4"], ADMITTED, most=2, keep=3 * KEEP)
    c.admit(3 * KEEP - 1, "E", ["s5"], FULL, most=2)
    c.admit(3 * KEEP + MINUTE, "E", ["s5"], ADMITTED, most=2)


@theme.case("claims: met again, done keeps its place longer", "law 9", "field 19")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED, most=1)
    c.commit(0, "A", ["s1"], SETTLED, call="one")
    c.admit(KEEP - 1, "B", ["s1"], c.done("one"), most=1)
    c.admit(KEEP, "C", ["s2"], FULL, most=1)
    c.admit(2 * KEEP - 2, "C", ["s2"], FULL, most=1)
    c.admit(2 * KEEP - 1 + MINUTE, "C", ["s2"], ADMITTED, most=1)


@theme.case("claims: each counts once, however often it was taken", "law 9")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED, most=2)
    for turn in range(1, 4):
        c.admit(turn * LEASE, "B", ["s1"], TAKEOVER, most=2)
    c.admit(3 * LEASE, "C", ["s2"], ADMITTED, most=2)
    c.admit(3 * LEASE, "D", ["s3"], FULL, most=2)


@theme.case("claims: one that is over does not lend its place twice", "law 9", "field 19")
def _(c: Case) -> None:
    later = KEEP + MINUTE
    c.admit(0, "A", ["s1", "s2"], ADMITTED, most=3)
    c.admit(later, "B", ["s1", "s3", "s4"], ADMITTED, most=3)
    c.admit(later, "C", ["s5"], FULL, most=3)
    c.admit(later + LEASE, "C", ["s1", "s3", "s4"], TAKEOVER, most=3)


@theme.case("claims: what claims nothing needs no room", "law 7", "law 9")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED, most=1)
    c.admit(1, "B", [], ADMITTED, bucket("ann"), most=1)


@theme.case("claims: a bound that was lowered refuses only what needs room", "law 4", "law 9")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED, most=4)
    c.admit(0, "A", ["s2"], ADMITTED, most=4)
    c.admit(0, "A", ["s3"], ADMITTED, most=4)
    c.admit(1, "B", ["s4"], FULL, most=2)
    c.admit(1, "B", [], ADMITTED, bucket("ann"), most=2)
    c.admit(LEASE, "B", ["s1"], TAKEOVER, most=2)


@theme.case("claims: a flood forgets nothing", "law 9", "field 19")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1", "e1"], ADMITTED, most=50)
    c.commit(0, "A", ["s1", "e1"], SETTLED, call="one")
    for number in range(3):
        flood = [f"s flood {number} {claim}" for claim in range(16)]
        c.admit(number, "F", flood, ADMITTED, most=50)
    c.admit(10, "F", ["s more"], FULL, most=50)
    c.admit(KEEP - 1, "B", ["e1"], c.done("one"), most=50)


@theme.case("sessions: as many as fit, then none", "law 9")
def _(c: Case) -> None:
    c.put(0, "ann", STORED, most=2)
    c.put(0, "ben", STORED, most=2)
    c.put(0, "cat", FULL, most=2)
    c.find(1, "cat", None)
    c.find(1, "ann", session("analytics", "marketing"), "a1")
    c.find(1, "ben", session("analytics", "marketing"), "b1")


@theme.case("sessions: one that is there needs no room", "law 9")
def _(c: Case) -> None:
    full = session("analytics", "marketing")
    c.put(0, "ann", STORED, most=1)
    c.find(0, "ann", full, "a1")
    c.put(1, "ann", STORED, session("analytics", granted=5), expected="a1", most=1)
    c.find(2, "ann", session("analytics", granted=5), "a2")


@theme.case("sessions: a floor needs no session's room", "law 7", "law 9")
def _(c: Case) -> None:
    c.put(0, "ann", STORED, most=1)
    c.put(0, "ben", STORED, None, floor=(-5, 3_600_000), most=1)
    c.find(0, "ben", None, floor=-5)


@theme.case("sessions: a withdrawal needs no room", "law 7", "law 9")
def _(c: Case) -> None:
    c.put(0, "ann", STORED, most=2)
    c.put(0, "ben", STORED, most=2)
    c.find(0, "ben", session("analytics", "marketing"), "b1")
    gone = session(granted=-1000, changed=1, narrowed=True)
    c.put(1, "ben", STORED, gone, expected="b1", narrowing=True, most=1)
    c.find(2, "ben", gone, "b2")


@theme.case("sessions: room at the end of a keep, and after a delete", "law 9", "field 25")
def _(c: Case) -> None:
    c.put(0, "ann", STORED, keep=100_000, most=1)
    c.put(99_999, "ben", FULL, most=1)
    c.put(100_000, "ben", STORED, most=1)
    c.put(100_001, "cat", FULL, most=1)
    c.delete(100_002, "ben", (100_002, KEEP))
    c.put(100_003, "cat", STORED, session("analytics", granted=100_003), most=1)


@theme.case("sessions: full changes nothing", "law 9")
def _(c: Case) -> None:
    c.put(0, "ann", STORED, keep=100_000, most=1)
    c.put(1, "ben", FULL, floor=(-2000, KEEP), key=("k", KEEP), most=1)
    c.find(2, "ben", None)
    c.put(100_000, "ben", STORED, key=("k", KEEP), most=1)


@theme.case("calls: as many as fit, then none", "law 9")
def _(c: Case) -> None:
    c.record(0, "ann", "one", QUEUED, most=2)
    c.record(0, "ann", "two", SKIPPED, pending=False, most=2)
    c.record(1, "ben", "three", FULL, most=2)
    c.call(2, "three", None)
    c.call(2, "one", "ann")
    c.call(2, "two", "ann")


@theme.case("calls: a row that is there is answered, room or not", "law 3", "law 9")
def _(c: Case) -> None:
    c.record(0, "ann", "one", QUEUED, sig="x", most=1)
    c.record(1, "ann", "two", c.exists("one", "enqueued"), sig="x", most=1)
    c.record(1, "ann", "two", FULL, sig="y", most=1)


@theme.case("calls: room at the end of a keep, and after an erasure", "law 9", "field 25")
def _(c: Case) -> None:
    c.record(0, "ann", "one", QUEUED, keep=100_000, most=1)
    c.record(99_999, "ben", "two", FULL, most=1)
    c.record(100_000, "ben", "three", QUEUED, most=1)
    c.record(100_001, "cat", "four", FULL, most=1)
    c.erase(100_002, "ben", (100_002, KEEP))
    c.record(100_003, "cat", "five", QUEUED, most=1)


@theme.case("calls: full leaves no name behind", "law 3", "law 9")
def _(c: Case) -> None:
    c.record(0, "ann", "one", QUEUED, most=1)
    c.record(1, "ben", "two", FULL, sig="x", event="evt", most=1)
    c.record(2, "ben", "three", QUEUED, sig="x", event="evt", most=2)


@theme.case("calls: a sale needs no room", "law 9")
def _(c: Case) -> None:
    c.record(0, "ann", "one", SKIPPED, pending=False, most=1)
    c.enqueue(1, "ann", "one", {"outcome": "enqueued"})
