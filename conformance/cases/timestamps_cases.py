"""timestamps.json: RFC 3339 texts as milliseconds, or null."""

from __future__ import annotations

from datetime import UTC, datetime

from oracle.timecalc import parse_rfc3339

from .common import Collector

GOOD = (
    "1970-01-01T00:00:00Z", "2023-11-14T22:13:20Z", "2023-11-14T22:13:20.5Z",
    "2023-11-14T22:13:20.123Z", "2023-11-14T22:13:20.1239999Z", "2023-11-14T22:13:20.000000001Z",
    "2023-11-14T22:13:20+00:00", "2023-11-14T22:13:20-00:00", "2023-11-14T23:13:20+01:00",
    "2023-11-14T16:43:20-05:30", "2024-02-29T00:00:00Z", "2000-02-29T12:00:00Z",
    "2023-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z", "2023-01-01T00:00:00+23:59",
    "2023-01-01T00:00:00-23:59", "2038-01-19T03:14:08Z", "2023-11-14T00:00:00.010Z",
    "2023-11-14T22:13:20." + "9" * 100 + "Z", "2400-02-29T00:00:00Z", "1970-01-01T01:00:00+01:00",
)
BAD = (
    ("lower-case t", "2023-11-14t22:13:20Z"), ("lower-case z", "2023-11-14T22:13:20z"),
    ("space for T", "2023-11-14 22:13:20Z"), ("no zone", "2023-11-14T22:13:20"),
    ("no seconds", "2023-11-14T22:13Z"), ("date alone", "2023-11-14"), ("empty", ""),
    ("leap second", "2016-12-31T23:59:60Z"), ("second 61", "2023-11-14T22:13:61Z"),
    ("minute 60", "2023-11-14T22:60:00Z"), ("hour 24", "2023-11-14T24:00:00Z"),
    ("hour 25", "2023-11-14T25:00:00Z"), ("month 0", "2023-00-14T22:13:20Z"),
    ("month 13", "2023-13-14T22:13:20Z"), ("day 0", "2023-11-00T22:13:20Z"),
    ("day 31 in November", "2023-11-31T22:13:20Z"), ("29 February 2023", "2023-02-29T00:00:00Z"),
    ("29 February 2100", "2100-02-29T00:00:00Z"), ("30 February", "2024-02-30T00:00:00Z"),
    ("day 32", "2023-01-32T00:00:00Z"), ("year 1969", "1969-12-31T23:59:59Z"),
    ("year 0000", "0000-01-01T00:00:00Z"), ("year 10000", "10000-01-01T00:00:00Z"),
    ("year of two digits", "23-11-14T22:13:20Z"), ("signed year", "+2023-11-14T22:13:20Z"),
    ("minus year", "-2023-11-14T22:13:20Z"), ("empty fraction", "2023-11-14T22:13:20.Z"),
    ("comma fraction", "2023-11-14T22:13:20,5Z"), ("two fractions", "2023-11-14T22:13:20.5.5Z"),
    ("offset without colon", "2023-11-14T22:13:20+0100"), ("offset of hours",
     "2023-11-14T22:13:20+01"), ("offset hour 24", "2023-11-14T22:13:20+24:00"),
    ("offset minute 60", "2023-11-14T22:13:20+01:60"), ("offset with seconds",
     "2023-11-14T22:13:20+01:00:00"), ("Z and offset", "2023-11-14T22:13:20Z+01:00"),
    ("zone name", "2023-11-14T22:13:20[Europe/Rome]"), ("zone after Z",
     "2023-11-14T22:13:20Z[UTC]"), ("UTC", "2023-11-14T22:13:20UTC"), ("leading space",
     " 2023-11-14T22:13:20Z"), ("trailing space", "2023-11-14T22:13:20Z "),
    ("trailing newline", "2023-11-14T22:13:20Z\n"), ("trailing NUL", "2023-11-14T22:13:20Z\0"),
    ("one-digit month", "2023-1-14T22:13:20Z"), ("one-digit hour", "2023-11-14T2:13:20Z"),
    ("basic format", "20231114T221320Z"), ("slashes", "2023/11/14T22:13:20Z"),
    ("ordinal date", "2023-318T22:13:20Z"), ("week date", "2023-W46-2T22:13:20Z"),
    ("Arabic digits", "\u0662\u0660\u0662\u0663-11-14T22:13:20Z"), ("full-width digit",
     "2023-11-1\uff14T22:13:20Z"), ("unicode minus offset", "2023-11-14T22:13:20\u221201:00"),
    ("seconds since 1970", "1700000000"), ("milliseconds since 1970", "1700000000000"),
    ("HTTP date", "Tue, 14 Nov 2023 22:13:20 GMT"), ("null text", "null"), ("now", "now"),
    ("before 1970 by its offset", "1970-01-01T00:30:00+01:00"),
    ("year 1969, in 1970 by its offset", "1969-12-31T23:30:00-01:00"),
    ("in 10000 by its offset", "9999-12-31T23:30:00-01:00"),
    ("Arabic digits in the fraction", "2023-11-14T22:13:20.\u0661Z"),
    ("signed second", "2023-11-14T22:13:+5Z"), ("space for a digit", "2023-11-14T22:13: 5Z"),
)


def build() -> Collector:
    out = Collector("RFC 3339 texts as whole milliseconds since 1970 (fractions cut), or null.")
    for text in GOOD:
        ms = parse_rfc3339(text)
        assert ms is not None, text
        plain = text if len(text) < 40 else text[:20] + "999999Z"
        frac_cut = datetime.fromisoformat(plain).astimezone(UTC)
        whole_s = int(frac_cut.replace(microsecond=0).timestamp())
        if whole_s * 1000 + frac_cut.microsecond // 1000 != ms:
            raise AssertionError(f"{text}: datetime disagrees")
        name = text if len(text) < 40 else text[:20] + "9 times 100 Z"
        out.add(f"good: {name}", "the profile: upper-case T and Z, or an offset", text=text, ms=ms)
    for name, text in BAD:
        if parse_rfc3339(text) is not None:
            raise AssertionError(name)
        note = "outside the profile: refused, never guessed"
        if "offset" in name and "by its" in name:
            note = "the years 1970 to 9999 bound both the text and the instant (safest reading)"
        out.add(f"bad: {name}", note, text=text, ms=None)
    return out
