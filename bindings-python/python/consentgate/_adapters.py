"""What the adapters for asyncio have in common."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from ipaddress import ip_address
from typing import TypeAlias

from ._async_gate import AsyncGate
from ._gate import Gate
from ._native import Decision
from .types import Headers

__all__ = ["AnyGate", "call_event", "peer", "sends_body", "sync_session"]

AnyGate: TypeAlias = Gate | AsyncGate


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


async def _apart(gate: Gate, decide: Callable[[], Decision]) -> Decision:
    """A store that blocks must not block the event loop; memory never does."""
    return decide() if gate.keeps_all_in_memory else await asyncio.to_thread(decide)
