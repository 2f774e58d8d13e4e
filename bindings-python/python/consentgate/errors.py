"""The exceptions of the package: for the caller's mistakes. What a sender does is a `Decision`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

__all__ = ["ConfigError", "Fault", "NotWritten"]


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


class NotWritten(Exception):
    """For stores to raise from a method that writes: certainly nothing was written.

    The claim on the event is then given back at once instead of waiting for its lease to lapse.
    """
