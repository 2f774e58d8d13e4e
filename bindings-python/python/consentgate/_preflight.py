"""What the preflight of a database found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["Check", "checks"]

# Leases and consent are judged by the clock of Postgres, the times in signatures by the host's.
_CLOCKS_APART_S_MAX = 5


class Check(NamedTuple):
    """One thing that the gate needs: whether it is so, what was found, and how to mend it."""

    name: str
    ok: bool
    found: str
    mend: str

    def __str__(self) -> str:
        told = f"{'ok  ' if self.ok else 'FAIL'} {self.name}: {self.found}"
        return told if self.ok else f"{told}\n     {self.mend}"


def checks(rows: Sequence[Sequence[str | None]], now: float) -> list[Check]:
    """What the database says of itself, and of its clock by the one here."""
    found = [Check(name or "", ok == "t", told or "", mend or "") for name, ok, told, mend in rows]
    return [_by_own_clock(check, now) if check.name == "clock" else check for check in found]


def _by_own_clock(check: Check, now: float) -> Check:
    try:
        apart_s = int(check.found) / 1000 - now
    except ValueError:
        return check
    found = f"{apart_s:+.3f} s from the clock here"
    if abs(apart_s) <= _CLOCKS_APART_S_MAX:
        return check._replace(found=found)
    return check._replace(ok=False, found=found)
