"""claims.json"""

from .script import (
    ADMITTED,
    LEASE,
    LOST,
    REFUSED,
    SETTLED,
    TAKEOVER,
    Case,
    Theme,
    held,
)

theme = Theme("claims", "Absent -> Held -> Done: all claims of an event in one step, and owners.")


@theme.case("a second owner is held", "law 3", "field 23")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED)
    c.admit(0, "B", ["s1"], held(LEASE))
    c.admit(1, "B", ["s1"], held(LEASE - 1))


@theme.case("the same owner is held as well", "law 3")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED)
    c.admit(5, "A", ["s1"], held(LEASE - 5))


@theme.case("all claims of an event are taken", "law 3", "field 18")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1", "s2", "e1"], ADMITTED)
    for label in ("s1", "s2", "e1"):
        c.admit(1, "B", [label], held(LEASE - 1))


@theme.case("one of them held: none is taken", "law 3", "field 23")
def _(c: Case) -> None:
    c.admit(0, "A", ["s2"], ADMITTED)
    c.admit(10, "B", ["s1", "s2", "e1"], held(LEASE - 10))
    c.admit(20, "C", ["s1"], ADMITTED)
    c.admit(20, "D", ["e1"], ADMITTED)


@theme.case("a signature and an event id of the same digits are two", "law 3", "field 17")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED)
    c.admit(0, "B", ["e1"], ADMITTED)
    c.commit(1, "A", ["s1"], SETTLED)
    c.admit(2, "C", ["e1"], held(LEASE - 2))


@theme.case("committed as accepted: done, with the call", "law 3", "law 4")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1", "e1"], ADMITTED)
    c.commit(5, "A", ["s1", "e1"], SETTLED, call="one")
    c.admit(6, "B", ["s1"], c.done("one"))
    c.admit(6, "B", ["e1"], c.done("one"))
    c.admit(LEASE + 6, "B", ["s1", "e1"], c.done("one"))


@theme.case("committed as refused: done, and stays so", "law 4", "law 6")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED)
    c.commit(5, "A", ["s1"], SETTLED, call=None)
    c.admit(6, "B", ["s1"], REFUSED)
    c.admit(LEASE + 6, "B", ["s1"], REFUSED)


@theme.case("done wins over held", "law 3", "field 23")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED)
    c.commit(1, "A", ["s1"], SETTLED, call="one")
    c.admit(2, "B", ["e1"], ADMITTED)
    c.admit(3, "C", ["e1", "s1"], c.done("one"))
    c.admit(3, "C", ["s1", "e1"], c.done("one"))


@theme.case("what is held beside what is done stays as it is", "law 3", "field 22")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED)
    c.commit(1, "A", ["s1"], SETTLED, call="one")
    c.admit(2, "B", ["e1"], ADMITTED)
    c.admit(3, "C", ["s1", "e1"], c.done("one"))
    c.admit(4, "D", ["e1"], held(LEASE - 2))
    c.commit(5, "B", ["e1"], SETTLED, call="two")
    c.admit(6, "D", ["e1"], c.done("two"))


for first, second in (("s1", "s2"), ("s2", "s1")):

    @theme.case(f"accepted wins over refused, {first} before {second}", "law 3", "law 4")
    def _(c: Case, order: tuple[str, str] = (first, second)) -> None:
        c.admit(0, "A", ["s1"], ADMITTED)
        c.admit(0, "B", ["s2"], ADMITTED)
        c.commit(1, "A", ["s1"], SETTLED, call=None)
        c.commit(1, "B", ["s2"], SETTLED, call="two")
        c.admit(2, "C", list(order), c.done("two"))


@theme.case("done wins over a lapsed lease, and nothing is taken over", "law 3", "field 21")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED)
    c.admit(0, "B", ["e1"], ADMITTED)
    c.commit(1, "A", ["s1"], SETTLED, call="one")
    c.admit(LEASE, "C", ["s1", "e1"], c.done("one"))
    c.commit(LEASE + 1, "C", ["e1"], LOST)
    c.admit(LEASE + 2, "D", ["e1"], TAKEOVER)


@theme.case("done adds no claim that was absent", "law 9")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED)
    c.commit(1, "A", ["s1"], SETTLED, call="one")
    c.admit(2, "B", ["s1", "s2"], c.done("one"))
    c.admit(3, "C", ["s2"], ADMITTED)


@theme.case("held for the longest rest of several", "law 4", "field 32")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED)
    c.admit(700, "B", ["s2"], ADMITTED)
    c.admit(900, "C", ["s3"], ADMITTED, lease=10_000)
    c.admit(1000, "D", ["s1", "s2", "s3"], held(LEASE - 300))
    c.admit(1000, "D", ["s3", "s1"], held(LEASE - 1000))


@theme.case("released: free at once, and no takeover", "law 4", "field 20")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1", "e1"], ADMITTED)
    c.release(1, "A", ["s1", "e1"], SETTLED)
    c.admit(1, "B", ["s1"], ADMITTED)
    c.admit(1, "C", ["e1"], ADMITTED)


@theme.case("nobody else commits", "law 3", "field 22")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED)
    c.commit(1, "B", ["s1"], LOST)
    c.admit(2, "C", ["s1"], held(LEASE - 2))
    c.commit(3, "A", ["s1"], SETTLED, call="one")
    c.admit(4, "C", ["s1"], c.done("one"))


@theme.case("nobody else releases", "law 3", "field 22")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED)
    c.release(1, "B", ["s1"], LOST)
    c.admit(2, "C", ["s1"], held(LEASE - 2))


@theme.case("what was released is another's: a late commit is lost", "law 3", "field 22")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED)
    c.release(1, "A", ["s1"], SETTLED)
    c.admit(2, "B", ["s1"], ADMITTED)
    c.commit(3, "A", ["s1"], LOST)
    c.release(3, "A", ["s1"], LOST)
    c.admit(4, "C", ["s1"], held(LEASE - 2))
    c.commit(5, "B", ["s1"], SETTLED, call="two")
    c.admit(6, "C", ["s1"], c.done("two"))


@theme.case("what is done is not released", "law 3", "field 22")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED)
    c.commit(1, "A", ["s1"], SETTLED, call="one")
    c.release(2, "A", ["s1"], LOST)
    c.admit(3, "B", ["s1"], c.done("one"))


@theme.case("what is done is not committed again", "law 3", "law 4")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED)
    c.commit(1, "A", ["s1"], SETTLED, call="one")
    c.commit(2, "A", ["s1"], LOST, call="two")
    c.commit(2, "A", ["s1"], LOST, call=None)
    c.admit(3, "B", ["s1"], c.done("one"))


@theme.case("what is refused is not committed as accepted", "law 3", "law 5")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED)
    c.commit(1, "A", ["s1"], SETTLED, call=None)
    c.commit(2, "A", ["s1"], LOST, call="two")
    c.admit(3, "B", ["s1"], REFUSED)


@theme.case("only the claims named are settled", "law 3")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1", "s2", "s3"], ADMITTED)
    c.commit(1, "A", ["s1"], SETTLED, call="one")
    c.release(1, "A", ["s2"], SETTLED)
    c.admit(2, "B", ["s1"], c.done("one"))
    c.admit(2, "B", ["s3"], held(LEASE - 2))
    c.admit(2, "B", ["s2"], ADMITTED)


@theme.case("settling what is unknown makes nothing", "law 4", "field 22")
def _(c: Case) -> None:
    c.commit(0, "A", ["s1"], LOST)
    c.release(0, "A", ["s1"], LOST)
    c.admit(1, "B", ["s1"], ADMITTED)


@theme.case("a claim that is not the owner's does not keep others from being settled", "field 22")
def _(c: Case) -> None:
    c.admit(0, "A", ["s1"], ADMITTED)
    c.admit(0, "B", ["s2"], ADMITTED)
    c.commit(1, "A", ["s2", "s1", "s3"], SETTLED, call="one")
    c.admit(2, "C", ["s1"], c.done("one"))
    c.admit(2, "C", ["s2"], held(LEASE - 2))
    c.admit(2, "C", ["s3"], ADMITTED)


@theme.case("many claims at once", "law 3", "field 18")
def _(c: Case) -> None:
    labels = [f"s{number}" for number in range(16)]
    c.admit(0, "A", labels, ADMITTED)
    c.admit(1, "B", ["e0", "s15"], held(LEASE - 1))
    c.commit(2, "A", labels, SETTLED, call="one")
    c.admit(3, "B", ["e0", "s15"], c.done("one"))
    c.admit(3, "B", labels, c.done("one"))
