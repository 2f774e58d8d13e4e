"""Which store keeps which role: looked at once, when a gate is built."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import iscoroutinefunction
from typing import Any, TypeAlias

from ._audit import AuditMemory, Journal, sink
from ._native import Sqlite
from .errors import ConfigError
from .stores import METHODS, Memory

__all__ = ["Method", "Methods", "Roles", "Stores"]

Method: TypeAlias = Callable[[dict[str, Any], float], Any]
Roles: TypeAlias = tuple[bool | Sqlite, bool | Sqlite, bool | Sqlite]
Methods: TypeAlias = dict[str, dict[str, Method]]

AUDIT = "audit"
"""The role that may be left out: violations are then counted alone."""


class Stores:
    """The host's stores: the methods to call, and the roles that are theirs."""

    __slots__ = ("audit", "methods", "one_store", "roles")

    audit: Journal | AuditMemory | None
    methods: Methods
    roles: Roles
    one_store: bool

    def __init__(self, stores: Mapping[str, object] | None, *, waited_for: bool) -> None:
        given = {} if stores is None else dict(_all_roles(stores))
        self.audit = sink(given.pop(AUDIT, None))
        others = {role: store for role, store in given.items() if not isinstance(store, Memory)}
        hosts = {role: store for role, store in others.items() if not isinstance(store, Sqlite)}
        self.methods = {
            role: {
                name: _method(getattr(store, role, store), role, name, waited_for)
                for name in METHODS[role]
            }
            for role, store in hosts.items()
        }
        admission, sessions, calls = (_keeper(others.get(role)) for role in METHODS)
        self.roles = (admission, sessions, calls)
        one, other = (_identity(others.get(role)) for role in ("sessions", "calls"))
        self.one_store = one is not None and one is other


def _all_roles(stores: Mapping[str, object]) -> Mapping[str, object]:
    if not isinstance(stores, Mapping):
        given = type(stores).__name__
        raise TypeError(f"`stores` must be a mapping of roles to stores, not {given}")
    known = ", ".join(f"`{role}`" for role in (*METHODS, AUDIT))
    missing = [(f"stores.{role}", "is missing") for role in METHODS if role not in stores]
    unknown = [
        (f"stores.{role}", f"is not known here; known are {known}")
        for role in stores
        if role not in METHODS and role != AUDIT
    ]
    if missing or unknown:
        raise ConfigError(missing + unknown)
    return stores


def _keeper(store: object | None) -> bool | Sqlite:
    """A native store, or whether it is the host's; else it is in memory."""
    return store if isinstance(store, Sqlite) else store is not None


def _identity(store: object) -> object:
    """Views, each with one role's methods, name the store that they share as `store`."""
    return getattr(store, "store", store)


def _method(store: object, role: str, name: str, waited_for: bool) -> Method:
    method = getattr(store, name, None)
    if not callable(method):
        raise TypeError(f"the store for `{role}` has no method `{name}`")
    is_waited_for = iscoroutinefunction(method) or iscoroutinefunction(
        getattr(type(method), "__call__", None)  # noqa: B004 - an object may be called, too
    )
    if is_waited_for and not waited_for:
        raise TypeError(f"`{name}` of the store for `{role}` is async: give it to AsyncGate")
    if waited_for and not is_waited_for:
        raise TypeError(f"`{name}` of the store for `{role}` must be async; Gate takes plain ones")
    return method  # type: ignore[no-any-return]
