from __future__ import annotations

from collections.abc import Coroutine, Generator
from types import TracebackType
from typing import Any, NoReturn

from ._drive import Tasks, drive, drive_async
from ._native import Ask, Decision, Held, Wait
from ._stores import Methods

__all__ = ["Admission", "Admitting", "AsyncAdmission"]


class _Base:
    """What both forms have in common."""

    __slots__ = ("_decision", "_held", "_methods", "admitted")

    admitted: bool
    """Whether the event was let in: do the work only then."""

    _decision: Decision
    _held: Held | None
    _methods: Methods

    def __init__(self, answer: Decision | Held, methods: Methods) -> None:
        self._held = answer if isinstance(answer, Held) else None
        self._decision = answer.decision if isinstance(answer, Held) else answer
        self._methods = methods
        self.admitted = self._held is not None

    @property
    def decision(self) -> Decision:
        """What to send, as things stand: a 503 until the work is committed."""
        return self._decision

    def __bool__(self) -> NoReturn:
        raise TypeError("an admission is neither true nor false; look at `admitted`")

    def _end(self, how: str, now: float | None) -> Decision | Ask | Wait:
        """The first step of the end; only the first end there is counts."""
        if self._held is None:
            return self._decision
        turn = self._held.commit(now) if how == "commit" else self._held.release(now)
        self._held = None
        return turn


class Admission(_Base):
    """A signed event that was let in, or not, for work of your own.

    Do the work only if `admitted`, then `commit`, and send `decision`. As a context manager it
    releases what was not committed, whether or not the block raised. What nobody ends waits for
    its lease.
    """

    __slots__ = ()

    def commit(self, *, now: float | None = None) -> Decision:
        """The work is done, for good: the event is let in no more. What to send.

        `accepted`: committed. `rejected` (`commit_lost`): the lease was over and another delivery
        took the event over, which does the work as well; undo yours if you can. `unavailable`: the
        store failed, and whether the commit was written is unknown; do not undo the work.
        After the end, and for an event that was not let in, nothing changes.
        """
        self._decision = drive(self._end("commit", now), self._methods)
        return self._decision

    def release(self, *, now: float | None = None) -> Decision:
        """The work was not done: gives the event and its token back. What to send."""
        self._decision = drive(self._end("release", now), self._methods)
        return self._decision

    def __enter__(self) -> Admission:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        self.release()


class AsyncAdmission(_Base):
    """`Admission` of an `AsyncGate`: `commit` and `release` are awaited."""

    __slots__ = ("_tasks",)

    def __init__(self, answer: Decision | Held, methods: Methods, tasks: Tasks) -> None:
        super().__init__(answer, methods)
        self._tasks = tasks

    async def commit(self, *, now: float | None = None) -> Decision:
        """As `Admission.commit`. Cancelled on its way, it leaves unknown whether it was written."""
        turn = self._end("commit", now)
        self._decision = await drive_async(turn, self._methods, self._tasks)
        return self._decision

    async def release(self, *, now: float | None = None) -> Decision:
        """As `Admission.release`."""
        turn = self._end("release", now)
        self._decision = await drive_async(turn, self._methods, self._tasks)
        return self._decision

    async def __aenter__(self) -> AsyncAdmission:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        await self.release()


class Admitting:
    """What `AsyncGate.admit` gives: await it for an `AsyncAdmission`, or enter it: `async with`."""

    __slots__ = ("_admission", "_begun")

    _admission: AsyncAdmission

    def __init__(self, begun: Coroutine[Any, Any, AsyncAdmission]) -> None:
        self._begun = begun

    def __await__(self) -> Generator[Any, Any, AsyncAdmission]:
        return self._begun.__await__()

    async def __aenter__(self) -> AsyncAdmission:
        self._admission = await self._begun
        return self._admission

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        await self._admission.release()
