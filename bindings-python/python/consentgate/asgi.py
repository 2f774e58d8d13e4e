"""For ASGI without a framework.

async def app(scope, receive, send):
    decision = await asgi.receive(gate, asgi.Request(scope, receive), "acme")
    await asgi.respond(decision, send)
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, NamedTuple

from . import _adapters
from ._adapters import AnyGate
from ._native import Decision

__all__ = ["Request", "read_body", "receive", "receive_device", "receive_sync", "respond"]


class Request(NamedTuple):
    """What an ASGI server hands over of a request."""

    scope: MutableMapping[str, Any]
    receive: Callable[[], Awaitable[MutableMapping[str, Any]]]


async def receive(gate: AnyGate, request: Request, site: str) -> Decision:
    """Reads a signed event and decides on it."""
    body = await read_body(gate, request)
    return await _adapters.call_event(gate, site, request.scope["headers"], body, _peer(request))


async def receive_sync(gate: AnyGate, request: Request, site: str) -> Decision:
    """Reads a browser's statement of consent and decides on it."""
    body = await read_body(gate, request)
    return await _adapters.sync_session(gate, site, request.scope["headers"], body, _peer(request))


async def receive_device(gate: AnyGate, request: Request, site: str) -> Decision:
    """Reads a device's signed request and decides on it. The server must tell `raw_path`."""
    body, line = await read_body(gate, request), _adapters.Line.of(request.scope)
    headers = request.scope["headers"]
    return await _adapters.device(gate, site, line, headers, body, _peer(request))


async def respond(
    decision: Decision, send: Callable[[MutableMapping[str, Any]], Awaitable[None]]
) -> None:
    """Sends the answer as it is, and its `content-length`."""
    headers = [
        (name.encode("latin-1"), value.encode("latin-1"))
        for name, value in decision.headers.items()
    ]
    body = decision.body
    if _adapters.sends_body(decision):
        headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": decision.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def read_body(gate: AnyGate, request: Request) -> bytes:
    """The raw body, up to one byte over the cap: enough to see that it is too large.

    Raises `ConnectionResetError` if the client leaves before the end.
    """
    limit = gate.body_bytes_max + 1
    body = bytearray()
    more = True
    while more and len(body) < limit:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ConnectionResetError("the client left before the end of the body")
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return bytes(body[:limit])


def _peer(request: Request) -> str | None:
    client = request.scope.get("client")
    return _adapters.peer(client[0]) if client else None
