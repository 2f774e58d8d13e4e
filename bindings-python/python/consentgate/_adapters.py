"""What the adapters for asyncio have in common."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from http import HTTPStatus
from ipaddress import ip_address
from typing import Any, NamedTuple, TypeAlias

from ._async_gate import AsyncGate
from ._gate import Gate
from ._native import Decision
from .types import Headers

__all__ = ["AnyGate", "Line", "call_event", "device", "peer", "sends_body", "sync_session"]

AnyGate: TypeAlias = Gate | AsyncGate


class Line(NamedTuple):
    """A request line: the method, and path and query byte for byte as they were sent."""

    method: str
    url: str

    @classmethod
    def of(cls, scope: Mapping[str, Any]) -> Line:
        """As an ASGI server tells it; a `?` without a query is not told."""
        path: bytes | None = scope.get("raw_path")
        if path is None:
            raise LookupError("the server tells no `raw_path`, which is what a device signs")
        query: bytes = scope.get("query_string") or b""
        target = path + b"?" + query if query else path
        return cls(scope["method"], target.decode("latin-1"))


def peer(host: object) -> str | None:
    """The peer's address as the server tells it, never a forwarded one; a Unix socket has none."""
    try:
        return str(ip_address(str(host)))
    except ValueError:
        return None


def sends_body(decision: Decision) -> bool:
    """A 204 has neither body nor `content-length`."""
    return decision.status != HTTPStatus.NO_CONTENT


async def call_event(
    gate: AnyGate, site: str, headers: Headers, body: bytes, ip: str | None
) -> Decision:
    if isinstance(gate, AsyncGate):
        return await gate.call_event(site, headers, body, ip=ip)
    return await _apart(gate, lambda: gate.call_event(site, headers, body, ip=ip))


async def sync_session(
    gate: AnyGate, site: str, headers: Headers, body: bytes, ip: str | None
) -> Decision:
    if isinstance(gate, AsyncGate):
        return await gate.sync_session(site, headers, body, ip=ip)
    return await _apart(gate, lambda: gate.sync_session(site, headers, body, ip=ip))


async def device(
    gate: AnyGate, site: str, line: Line, headers: Headers, body: bytes, ip: str | None
) -> Decision:
    method, url = line
    if isinstance(gate, AsyncGate):
        return await gate.device(headers, body, site=site, method=method, url=url, ip=ip)
    return await _apart(
        gate, lambda: gate.device(headers, body, site=site, method=method, url=url, ip=ip)
    )


async def _apart(gate: Gate, decide: Callable[[], Decision]) -> Decision:
    """A store that blocks must not block the event loop; memory never does."""
    return decide() if gate.keeps_all_in_memory else await asyncio.to_thread(decide)
