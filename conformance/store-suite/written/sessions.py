"""sessions.json"""

import unicodedata

from .script import (
    CONFLICT,
    FULL_SESSION,
    KEEP,
    SESSION_KEEP,
    STORED,
    A,
    Case,
    M,
    Theme,
    session,
)

theme = Theme("sessions", "What is stored comes back as it was, under a version that is new.")

LAST = 253_402_300_799_999 - 1_700_000_000_000

for name, stored in {
    "all scopes": FULL_SESSION,
    "no scope at all": session(narrowed=True),
    "scopes with commas, quotes, braces, spaces and capitals": session(
        "a,b", 'a"b', "a'b", "{a,b}", "a b", "a\\b", "Analytics", "analytics", "NULL", "null", " "),
    "scopes in other scripts": session("статистика", "分析", "é", "e\u0301", "🙂"),
    "a long scope": session("x" * 64),
    "the policy's version zero": session(A, policy_version=0),
    "the policy's largest version": session(A, policy_version=2**31 - 1),
    "Global Privacy Control": session(A, gpc=True),
    "narrowed": session(A, narrowed=True),
    "narrowed and Global Privacy Control": session(A, narrowed=True, gpc=True, policy_version=7),
    "changed later than granted": session(A, M, granted=-5000, changed=-3),
    "granted at the first instant": session(A, granted=-1_700_000_000_000),
    "granted at the last instant": session(A, granted=LAST),
}.items():

    @theme.case(f"comes back as it was: {name}", "law 5", "field 43")
    def _(c: Case, stored: dict = stored) -> None:
        c.put(0, "ann", STORED, stored)
        c.find(1, "ann", stored, "v1")


@theme.case("nobody is known at first", "law 5", "field 42")
def _(c: Case) -> None:
    c.find(0, "ann", None)


@theme.case("persons whose names are nearly the same", "law 5", "field 42")
def _(c: Case) -> None:
    accented = "é"
    names = ["ann", "Ann", "ANN", "ann ", " ann", "ann\t", "an", "annn", "a%n", "a_n", "%", "_",
             "ann'", 'ann"', "ann\\", "ann;--", "ann\n", "NULL", "null", "0", "00", "0.0", "{ann}",
             accented, unicodedata.normalize("NFD", accented), "e", "ß", "ss", "ﬁ", "fi", "🙂",
             "x" * 256, "x" * 255, "é" * 128, "\x01", "\u200b", "ann\u200b", "İ", "i", "ı"]
    for number, who in enumerate(names):
        c.put(0, who, STORED, session(A, granted=-number))
    for number, who in enumerate(names):
        c.find(1, who, session(A, granted=-number), f"v{number}")


@theme.case("a new version at each change", "law 5", "field 30")
def _(c: Case) -> None:
    stored = FULL_SESSION
    c.put(0, "ann", STORED, stored)
    c.find(0, "ann", stored, "v1")
    for number in range(1, 6):
        stored = session(A, M, granted=number)
        c.put(number, "ann", STORED, stored, expected=f"v{number}")
        c.find(number, "ann", stored, f"v{number + 1}")


@theme.case("a new version although nothing else changed", "law 5")
def _(c: Case) -> None:
    c.put(0, "ann", STORED)
    c.find(0, "ann", FULL_SESSION, "v1")
    c.put(0, "ann", STORED, expected="v1")
    c.find(0, "ann", FULL_SESSION, "v2")


@theme.case("finding changes nothing", "law 5")
def _(c: Case) -> None:
    c.put(0, "ann", STORED)
    for at in range(3):
        c.find(at, "ann", FULL_SESSION, "v1")


@theme.case("nothing expected, something there: conflict", "law 7", "field 23")
def _(c: Case) -> None:
    c.put(0, "ann", STORED, session(A))
    c.put(1, "ann", CONFLICT, session(A, M, granted=1))
    c.find(2, "ann", session(A), "v1")


@theme.case("something expected, nothing there: conflict", "law 7", "field 23")
def _(c: Case) -> None:
    c.put(0, "ben", STORED, session(A))
    c.find(0, "ben", session(A), "v1")
    c.put(1, "ann", CONFLICT, expected="v1")
    c.find(2, "ann", None)


@theme.case("an older version expected: conflict, and nothing changed", "law 7", "field 23")
def _(c: Case) -> None:
    c.put(0, "ann", STORED, session(A))
    c.find(0, "ann", session(A), "v1")
    c.put(1, "ann", STORED, session(A, narrowed=True), expected="v1")
    c.put(2, "ann", CONFLICT, session(A, M, granted=2), expected="v1", floor=(1, KEEP),
          key=("k", KEEP))
    c.find(3, "ann", session(A, narrowed=True), "v2")
    c.put(4, "ann", STORED, session(A, M, granted=4), expected="v2", key=("k", KEEP))
    c.find(5, "ann", session(A, M, granted=4), "v3")


@theme.case("every member is replaced", "law 5", "law 7")
def _(c: Case) -> None:
    first = session(A, M, granted=-10, changed=-5, policy_version=3, gpc=True, narrowed=True)
    c.put(0, "ann", STORED, first)
    c.find(0, "ann", first, "v1")
    second = session(granted=-20, changed=7)
    c.put(1, "ann", STORED, second, expected="v1")
    c.find(2, "ann", second, "v2")


@theme.case("kept until its time, half-open", "law 5", "field 25", "field 43")
def _(c: Case) -> None:
    for who in ("ann", "ben"):
        c.put(5, who, STORED, keep=100_000)
    c.find(100_004, "ann", FULL_SESSION, "v1")
    c.find(100_005, "ann", None)
    c.find(100_005, "ben", None)


@theme.case("kept as long as a configuration can say", "law 10", "field 25")
def _(c: Case) -> None:
    keep = 34_000_000_000
    c.put(0, "ann", STORED, keep=keep)
    c.find(keep - 1, "ann", FULL_SESSION, "v1")
    c.find(keep, "ann", None)


@theme.case("each change's own keep", "field 25")
def _(c: Case) -> None:
    for who, keep in (("ann", 50_000), ("ben", 300_000)):
        c.put(0, who, STORED, keep=100_000)
        c.find(0, who, FULL_SESSION, who + "1")
        c.put(10, who, STORED, expected=who + "1", keep=keep)
        c.find(keep + 9, who, FULL_SESSION, who + "2")
        c.find(keep + 10, who, None)


@theme.case("finding does not prolong", "field 25")
def _(c: Case) -> None:
    c.put(0, "ann", STORED, keep=100_000)
    c.find(99_999, "ann", FULL_SESSION, "v1")
    c.find(100_000, "ann", None)


@theme.case("what is over is not there: its version conflicts, none does not", "law 5", "field 25")
def _(c: Case) -> None:
    c.put(0, "ann", STORED, keep=100_000)
    c.find(0, "ann", FULL_SESSION, "v1")
    c.put(100_000, "ann", CONFLICT, expected="v1")
    c.put(100_000, "ann", STORED, session(A, granted=100_000))
    c.find(100_001, "ann", session(A, granted=100_000), "v2")


@theme.case("a version does not come again after a delete", "law 5", "field 22")
def _(c: Case) -> None:
    c.put(0, "ann", STORED)
    c.find(0, "ann", FULL_SESSION, "v1")
    for turn in range(1, 4):
        c.delete(10 * turn, "ann", (10 * turn, 100_000))
        again = session(A, M, granted=10 * turn + 1)
        c.put(10 * turn + 1, "ann", CONFLICT, again, expected=f"v{turn}")
        c.put(10 * turn + 1, "ann", STORED, again)
        c.find(10 * turn + 2, "ann", again, f"v{turn + 1}", floor=10 * turn)


@theme.case("a version does not come again after all is over and dropped", "law 5", "field 22")
def _(c: Case) -> None:
    c.put(0, "ann", STORED, keep=100_000)
    c.find(0, "ann", FULL_SESSION, "v1")
    c.delete(1, "ann", (1, 100_000))
    c.purge(200_000, "sessions", 1_000_000)
    c.find(200_000, "ann", None)
    for turn in (1, 2):
        at = 200_000 * turn
        c.put(at, "ann", STORED, session(A, granted=at), keep=100_000)
        c.find(at, "ann", session(A, granted=at), f"v{turn + 1}")
        c.purge(at + 100_000, "sessions", 1_000_000)


@theme.case("a step back forgets nothing", "law 7", "law 10")
def _(c: Case) -> None:
    c.put(0, "ann", STORED, keep=SESSION_KEEP)
    c.find(-KEEP, "ann", FULL_SESSION, "v1")
    c.put(-KEEP, "ann", CONFLICT)
    c.put(-KEEP, "ann", STORED, session(A), expected="v1", keep=SESSION_KEEP)
    c.find(0, "ann", session(A), "v2")


@theme.case("deleting the unknown is done", "law 7")
def _(c: Case) -> None:
    c.delete(0, "ann", (0, KEEP))
    c.delete(0, "ann", (0, KEEP))
    c.find(1, "ann", None, floor=0)


@theme.case("deleting takes one person away", "law 7")
def _(c: Case) -> None:
    for who in ("ann", "Ann", "ann2", "%", "a_n"):
        c.put(0, who, STORED)
    c.delete(1, "%", (1, KEEP))
    c.delete(1, "a_n", (1, KEEP))
    c.find(2, "%", None, floor=1)
    c.find(2, "a_n", None, floor=1)
    for who in ("ann", "Ann", "ann2"):
        c.find(2, who, FULL_SESSION, who)
    c.delete(3, "ann", (3, KEEP))
    c.find(4, "ann", None, floor=3)
    c.find(4, "Ann", FULL_SESSION, "Ann")
    c.find(4, "ann2", FULL_SESSION, "ann2")
