"""Calendar time: RFC 3339 texts and whole months, in milliseconds since 1970."""

from __future__ import annotations

import calendar
import re
from datetime import date

DAY_MS = 86_400_000
TEXT = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?"
    r"(?:Z|([+-])([0-9]{2}):([0-9]{2}))"
)
YEAR_10000_MS = 253_402_300_800_000


def date_ms(year: int, month: int, day: int) -> int:
    """Midnight UTC; a year past `datetime`'s last is moved by whole 400-year cycles."""
    cycles = max(0, -(-(year - 9999) // 400))
    days = date(year - 400 * cycles, month, day).toordinal() - date(1970, 1, 1).toordinal()
    return (days + 146_097 * cycles) * DAY_MS


def parse_rfc3339(text: str) -> int | None:
    """`None` for anything but the pinned profile.

    Both the year as written and the instant it names must lie in 1970 to 9999: the reading of
    "years 1970-9999" that grants least.
    """
    match = TEXT.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    if not 1970 <= year <= 9999 or not 1 <= month <= 12:
        return None
    if not 1 <= day <= calendar.monthrange(year, month)[1]:
        return None
    if hour > 23 or minute > 59 or second > 59:
        return None
    fraction_ms = int(((match.group(7) or "") + "000")[:3])
    offset_min = 0
    if match.group(8) is not None:
        if int(match.group(9)) > 23 or int(match.group(10)) > 59:
            return None
        offset_min = int(match.group(9)) * 60 + int(match.group(10))
        if match.group(8) == "-":
            offset_min = -offset_min
    clock_ms = ((hour * 60 + minute - offset_min) * 60 + second) * 1000 + fraction_ms
    instant_ms = date_ms(year, month, day) + clock_ms
    return instant_ms if 0 <= instant_ms < YEAR_10000_MS else None


def add_months(instant_ms: int, months: int) -> int:
    """Calendar months in UTC: the day clamped to the month's end, the time of day kept."""
    days, rest_ms = divmod(instant_ms, DAY_MS)
    start = date.fromordinal(date(1970, 1, 1).toordinal() + days)
    years, month0 = divmod(start.month - 1 + months, 12)
    year, month = start.year + years, month0 + 1
    leap = calendar.isleap(year)
    last = 29 if month == 2 and leap else (0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month]
    return date_ms(year, month, min(start.day, last)) + rest_ms
