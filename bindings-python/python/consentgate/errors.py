"""The exceptions of the package: for the caller's mistakes, and what the guard of tenants denies.

What a sender does is a `Decision`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ._native import Violation

__all__ = ["ConfigError", "Denied", "Fault", "NotWritten"]


class Fault(NamedTuple):
    """One fault of a configuration: where, as `sites.acme.keys[0].secret`, and what."""

    path: str
    problem: str

    def __str__(self) -> str:
        return f"{f'`{self.path}`' if self.path else 'the configuration'} {self.problem}"


class ConfigError(ValueError):
    """A configuration that cannot be used, with every fault in it at once."""

    faults: list[Fault]

    def __init__(self, faults: Iterable[tuple[str, str]]) -> None:
        self.faults = [Fault(path, problem) for path, problem in faults]
        super().__init__(self.faults)

    def __str__(self) -> str:
        return "; ".join(map(str, self.faults))


class Denied(Exception):
    """The guard of tenants says no, and nothing more.

    `status` (401, 403, 404 or 503) is for the client; `violation` is for your records, and `None`
    where there was simply nothing to find.
    """

    status: int
    violation: Violation | None

    def __init__(self, status: int, violation: Violation | None) -> None:
        super().__init__("the request is denied")
        self.status = status
        self.violation = violation


class NotWritten(Exception):
    """For stores to raise from a method that writes: certainly nothing was written.

    The claim on the event is then given back at once instead of waiting for its lease to lapse.
    """
