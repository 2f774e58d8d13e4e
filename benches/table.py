"""Prints what the last run of the benches came to, as ratios: `python3 benches/table.py`.

The same goes to `benches/target/ratios.json`, for programs.
"""

from __future__ import annotations

import json
from pathlib import Path
from statistics import median
from typing import NamedTuple

TARGET = Path(__file__).parent / "target"


class Row(NamedTuple):
    """What is measured, as a quotient, and the bound where there is one."""

    what: str
    above: str
    below: str
    word: str
    bound: float


ROWS = [
    Row("accept, 5,000 sessions / bare HMAC", "accept/consentgate", "accept/hmac", "at most", 3.5),
    Row("plain composition / accept", "accept/plain", "accept/consentgate", "at least", 4),
    Row("tuned composition / accept", "accept/tuned", "accept/consentgate", "at least", 1.7),
    Row(
        "a million live keys / 5,000 sessions",
        "keys/consentgate-1000000",
        "keys/consentgate-5000",
        "at most",
        2.5,
    ),
    Row("bad signature / bare HMAC", "stages/bad-signature", "stages/hmac", "at most", 1.3),
    Row(
        "unknown site / bad signature",
        "stages/unknown-site",
        "stages/bad-signature",
        "at most",
        1.05,
    ),
    Row("duplicate / accept", "stages/duplicate", "stages/accepted", "at most", 1),
    Row(
        "`verify`: crate `standardwebhooks` / ours",
        "verify/standardwebhooks",
        "verify/consentgate",
        "at least",
        2,
    ),
    Row(
        "`verify`: crate `webhook-verify` / ours",
        "verify/webhook-verify",
        "verify/consentgate",
        "at least",
        2,
    ),
    Row("`verify`: by hand / ours", "verify/by-hand", "verify/consentgate", "at least", 2),
]

# At least so many times as fast as the plain and the tuned composition, with a million keys as
# well, and as `standardwebhooks`; at most so many µs of its own where a decision asks stores.
PEERS = {"Python": (12, 6, 25, 8, 6, 5), "Node": (7, 4, 8, 5, 8, 8)}


# Entries that one write of the memory store drops at the most.
CHUNK = 32


def peer_rows(language: str) -> list[Row]:
    """The rows of a language, but for its driver's."""
    plain, tuned, million_plain, million_tuned, verify, _ = PEERS[language]

    def row(what: str, theme: str, peer: str, bound: float) -> Row:
        figures = (f"{theme}/{peer}", f"{theme}/consentgate")
        return Row(f"{language}, {what} / ours", *figures, "at least", bound)

    return [
        row("plain composition", "accept", "plain", plain),
        row("tuned composition", "accept", "tuned", tuned),
        row("a million keys: plain composition", "accept-million", "plain", million_plain),
        row("a million keys: tuned composition", "accept-million", "tuned", million_tuned),
        row("`verify`: `standardwebhooks`", "verify", "standardwebhooks", verify),
        row("`verify`: by hand", "verify", "by-hand", 2),
    ]


class Table:
    """Lines for people and for programs."""

    def __init__(self) -> None:
        self.lines: list[dict[str, object]] = []

    def add(self, what: str, measured: float, word: str, bound: float | None, unit: str) -> None:
        """One line; without a bound it is told for itself."""
        holds = bound is None or (measured <= bound if word == "at most" else measured >= bound)
        asked = "" if bound is None else f"{word} {bound}{unit}"
        verdict = "" if bound is None else "pass" if holds else "short"
        print(f"| {what} | {measured:.2f}{unit} | {asked} | {verdict} |")
        line = {"what": what, "measured": measured, "unit": unit.strip() or "ratio"}
        self.lines.append(line | {"asked": asked, "verdict": verdict})


def figures(*place: str) -> dict[str, list[float]]:
    """What a bench wrote down itself, by contestant and round; nothing where it was not run."""
    path = TARGET.joinpath(*place).with_suffix(".json")
    return json.loads(path.read_text()) if path.exists() else {}


def by_turns(name: str) -> list[float]:
    """What each round of a bench by turns came to, in nanoseconds; none where it was not run."""
    return figures("figures", name.split("/")[0]).get(name, [])


def took(name: str) -> float | None:
    """The median of a bench of Rust, in nanoseconds; none where it was not run."""
    if each := by_turns(name):
        return median(each)
    path = TARGET / "criterion" / name / "new" / "estimates.json"
    return json.loads(path.read_text())["median"]["point_estimate"] if path.exists() else None


def quotient(above: str, below: str) -> float | None:
    """One by the other: by turns the median of what the rounds came to, each for itself."""
    if pairs := list(zip(by_turns(above), by_turns(below), strict=True)):
        return median(a / b for a, b in pairs)
    dividend, divisor = took(above), took(below)
    return dividend / divisor if dividend and divisor else None


def rust(table: Table) -> None:
    """The rows of Rust."""
    for what, above, below, word, bound in ROWS:
        if measured := quotient(above, below):
            table.add(what, measured, word, bound, "")
    asked = ((name, count) for name in ("hmac", "consentgate") for count in (1, 2))
    times = [took(f"threads/{name}-{count}") for name, count in asked]
    if all(times):
        # Both threads do the same number each: twice the work in the same time is a scaling of 2.
        hmac, ours = 2 * times[0] / times[1], 2 * times[2] / times[3]
        table.add(
            "two threads: scaling / scaling of the bare HMAC", ours / hmac, "at least", 0.9, ""
        )


def bounds(table: Table) -> None:
    """What bounds the accept path, and `verify`."""
    for what, above, below in [
        ("the least: verified / bare HMAC", "accept/verified", "accept/hmac"),
        ("the least: and named / bare HMAC", "accept/named", "accept/hmac"),
        ("the least: and read / bare HMAC", "accept/read", "accept/hmac"),
        ("the least: and kept / bare HMAC", "accept/kept", "accept/hmac"),
        ("accept / the least", "accept/consentgate", "accept/kept"),
        ("plain composition / the least", "accept/plain", "accept/kept"),
        ("tuned composition / the least", "accept/tuned", "accept/kept"),
        ("`verify`: by hand / nine blocks of SHA-256", "verify/by-hand", "verify/blocks"),
        ("`verify`: `webhook-verify` / nine blocks", "verify/webhook-verify", "verify/blocks"),
    ]:
        if measured := quotient(above, below):
            table.add(what, measured, "", None, "")


def memory(table: Table) -> None:
    """What entries take, and what a call does while they end."""
    growth, longest = figures("figures", "growth"), figures("figures", "longest")
    for what, bound in [("claim", 64), ("bucket", 48)]:
        for count, word in [(1_000_000, "1 M"), (10_000_000, "10 M")]:
            for bytes_each in growth.get(f"growth/{what}s-{count}", []):
                title = f"memory of a {what}: growth of the process at {word}"
                table.add(title, bytes_each, "at most", bound, " bytes")
    if not longest:
        return
    # Two claims, each written by Admit and by Settle.
    title = "claims dropped by one call while 1 M expire"
    table.add(title, longest["longest/dropped"][0], "at most", 4 * CHUNK, "")
    for name, when in [("expiring", "while 1 M claims expire"), ("quiet", "while none does")]:
        took = longest[f"longest/{name}"][-1] / 1000
        table.add(f"the longest call {when}", took, "", None, " µs")


def redis(table: Table) -> None:
    """The rows of Redis: medians of what the rounds came to, each round for itself."""
    rounds = figures("figures", "redis")
    if not rounds:
        return
    for what in ("Admit", "Settle"):
        trips = max(rounds[f"redis-many/{what.lower()}-trips"])
        table.add(f"Redis: round trips of {what}", trips, "at most", 1, "")

    def ratio(how: str, what: str, of: str) -> float:
        pairs = zip(rounds[f"{how}/set-{of}"], rounds[f"{how}/{what}-{of}"], strict=True)
        return median(a / b for a, b in pairs)

    for how, name in [("256 calls in flight", "redis-many"), ("one by one", "redis-one")]:
        for what in ("Admit", "Settle"):
            title = f"Redis, {how}: throughput of {what} / `SET NX PX`"
            bound = 0.6 if (name, what) == ("redis-many", "Admit") else None
            table.add(title, ratio(name, what.lower(), "wall"), "at least", bound, "")
    for what, name in [
        ("a script that does nothing", "empty"),
        ("a script of that one `SET`", "single"),
        ("Admit", "admit"),
        ("Settle", "settle"),
    ]:
        title = f"Redis, time of the server's processor: `SET NX PX` / {what}"
        table.add(title, ratio("redis-many", name, "server"), "", None, "")


def peers(table: Table, language: str) -> None:
    """The rows of another language: medians of what the rounds came to, each round for itself."""
    rounds = figures("peers", language.lower())
    if not rounds:
        return

    def of(left: str, right: str) -> zip[tuple[float, float]]:
        return zip(rounds[left], rounds[right], strict=True)

    for what, above, below, word, bound in peer_rows(language):
        if below in rounds:
            table.add(what, median(a / b for a, b in of(above, below)), word, bound, "")
    own = median(a - b for a, b in of("driver/consentgate", "driver/stores")) / 1000
    what = f"{language}, a decision with stores that answer at once, less their own time"
    table.add(what, own, "at most", PEERS[language][-1], " µs")
    for what, name in [("the crossing alone", "crossing"), ("`require`", "require")]:
        took = median(rounds[f"{name}/consentgate"]) / 1000
        table.add(f"{language}, {what}", took, "", None, " µs")


def main() -> None:
    """Prints the table."""
    table = Table()
    print("| what | measured | asked | |\n|---|---|---|---|")
    rust(table)
    bounds(table)
    memory(table)
    redis(table)
    for language in PEERS:
        peers(table, language)
    (TARGET / "ratios.json").write_text(json.dumps(table.lines, indent=1) + "\n")


if __name__ == "__main__":
    main()
