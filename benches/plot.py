"""Draws what the last run of the benches came to: `python3 benches/plot.py`.

Plain SVG into `docs/performance/`, without a library. What was not measured is not drawn, and the
drawing of before stays.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil, floor, log10
from pathlib import Path
from statistics import median
from typing import NamedTuple

from table import figures, took

DOCS = Path(__file__).parents[1] / "docs" / "performance"
WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 64, 620, 44, 310
# Legible on white and on black alike.
COLOURS = {"consentgate": "#3b82f6", "tuned": "#d97706", "plain": "#dc2626", "hmac": "#6b7280"}
ONE, TWO = "#8b5cf6", "#0d9488"
STYLE = (
    "text{font:12px sans-serif;fill:#24292f}.grid{stroke:#8b949e;stroke-opacity:.3}"
    ".title{font-size:14px;font-weight:600}"
    "@media(prefers-color-scheme:dark){text{fill:#c9d1d9}}"
)


class Line(NamedTuple):
    """A row of points and what it is called."""

    name: str
    colour: str
    points: list[tuple[float, float]]


class Bar(NamedTuple):
    """A value, what it is called, and the group it stands in."""

    name: str
    colour: str
    value: float


class Axis:
    """Values along a length: as they are from zero on, or by their logarithms."""

    def __init__(self, values: Iterable[float], begin: float, end: float, *, log: bool) -> None:
        low, high = min(values := list(values)), max(values)
        self._log, self._begin, self._end = log, begin, end
        if log:
            self._low, self._high = floor(log10(low) + 1e-9), ceil(log10(high) - 1e-9)
            self._high = max(self._high, self._low + 1)
            self.ticks = [10.0**n for n in range(self._low, self._high + 1)]
        else:
            step = nice(high / 4)
            self.ticks = [step * n for n in range(ceil(high / step - 1e-9) + 1)]
            self._low, self._high = 0, self.ticks[-1]

    def at(self, value: float) -> float:
        """Where a value lies."""
        place = log10(value) if self._log else value
        share = (place - self._low) / (self._high - self._low)
        return self._begin + share * (self._end - self._begin)


def nice(step: float) -> float:
    """The next number that people count in: 1, 2 or 5 with zeros."""
    power = 10.0 ** floor(log10(step))
    return next(n * power for n in (1, 2, 5, 10) if n * power >= step * (1 - 1e-9))


def number(value: float) -> str:
    """A number as short as it can be told: 20, 0.5, 2500, 10⁶."""
    power = round(log10(value)) if value > 0 else 0
    if abs(power) > 2 and abs(value / 10.0**power - 1) < 1e-9:
        digits = str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
        return f"10{digits}"
    return f"{value:g}"


def three(value: float) -> str:
    """A measured value, no more exact than it is: three digits at the most."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}" if value >= 0.1 else f"{value:.2g}"


def text(x: float, y: float, words: str, anchor: str = "middle", more: str = "") -> str:
    """Words at a place."""
    escaped = words.replace("&", "&amp;").replace("<", "&lt;")
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{more}>{escaped}</text>'


def rule(x1: float, y1: float, x2: float, y2: float) -> str:
    """A line of the grid."""
    return f'<line class="grid" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def legend(entries: Iterable[tuple[str, str]]) -> list[str]:
    """Names beside their colours, under the title, from the left."""
    parts, x = [], float(LEFT)
    for name, colour in entries:
        parts.append(f'<rect x="{x:.1f}" y="27" width="10" height="10" fill="{colour}"/>')
        parts.append(text(x + 14, 36, name, "start"))
        x += 34 + 6.6 * len(name)
    return parts


def drawing(title: str, parts: Iterable[str]) -> str:
    """The whole of a drawing."""
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
    heading = text(LEFT, 18, title, "start", ' class="title"')
    style = f"<style>{STYLE}</style>"
    return "\n".join([head, style, heading, *parts, "</svg>\n"])


def upright(axis: Axis, label: str) -> list[str]:
    """The axis on the left, its grid, its unit."""
    parts = []
    for tick in axis.ticks:
        y = axis.at(tick)
        parts += [rule(LEFT, y, RIGHT, y), text(LEFT - 6, y + 4, number(tick), "end")]
    middle = (TOP + BOTTOM) / 2
    parts.append(text(14, middle, label, more=f' transform="rotate(-90 14 {middle:.0f})"'))
    return parts


def lines(title: str, across: str, up: str, rows: list[Line]) -> str:
    """Lines over two axes of logarithms."""
    xs = Axis((x for row in rows for x, _ in row.points), LEFT, RIGHT, log=True)
    ys = Axis((y for row in rows for _, y in row.points), BOTTOM, TOP, log=True)
    parts = upright(ys, up)
    for tick in xs.ticks:
        parts += [rule(xs.at(tick), TOP, xs.at(tick), BOTTOM)]
        parts += [text(xs.at(tick), BOTTOM + 18, number(tick))]
    parts.append(text((LEFT + RIGHT) / 2, BOTTOM + 40, across))
    parts += legend((row.name, row.colour) for row in rows)
    for row in rows:
        path = " ".join(f"{xs.at(x):.1f},{ys.at(y):.1f}" for x, y in row.points)
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{row.colour}" stroke-width="2"/>'
        )
        parts += [
            f'<circle cx="{xs.at(x):.1f}" cy="{ys.at(y):.1f}" r="2.5" fill="{row.colour}"/>'
            for x, y in row.points
        ]
    return drawing(title, parts)


def bars(title: str, up: str, groups: dict[str, list[Bar]], *, log: bool = False) -> str:
    """Groups of bars, each with its value on top."""
    every = [bar for group in groups.values() for bar in group]
    ys = Axis((bar.value for bar in every), BOTTOM, TOP, log=log)
    parts, share = upright(ys, up), (RIGHT - LEFT) / len(groups)
    for place, (name, group) in enumerate(groups.items()):
        middle, width = LEFT + share * (place + 0.5), min(44, 0.8 * share / len(group))
        parts.append(text(middle, BOTTOM + 18, name))
        for number_in_group, bar in enumerate(group):
            x = middle + width * (number_in_group - len(group) / 2)
            y = ys.at(bar.value)
            shape = f'x="{x + 1:.1f}" y="{y:.1f}" width="{width - 2:.1f}" height="{BOTTOM - y:.1f}"'
            parts.append(f'<rect {shape} fill="{bar.colour}"/>')
            parts.append(text(x + width / 2, y - 4, three(bar.value)))
    known = {bar.name: bar.colour for bar in every}
    if len(known) > 1:
        parts += legend(known.items())
    return drawing(title, parts)


def stages() -> str | None:
    """The cost of a call that ends at each stage."""
    names = {
        "bad-signature": "verify",
        "duplicate": "replay",
        "limited": "rate",
        "no-session": "session",
        "no-consent": "consent",
        "accepted": "record, settle",
    }
    each = {name: took(f"stages/{stage}") for stage, name in names.items()}
    hmac = took("stages/hmac")
    if not hmac or not all(each.values()):
        return None
    groups = {"bare HMAC": [Bar("bare HMAC", COLOURS["hmac"], hmac / 1000)]}
    for name, ns in each.items():
        groups[name] = [Bar("a call that ends at this stage", COLOURS["consentgate"], ns / 1000)]
    return bars("Cost by stage (Rust, memory store)", "µs a call", groups)


def keys() -> str | None:
    """The accept path against the number of live keys."""
    rows = []
    for name in ("consentgate", "tuned", "plain"):
        medians = ((10.0**n, took(f"keys/{name}-{10**n}")) for n in range(3, 8))
        points = [(count, ns / 1000) for count, ns in medians if ns]
        if len(points) > 1:
            rows.append(Line(name, COLOURS[name], points))
    title = "Cost of an accepted event by number of live keys (Rust)"
    return lines(title, "live keys: sessions, buckets, events", "µs a call", rows) if rows else None


def threads() -> str | None:
    """What two threads reach of what one does."""
    groups = {}
    for name, what in [("hmac", "bare HMAC"), ("consentgate", "consentgate, one gate")]:
        one, two = (took(f"threads/{name}-{count}") for count in (1, 2))
        if not one or not two:
            return None
        # In the time of `two` each of two threads makes a call.
        groups[what] = [Bar("1 thread", ONE, 1e3 / one), Bar("2 threads", TWO, 2e3 / two)]
    title = "Throughput by threads (Rust, memory store)"
    return bars(title, "million calls a second", groups, log=True)


def languages() -> str | None:
    """The accept path in each language, beside what one would write without the gate."""
    groups = {}
    for language in ("Rust", "Python", "Node"):
        rounds = figures("peers", language.lower())
        group = []
        for name in ("consentgate", "tuned", "plain"):
            rust, theirs = took(f"accept/{name}"), rounds.get(f"accept/{name}")
            ns = rust if language == "Rust" else median(theirs) if theirs else None
            group += [Bar(name, COLOURS[name], ns / 1000)] if ns else []
        if group:
            groups[language] = group
    title = "Cost of an accepted event by language, 5,000 sessions"
    return bars(title, "µs a call", groups, log=True) if groups else None


def longest() -> str | None:
    """How long the longest calls take, while claims expire and while none does."""
    tails = figures("figures", "longest")
    rows = []
    for name, what, colour in [
        ("expiring", "while 1 M claims expire", COLOURS["plain"]),
        ("quiet", "while none expires", COLOURS["consentgate"]),
    ]:
        tail = tails.get(f"longest/{name}", [])
        if not tail:
            return None
        # The n-th figure: what one call in 10^(n/10) takes at the least. The last one: the longest.
        points = [(10.0 ** (n / 10), ns / 1000) for n, ns in enumerate(tail[:-1])]
        points.append((tails["longest/calls"][0], tail[-1] / 1000))
        rows.append(Line(what, colour, points[3:]))
    title = "The longest calls (Rust, memory store)"
    return lines(title, "the longest of so many calls", "µs", rows)


def main() -> None:
    """Draws all that was measured."""
    DOCS.mkdir(exist_ok=True)
    for draw in (stages, keys, threads, languages, longest):
        if drawn := draw():
            (DOCS / f"{draw.__name__}.svg").write_text(drawn)
            print(f"docs/performance/{draw.__name__}.svg")


if __name__ == "__main__":
    main()
