from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType

from ._admission import Admission
from ._base import Base
from ._drive import admit, drive
from ._guard import Guard
from ._native import Conversion, Decision
from .types import Body, Clock, Config, ConversionResult, Headers, Ip, Verifier

__all__ = ["Gate"]


class Gate(Base):
    """The gate, for programs and stores without `async`. Share it between threads as you like.

    `now` and what `clock` returns are seconds since 1970; a given `now` holds for the decision.
    A refusal is a value; only misuse raises: `ConfigError`, `TypeError`, `ValueError`.
    """

    __slots__ = ()

    def __init__(
        self,
        config: Config,
        stores: Mapping[str, object] | None = None,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(config, stores, clock, waited_for=False)

    def call_event(
        self,
        site: str,
        headers: Headers,
        body: Body,
        *,
        method: str | None = None,
        url: str | None = None,
        ip: Ip | None = None,
        now: float | None = None,
    ) -> Decision:
        """Decides on a signed event, in the frozen order."""
        turn = self._core.call_event(site, headers, body, method, url, ip, now)
        return turn if isinstance(turn, Decision) else drive(turn, self._methods)

    def admit(
        self,
        site: str,
        headers: Headers,
        body: Body,
        *,
        ip: Ip | None = None,
        now: float | None = None,
    ) -> Admission:
        """Lets in a signed event without a person, for work of your own; see `Admission`.

        A `now` holds for the end too, unless that is given its own.
        """
        answer = admit(self._core.admit(site, headers, body, ip, now), self._methods)
        return Admission(answer, self._methods)

    def sync_session(
        self,
        site: str,
        headers: Headers,
        body: Body,
        *,
        ip: Ip | None = None,
        now: float | None = None,
    ) -> Decision:
        """Takes in a browser's statement of consent."""
        return drive(self._core.sync_session(site, headers, body, ip, now), self._methods)

    def device(
        self,
        headers: Headers,
        body: Body,
        *,
        site: str,
        method: str,
        url: str,
        ip: Ip | None = None,
        now: float | None = None,
    ) -> Decision:
        """Decides on a device's signed request. `url`: path and query as they were sent."""
        turn = self._core.device(headers, body, site, method, url, ip, now)
        return turn if isinstance(turn, Decision) else drive(turn, self._methods)

    def confirm_sale(self, site: str, call_id: str, *, now: float | None = None) -> Decision:
        """Queues the conversion of a call's sale, once. Authenticate the caller before."""
        return drive(self._core.confirm_sale(site, call_id, now), self._methods)

    def erase(self, site: str, fingerprint: str, *, now: float | None = None) -> Decision:
        """Forgets a person at a site, configured or not. Authenticate the caller before."""
        return drive(self._core.erase(site, fingerprint, now), self._methods)

    def take_conversions(self, site: str, limit: int, *, now: float | None = None) -> Decision:
        """Takes conversions that are due out of the queue, at most 1,000 at once.

        Those whose consent still stands are leased to you, in `decision.conversions`; the others
        are cancelled.
        """
        turn = self._core.take_conversions(site, limit, now)
        return drive(turn, self._methods)

    def finish_conversion(
        self,
        job: Conversion,
        result: ConversionResult,
        *,
        retry_in_s: float | None = None,
        now: float | None = None,
    ) -> Decision:
        """Says how sending went: `sent`, `failed` or `retry`, after a back-off or `retry_in_s`."""
        turn = self._core.finish_conversion(job, result, retry_in_s, now)
        return drive(turn, self._methods)

    def purge(self, limit: int, *, now: float | None = None) -> Decision:
        """Drops up to `limit` entries that are over from each store; call it now and then."""
        turn = self._core.purge(limit, now)
        return drive(turn, self._methods)

    def guard(self, verifiers: Mapping[str, Verifier] | None = None) -> Guard:
        """A guard of tenants with this gate's `roles`, `hash_secret` and counters.

        `verifiers` by name: each is given a credential, and says whose it is.
        """
        return Guard(self._core, verifiers)

    def close(self) -> None:
        """Forgets what is kept in memory, and closes the journal of the role `audit`.

        From now on every other method raises `ValueError`.
        """
        self._close()

    def __enter__(self) -> Gate:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        self.close()
