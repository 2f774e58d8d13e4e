"""Prints what the last run of the benches came to, as ratios: `python3 benches/table.py`."""

from __future__ import annotations

import json
from pathlib import Path

MEASURED = Path(__file__).parent / "target" / "criterion"

# What is measured, the two that are divided, and the bound: at most or at least.
ROWS = [
    ("accept, 5,000 sessions / bare HMAC", "accept/consentgate", "accept/hmac", "at most", 3.5),
    ("plain composition / accept", "accept/plain", "accept/consentgate", "at least", 4),
    ("tuned composition / accept", "accept/tuned", "accept/consentgate", "at least", 1.7),
    (
        "a million live keys / 5,000 sessions",
        "accept-million/consentgate",
        "accept/consentgate",
        "at most",
        2.5,
    ),
    ("bad signature / bare HMAC", "refuse/bad-signature", "refuse/hmac", "at most", 1.3),
    (
        "unknown site / bad signature",
        "refuse/unknown-site",
        "refuse/bad-signature",
        "at most",
        1.05,
    ),
    ("duplicate / accept", "refuse/duplicate", "accept/consentgate", "at most", 1),
    (
        "verify: crate `standardwebhooks` / ours",
        "verify/standardwebhooks",
        "verify/consentgate",
        "at least",
        2,
    ),
    ("verify: by hand / ours", "verify/by-hand", "verify/consentgate", "at least", 2),
]


def nanoseconds(name: str) -> float | None:
    """The median of a bench; none where it was not run."""
    path = MEASURED / name / "new" / "estimates.json"
    return json.loads(path.read_text())["median"]["point_estimate"] if path.exists() else None


def print_row(what: str, ratio: float, word: str, bound: float) -> None:
    """One line of the table."""
    holds = ratio <= bound if word == "at most" else ratio >= bound
    print(f"| {what} | {ratio:.2f} | {word} {bound} | {'pass' if holds else 'short'} |")


def main() -> None:
    """Prints the table."""
    print("| what | measured | asked | |\n|---|---|---|---|")
    for what, above, below, word, bound in ROWS:
        dividend, divisor = nanoseconds(above), nanoseconds(below)
        if dividend and divisor:
            print_row(what, dividend / divisor, word, bound)
    times = [
        nanoseconds(f"threads/{name}-{count}")
        for name in ("hmac", "consentgate")
        for count in (1, 2)
    ]
    if all(times):
        # Both threads do the same number each: twice the work in the same time is a scaling of 2.
        hmac, ours = 2 * times[0] / times[1], 2 * times[2] / times[3]
        print_row("two threads: scaling / scaling of the bare HMAC", ours / hmac, "at least", 0.9)


if __name__ == "__main__":
    main()
