"""The durable store in one file, for one machine."""

from __future__ import annotations

import os
from os import PathLike, fsdecode
from weakref import WeakSet

from ._native import Sqlite

__all__ = ["Sqlite", "sqlite"]

_stores: WeakSet[Sqlite] = WeakSet()


def _suspend() -> None:
    for store in tuple(_stores):
        store.suspend()


def _resume() -> None:
    for store in tuple(_stores):
        store.resume()


# SQLite's connections must not be carried across a fork: the child opens its own.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_suspend, after_in_parent=_resume, after_in_child=_resume)


def sqlite(path: str | PathLike[str], *, wait_s: float | None = None) -> Sqlite:
    """All roles in one file: `db = sqlite("gate.db")`, then `db` for each role that it keeps.

    Give the same object for `sessions` and `calls`: they are then one store. Several processes of
    one machine may use the file. A `Gate` waits at most `wait_s` seconds (2) for the disk;
    an `AsyncGate` goes by the configured deadlines. `OSError` if the file cannot be used.
    """
    store = Sqlite(fsdecode(path), wait_s)
    _stores.add(store)
    return store
