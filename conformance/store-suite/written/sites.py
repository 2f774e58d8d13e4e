"""sites.json"""

from .script import (
    ADMITTED,
    ENQUEUED,
    FINISHED,
    FULL,
    FULL_SESSION,
    KEEP,
    LEASE,
    LOST,
    MISSING,
    QUEUED,
    SETTLED,
    SKIPPED,
    STORED,
    Case,
    Theme,
    bucket,
    held,
    limited,
    session,
)

theme = Theme("sites", "No answer for one site depends on what another has stored.")


@theme.case("the same claims at two sites", "law 8")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1", "e1"], ADMITTED)
    c.admit(0, "B", ["s1", "e1"], ADMITTED, site="other")
    c.commit(1, "A", ["s1", "e1"], SETTLED, call="one")
    c.admit(2, "C", ["s1"], held(LEASE - 2), site="other")
    c.release(3, "B", ["s1", "e1"], SETTLED, site="other")
    c.admit(4, "C", ["s1"], c.done("one"))


@theme.case("an owner settles at its own site alone", "law 8", "field 22")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED)
    c.commit(1, "A", ["s1"], LOST, site="other")
    c.release(1, "A", ["s1"], LOST, site="other")
    c.admit(2, "B", ["s1"], held(LEASE - 2))
    c.admit(2, "B", ["s1"], ADMITTED, site="other")


@theme.case("the same bucket key at two sites", "law 8", "field 28")
def _(c: Case) -> None:
    b = bucket("ann", burst=1)
    c.admit(0, "A", ["s1"], ADMITTED, b)
    c.admit(0, "A", ["s1"], ADMITTED, b, site="other")
    c.release(1, "A", ["s1"], SETTLED, b, site="other")
    c.admit(2, "B", ["s2"], limited(19_998), b)
    c.admit(2, "B", ["s2"], ADMITTED, b, site="other")


@theme.case("one site's flood takes no other's room", "law 8", "law 9", "field 26")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1", "s2"], ADMITTED, most=2)
    c.admit(0, "A", ["s3"], FULL, most=2)
    c.admit(0, "A", ["s3", "s4"], ADMITTED, most=2, site="other")
    c.admit(0, "A", ["s5"], FULL, most=2, site="other")


@theme.case("sites whose names are nearly the same", "law 8")
def _(c: Case) -> None:
    names = ("a.b", "a_b", "a-b", "ab", "a", "a.b.c", "axb")
    for site in names:
        c.admit(0, "A", ["s1"], ADMITTED, bucket("ann", burst=1), site=site, most=1)
    for site in names:
        c.admit(1, "B", ["s1"], held(LEASE - 1), site=site, most=1)


@theme.case("sessions of the same person at two sites", "law 8")
def _(c: Case) -> None:
    c.put(0, "ann", STORED)
    c.find(0, "ann", None, site="other")
    c.put(0, "ann", STORED, session("analytics"), site="other")
    c.find(1, "ann", FULL_SESSION, "here")
    c.find(1, "ann", session("analytics"), "there", site="other")
    c.delete(2, "ann", (2, KEEP))
    c.find(3, "ann", None, floor=2)
    c.find(3, "ann", session("analytics"), "there", site="other")


@theme.case("a session's version counts at its own site", "law 8")
def _(c: Case) -> None:
    c.put(0, "ann", STORED)
    c.find(0, "ann", FULL_SESSION, "v1")
    c.put(1, "ann", {"outcome": "conflict"}, expected="v1", site="other")
    c.find(2, "ann", None, site="other")


@theme.case("floors of the same person at two sites", "law 7", "law 8")
def _(c: Case) -> None:
    c.put(0, "ann", STORED, None, floor=(-5, KEEP))
    c.find(0, "ann", None, site="other")
    c.put(0, "ann", STORED, site="other")
    c.find(0, "ann", None, floor=-5)


@theme.case("a statement's key at two sites", "law 8")
def _(c: Case) -> None:
    c.put(0, "ann", STORED, key=("k", KEEP))
    c.put(1, "ann", STORED, key=("k", KEEP), site="other")
    c.put(2, "ann", {"outcome": "repeated"}, key=("k", KEEP))


@theme.case("one site's sessions take no other's room", "law 8", "law 9")
def _(c: Case) -> None:
    c.put(0, "ann", STORED, most=1)
    c.put(0, "ben", FULL, most=1)
    c.put(0, "ben", STORED, most=1, site="other")


@theme.case("the same event at two sites is two", "law 3", "law 8")
def _(c: Case) -> None:
    c.record(0, "ann", "one", QUEUED, sig="x", event="evt")
    c.record(0, "ann", "two", QUEUED, sig="x", event="evt", site="other")
    c.record(1, "ann", "three", c.exists("one", "enqueued"), sig="x", event="evt")
    c.record(1, "ann", "four", c.exists("two", "enqueued"), sig="x", event="evt", site="other")


@theme.case("a call is found at its own site alone", "law 8", "field 13")
def _(c: Case) -> None:
    c.record(0, "ann", "one", SKIPPED, pending=False)
    c.call(1, "one", None, site="other")
    c.enqueue(1, "ann", "one", MISSING, site="other")
    c.call(2, "one", "ann")
    c.enqueue(2, "ann", "one", ENQUEUED)


@theme.case("one site's calls take no other's room", "law 8", "law 9")
def _(c: Case) -> None:
    c.record(0, "ann", "one", QUEUED, most=1)
    c.record(0, "ann", "two", FULL, most=1)
    c.record(0, "ann", "three", QUEUED, most=1, site="other")


@theme.case("jobs are given at their own site alone", "law 8")
def _(c: Case) -> None:
    c.record(0, "ann", "one", QUEUED, delay=0)
    c.take(1, "W", {}, site="other")
    c.take(1, "W", {"one": 1})
    c.finish(2, "W", "one", "sent", LOST, site="other")
    c.finish(3, "W", "one", "sent", FINISHED)


@theme.case("an erasure ends at its site", "law 8")
def _(c: Case) -> None:
    c.record(0, "ann", "one", QUEUED, delay=0)
    c.record(0, "ann", "two", QUEUED, delay=0, site="other")
    c.erase(1, "ann", (1, KEEP))
    c.call(2, "one", None)
    c.call(2, "two", "ann", site="other")
    c.take(2, "W", {"two": 1}, site="other")
    c.record(3, "ann", "three", {"outcome": "moved"}, changed=1)
    c.record(3, "ann", "four", QUEUED, changed=1, site="other")


@theme.case("nothing of another site is due with a job of the same age", "law 8")
def _(c: Case) -> None:
    for number, site in enumerate(("one", "two", "three")):
        c.record(number, "ann", site, QUEUED, sig="x", delay=10, site=site)
    c.take(100, "W", {"two": 1}, site="two")
    c.take(100, "W", {"three": 1}, site="three")
    c.take(100, "W", {"one": 1}, site="one")
