from __future__ import annotations

import asyncio
from collections.abc import Generator, Mapping
from types import TracebackType

from ._admission import Admitting, AsyncAdmission
from ._base import Base
from ._drive import Tasks, admit_async, drive_async
from ._guard import AsyncGuard
from ._native import Conversion, Decision
from .types import AsyncVerifier, Body, Clock, Config, ConversionResult, Headers, Ip

__all__ = ["AsyncGate"]


class AsyncGate(Base):
    """The gate, for asyncio: what decides is a coroutine. Each call of a store has its deadline.

    A call that is cancelled gives back what it holds if its event was not yet sent to be recorded;
    else the lease on the event lapses, and the sender's retry goes on from there.
    """

    __slots__ = ("_tasks",)

    _tasks: Tasks

    def __init__(
        self,
        config: Config,
        stores: Mapping[str, object] | None = None,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(config, stores, clock, waited_for=True)
        self._tasks = set()

    async def call_event(
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
        if isinstance(turn, Decision):
            return turn
        return await drive_async(turn, self._methods, self._tasks)

    def admit(
        self,
        site: str,
        headers: Headers,
        body: Body,
        *,
        ip: Ip | None = None,
        now: float | None = None,
    ) -> Admitting:
        """Lets in a signed event without a person, for work of your own; see `AsyncAdmission`.

        Await it, or enter it: `async with gate.admit(…) as admission`. A `now` holds for the end
        too, unless that is given its own.
        """
        return Admitting(self._admit(site, headers, body, ip, now))

    async def _admit(
        self, site: str, headers: Headers, body: Body, ip: Ip | None, now: float | None
    ) -> AsyncAdmission:
        turn = self._core.admit(site, headers, body, ip, now)
        answer = await admit_async(turn, self._methods, self._tasks)
        return AsyncAdmission(answer, self._methods, self._tasks)

    async def sync_session(
        self,
        site: str,
        headers: Headers,
        body: Body,
        *,
        ip: Ip | None = None,
        now: float | None = None,
    ) -> Decision:
        """Takes in a browser's statement of consent."""
        turn = self._core.sync_session(site, headers, body, ip, now)
        return await drive_async(turn, self._methods, self._tasks)

    async def device(
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
        if isinstance(turn, Decision):
            return turn
        return await drive_async(turn, self._methods, self._tasks)

    async def confirm_sale(self, site: str, call_id: str, *, now: float | None = None) -> Decision:
        """Queues the conversion of a call's sale, once. Authenticate the caller before."""
        turn = self._core.confirm_sale(site, call_id, now)
        return await drive_async(turn, self._methods, self._tasks)

    async def erase(self, site: str, fingerprint: str, *, now: float | None = None) -> Decision:
        """Forgets a person at a site, configured or not. Authenticate the caller before."""
        turn = self._core.erase(site, fingerprint, now)
        return await drive_async(turn, self._methods, self._tasks)

    async def take_conversions(
        self, site: str, limit: int, *, now: float | None = None
    ) -> Decision:
        """Takes conversions that are due out of the queue, at most 1,000 at once.

        Those whose consent still stands are leased to you, in `decision.conversions`; the others
        are cancelled.
        """
        turn = self._core.take_conversions(site, limit, now)
        return await drive_async(turn, self._methods, self._tasks)

    async def finish_conversion(
        self,
        job: Conversion,
        result: ConversionResult,
        *,
        retry_in_s: float | None = None,
        now: float | None = None,
    ) -> Decision:
        """Says how sending went: `sent`, `failed` or `retry`, after a back-off or `retry_in_s`."""
        turn = self._core.finish_conversion(job, result, retry_in_s, now)
        return await drive_async(turn, self._methods, self._tasks)

    async def purge(self, limit: int, *, now: float | None = None) -> Decision:
        """Drops up to `limit` entries that are over from each store; call it now and then."""
        turn = self._core.purge(limit, now)
        return await drive_async(turn, self._methods, self._tasks)

    def guard(self, verifiers: Mapping[str, AsyncVerifier] | None = None) -> AsyncGuard:
        """A guard of tenants with this gate's `roles`, `hash_secret` and counters.

        `verifiers` by name: each is given a credential, and says whose it is.
        """
        return AsyncGuard(self._core, verifiers)

    def close(self) -> Closing:
        """Forgets what is kept in memory. From now on every other method raises `ValueError`.

        Closed at once; awaited, it also waits for what cancelled calls are giving back.
        """
        self._close()
        return Closing(self._tasks)

    async def __aenter__(self) -> AsyncGate:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        await self.close()


class Closing:
    """The end of what goes on in the background; of another event loop nothing can be awaited."""

    __slots__ = ("_tasks",)

    def __init__(self, tasks: Tasks) -> None:
        self._tasks = tasks

    def __await__(self) -> Generator[object, None, None]:
        loop = asyncio.get_running_loop()
        while own := [task for task in tuple(self._tasks) if task.get_loop() is loop]:
            yield from asyncio.wait(own).__await__()
