from __future__ import annotations

import inspect
from collections.abc import Awaitable, Mapping

from ._native import Core, Decision, GuardCore, Principal, Scope
from .types import AsyncVerifier, Operation, Verifier

__all__ = ["AsyncGuard", "Guard"]


class _Base:
    """What both forms of the guard have in common: only a verifier may have to be waited for."""

    __slots__ = ("_core", "_verifiers")

    _core: GuardCore
    _verifiers: dict[str, AsyncVerifier]

    def __init__(self, core: Core, verifiers: Mapping[str, AsyncVerifier] | None) -> None:
        self._verifiers = dict(verifiers or {})
        for name, verifier in self._verifiers.items():
            if not isinstance(name, str) or not callable(verifier):
                raise TypeError("`verifiers` must be callables by name")
        self._core = core.guard(list(self._verifiers))

    def principal(self, decision: Decision) -> Principal:
        """Whose request the gate let in: the device's or the key's that signed it."""
        return self._core.principal(decision)

    def require(
        self,
        principal: Principal,
        need: str,
        tenant: str | None,
        operation: Operation | None = None,
    ) -> Scope:
        """The scope in which a principal may do what needs a role or permission. Else `Denied`.

        `operation` is `request` unless it is given.
        """
        return self._core.require(principal, need, tenant, operation)

    def _verifier(self, verifier: str, credential: str | bytes) -> AsyncVerifier:
        if not isinstance(credential, str | bytes):
            kind = type(credential).__name__
            raise TypeError(f"`credential` must be str or bytes, not {kind}")
        return self._verifiers.get(verifier, _nobody)


def _nobody(credential: str | bytes) -> None:
    """Stands for a verifier that is not there."""


class Guard(_Base):
    """The guard of tenants of a `Gate`. What it denies it raises: `Denied`."""

    __slots__ = ()

    def __init__(self, core: Core, verifiers: Mapping[str, Verifier] | None) -> None:
        super().__init__(core, verifiers)
        for name, verifier in self._verifiers.items():
            if inspect.iscoroutinefunction(verifier):
                raise TypeError(f"verifier `{name}` is async, which wants an AsyncGate")

    def authenticate(self, verifier: str, credential: str | bytes) -> Principal:
        """Whose a credential is, by the verifier of that name."""
        verify = self._verifier(verifier, credential)
        try:
            answer = verify(credential)
        except Exception as error:
            raise self._core.failed(verifier) from error
        return self._core.answer(verifier, answer)


class AsyncGuard(_Base):
    """The guard of tenants of an `AsyncGate`; verifiers may be `async` or not."""

    __slots__ = ()

    async def authenticate(self, verifier: str, credential: str | bytes) -> Principal:
        """Whose a credential is, by the verifier of that name."""
        verify = self._verifier(verifier, credential)
        try:
            answer = verify(credential)
            if isinstance(answer, Awaitable):
                answer = await answer
        except Exception as error:
            raise self._core.failed(verifier) from error
        return self._core.answer(verifier, answer)
