"""room.json"""

from .script import (
    ADMITTED,
    CONFLICT,
    FULL,
    KEEP,
    LEASE,
    QUEUED,
    REPEATED,
    SETTLED,
    STORED,
    TAKEOVER,
    Case,
    Theme,
    bucket,
    limited,
    session,
)

theme = Theme("room", "Room per site for buckets, keys, floors, tombstones and bytes of bodies.")


@theme.case("buckets: as many as fit, then none", "law 9")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED, bucket("ann"), most_buckets=2)
    c.admit(0, "A", ["s2"], ADMITTED, bucket("ben"), most_buckets=2)
    c.admit(1, "B", ["s3"], FULL, bucket("cat"), most_buckets=2)
    c.admit(1, "B", ["s3"], ADMITTED, bucket("ann"), most_buckets=2)


@theme.case("buckets: all of an event, or none", "law 9", "field 27")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED, bucket("ann"), bucket("ben"), most_buckets=3)
    c.admit(0, "B", ["s2"], FULL, bucket("cat"), bucket("dan"), most_buckets=3)
    c.admit(0, "B", ["s2"], ADMITTED, bucket("ann"), bucket("cat"), most_buckets=3)
    c.admit(0, "C", ["s3"], FULL, bucket("dan"), most_buckets=3)


@theme.case("buckets: full leaves neither claim nor spent token", "law 4", "law 9", "field 27")
def _(c: Case) -> None:
    one = bucket("ann", burst=2)
    c.admit(0, "A", ["s1"], ADMITTED, one, most_buckets=1)
    for _ in range(3):
        c.admit(1, "B", ["s2"], FULL, one, bucket("ben"), most_buckets=1)
    c.admit(2, "C", ["s2"], ADMITTED, one, most_buckets=1)
    c.admit(2, "D", ["s3"], limited(19_998), one, most_buckets=1)


@theme.case("buckets: one that is full again gives its place", "law 9", "field 31")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED, bucket("ann"), most_buckets=1)
    c.admit(19_999, "B", ["s2"], FULL, bucket("ben"), most_buckets=1)
    c.admit(20_000, "B", ["s2"], ADMITTED, bucket("ben"), most_buckets=1)
    c.admit(20_000, "C", ["s3"], FULL, bucket("ann"), most_buckets=1)


@theme.case("buckets: a refund gives their place", "law 4", "law 9")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED, bucket("ann"), most_buckets=1)
    c.release(1, "A", ["s1"], SETTLED, bucket("ann"))
    c.admit(2, "B", ["s2"], ADMITTED, bucket("ben"), most_buckets=1)


@theme.case("buckets: what is empty says so, room or not", "law 9", "law 11")
def _(c: Case) -> None:
    one = bucket("ann", burst=1)
    c.admit(0, "A", ["s1"], ADMITTED, one, most_buckets=1)
    c.admit(1, "B", ["s2"], limited(19_999), one, bucket("ben"), most_buckets=1)


@theme.case("buckets: a takeover needs no room", "law 4", "law 9")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED, bucket("ann", interval_ms=600_000), most_buckets=1)
    c.admit(LEASE, "B", ["s1"], TAKEOVER, bucket("ben"), most_buckets=1)


@theme.case("buckets: each site has its own room", "law 8", "law 9")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED, bucket("ann"), most_buckets=1)
    c.admit(0, "B", ["s2"], FULL, bucket("ben"), most_buckets=1)
    c.admit(0, "C", ["s1"], ADMITTED, bucket("ben"), most_buckets=1, site="other")


@theme.case("buckets: a statement needs room for them as well", "law 9")
def _(c: Case) -> None:
    c.admit(0, "A", [], ADMITTED, bucket("ann"), most_buckets=1)
    c.admit(1, "B", [], FULL, bucket("ben"), most_buckets=1)
    c.admit(1, "C", ["s1"], ADMITTED, most_buckets=1)


@theme.case("idempotency: as many keys as fit, then none", "law 9")
def _(c: Case) -> None:
    c.put(0, "ann", STORED, key=("k", KEEP), most_keys=2)
    c.put(0, "ben", STORED, key=("k", KEEP), most_keys=2)
    c.put(0, "cat", FULL, key=("k", KEEP), most_keys=2)
    c.find(1, "cat", None)
    c.put(1, "ann", REPEATED, key=("k", KEEP), most_keys=2)
    c.put(1, "cat", STORED, most_keys=2)
    c.put(2, "dan", STORED, key=("k", KEEP), most_keys=2, site="other")


@theme.case("idempotency: full leaves no key, session or floor", "law 9", "field 23")
def _(c: Case) -> None:
    c.put(0, "ann", STORED, key=("k", KEEP), most_keys=1)
    c.put(1, "ben", FULL, key=("k", KEEP), floor=(-2000, KEEP), most_keys=1)
    c.find(2, "ben", None)
    c.put(3, "ben", STORED, key=("k", KEEP), most_keys=2)


@theme.case("idempotency: room at the end of a keep", "law 9", "field 25")
def _(c: Case) -> None:
    c.put(0, "ann", STORED, key=("k", 100_000), most_keys=1)
    c.put(99_999, "ben", FULL, key=("k", KEEP), most_keys=1)
    c.put(100_000, "ben", STORED, key=("k", KEEP), most_keys=1)
    c.put(100_001, "cat", FULL, key=("k", KEEP), most_keys=1)


@theme.case("idempotency: a withdrawal needs no room", "law 7", "law 9")
def _(c: Case) -> None:
    c.put(0, "ann", STORED, key=("k", KEEP), most_keys=1)
    c.put(0, "ben", STORED, most_keys=1)
    c.find(0, "ben", session("analytics", "marketing"), "b1")
    less = session("analytics", changed=1, narrowed=True)
    c.put(1, "ben", STORED, less, expected="b1", narrowing=True, key=("k", KEEP), most_keys=1)
    c.find(2, "ben", less, "b2")
    # Its key found no room, so the same once more is no copy.
    c.put(3, "ben", CONFLICT, less, expected="b1", key=("k", KEEP), most_keys=1)


@theme.case("idempotency: a key that is known has its place", "law 7", "law 9")
def _(c: Case) -> None:
    c.put(0, "ann", STORED, key=("k", KEEP), most_keys=1)
    c.find(0, "ann", session("analytics", "marketing"), "a1")
    less = session("analytics", changed=1, narrowed=True)
    c.put(1, "ann", STORED, less, expected="a1", narrowing=True, key=("k", KEEP), most_keys=1)
    c.put(KEEP, "ann", REPEATED, less, key=("k", KEEP), most_keys=1)


@theme.case("floors: one too many is no refusal", "law 7", "law 9")
def _(c: Case) -> None:
    for number in range(5):
        c.put(number, f"p{number}", STORED, None, floor=(-5, KEEP), most_floors=2)


@theme.case("floors: those of another site never make way", "law 8", "law 9")
def _(c: Case) -> None:
    c.put(0, "ann", STORED, None, floor=(-5, 100_000), most_floors=2, site="other")
    for number in range(5):
        c.put(number, f"p{number}", STORED, None, floor=(-5, KEEP), most_floors=2)
    c.find(5, "ann", None, floor=-5, site="other")


@theme.case("floors: one that is there needs no room", "law 9")
def _(c: Case) -> None:
    c.put(0, "ann", STORED, None, floor=(-9, KEEP), most_floors=2)
    c.put(0, "ben", STORED, None, floor=(-9, KEEP), most_floors=2)
    c.put(1, "ann", STORED, None, floor=(-5, KEEP), most_floors=2)
    c.find(2, "ann", None, floor=-5)
    c.find(2, "ben", None, floor=-9)


@theme.case("floors: what is over makes way first", "law 7", "law 9")
def _(c: Case) -> None:
    c.put(0, "ann", STORED, None, floor=(-9, 100_000), most_floors=2)
    c.put(0, "ben", STORED, None, floor=(-9, KEEP), most_floors=2)
    c.put(100_000, "cat", STORED, None, floor=(-9, KEEP), most_floors=2)
    c.find(100_001, "ben", None, floor=-9)
    c.find(100_001, "cat", None, floor=-9)


@theme.case("floors: refusals take no room from grants", "law 7", "law 9")
def _(c: Case) -> None:
    for number in range(3):
        c.put(number, f"p{number}", STORED, None, floor=(-5, KEEP), most=1, most_floors=2)
    c.put(3, "ann", STORED, key=("k", KEEP), most=1, most_floors=2, most_keys=1, site="other")


@theme.case("tombstones: without room nothing of a session is deleted", "law 9", "field 44")
def _(c: Case) -> None:
    c.put(0, "cat", STORED)
    c.delete(1, "ann", (1, 100_000), most=2)
    c.delete(1, "ben", (1, KEEP), most=2)
    c.delete(2, "cat", (2, KEEP), most=2, full=True)
    c.find(3, "cat", session("analytics", "marketing"), "c1")
    c.delete(4, "ann", (4, 100_000), most=2)
    c.delete(4, "dan", (4, KEEP), most=2, site="other")
    c.delete(100_003, "cat", (2, KEEP), most=2, full=True)
    c.delete(100_004, "cat", (2, KEEP), most=2)
    c.find(100_005, "cat", None, floor=2)
    c.find(100_005, "ben", None, floor=1)


@theme.case("tombstones: without room no call is erased", "law 9", "field 44")
def _(c: Case) -> None:
    c.record(0, "cat", "one", QUEUED)
    c.erase(1, "ann", (-5000, 100_000), most=2)
    c.erase(1, "ben", (-5000, KEEP), most=2)
    c.erase(2, "cat", (-5000, KEEP), most=2, full=True)
    c.call(3, "one", "cat")
    c.erase(4, "ann", (-5000, 100_000), most=2)
    c.erase(4, "cat", (-5000, KEEP), most=2, site="other")
    c.erase(100_003, "cat", (-5000, KEEP), most=2, full=True)
    c.erase(100_004, "cat", (-5000, KEEP), most=2)
    c.call(100_005, "one", None)


@theme.case("bytes: as many as fit, then none", "law 9")
def _(c: Case) -> None:
    c.record(0, "ann", "one", QUEUED, body=b"x" * 20, most_bytes=30)
    c.record(1, "ann", "two", FULL, body=b"x" * 11, most_bytes=30)
    c.call(2, "two", None)
    c.record(2, "ben", "three", QUEUED, body=b"x" * 10, most_bytes=30)
    c.record(3, "ben", "four", FULL, body=b"x", most_bytes=30)
    c.record(3, "ben", "five", QUEUED, body=b"", most_bytes=30)
    c.record(4, "ann", "six", QUEUED, body=b"x" * 30, most_bytes=30, site="other")


@theme.case("bytes: a row that is there is answered, room or not", "law 3", "law 9")
def _(c: Case) -> None:
    c.record(0, "ann", "one", QUEUED, sig="x", body=b"x" * 30, most_bytes=30)
    c.record(1, "ann", "two", c.exists("one", "enqueued"), sig="x", body=b"x" * 9, most_bytes=30)


@theme.case("bytes: room at the end of a keep, and after an erasure", "law 9", "field 25")
def _(c: Case) -> None:
    c.record(0, "ann", "one", QUEUED, body=b"x" * 30, keep=100_000, most_bytes=30)
    c.record(99_999, "ben", "two", FULL, body=b"x", most_bytes=30)
    c.record(100_000, "ben", "three", QUEUED, body=b"x" * 30, most_bytes=30)
    c.record(100_001, "cat", "four", FULL, body=b"x", most_bytes=30)
    c.erase(100_002, "ben", (100_002, KEEP))
    c.record(100_003, "cat", "five", QUEUED, body=b"x" * 30, most_bytes=30)


@theme.case("bytes: full leaves no name behind", "law 3", "law 9")
def _(c: Case) -> None:
    c.record(0, "ann", "one", QUEUED, body=b"x" * 30, most_bytes=30)
    c.record(1, "ben", "two", FULL, sig="x", event="evt", body=b"x", most_bytes=30)
    c.record(2, "ben", "three", QUEUED, sig="x", event="evt", body=b"x", most_bytes=31)
