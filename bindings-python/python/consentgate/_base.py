"""What both forms of the gate have in common: nothing of it is waited for."""

from __future__ import annotations

from collections.abc import Mapping

from ._audit import AuditMemory, Journal
from ._config import to_json
from ._native import Core
from ._stores import Methods, Roles, Stores
from .types import Clock, Config, Counters

__all__ = ["Base"]


class Base:
    """Sites and figures. Of a closed gate every method raises `ValueError`."""

    __slots__ = ("__weakref__", "_audit", "_core", "_methods", "_roles")

    _audit: Journal | AuditMemory | None
    _core: Core
    _methods: Methods
    _roles: Roles

    def __init__(
        self,
        config: Config,
        stores: Mapping[str, object] | None,
        clock: Clock | None,
        *,
        waited_for: bool,
    ) -> None:
        hosts = Stores(stores, waited_for=waited_for)
        audit = None if hosts.audit is None else hosts.audit._core
        self._core = Core(to_json(config), hosts.roles, hosts.one_store, clock, audit)
        self._audit = hosts.audit
        self._methods = hosts.methods
        # Held, since what is done at a fork is done to stores that somebody holds.
        self._roles = hosts.roles

    def set_site(self, site: str, site_config: Config) -> None:
        """Adds or changes a site. Nothing changes if it raises `ConfigError`."""
        self._core.set_site(site, to_json(site_config))

    def remove_site(self, site: str) -> None:
        """Removes a site: from now on its events are answered as an unknown site's."""
        self._core.remove_site(site)

    def metrics(self) -> str:
        """All counters in the Prometheus text format 0.0.4. Serve it to your own network only."""
        return self._core.metrics()

    def counters(self) -> Counters:
        """All counters as data."""
        return self._core.counters()

    def _close(self) -> None:
        self._core.close()
        if self._audit is not None:
            self._audit.close()

    @property
    def body_bytes_max(self) -> int:
        """The cap on a body: read one byte more at most, and give the gate what you have read."""
        return self._core.body_bytes_max

    @property
    def keeps_all_in_memory(self) -> bool:
        """Whether no store of yours is asked, so that no call waits for anything."""
        return not any(self._roles)
