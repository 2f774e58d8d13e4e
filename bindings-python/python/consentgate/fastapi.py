"""For FastAPI and Starlette.

@app.post("/events")
async def events(request: Request) -> Response:
    return respond(await receive(gate, request, "acme"))
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from . import _adapters
from ._adapters import AnyGate
from ._native import Decision

__all__ = ["read_body", "receive", "receive_device", "receive_sync", "respond"]


async def receive(gate: AnyGate, request: Request, site: str) -> Decision:
    """Reads a signed event and decides on it."""
    body = await read_body(gate, request)
    return await _adapters.call_event(gate, site, request.headers.raw, body, _peer(request))


async def receive_sync(gate: AnyGate, request: Request, site: str) -> Decision:
    """Reads a browser's statement of consent and decides on it."""
    body = await read_body(gate, request)
    return await _adapters.sync_session(gate, site, request.headers.raw, body, _peer(request))


async def receive_device(gate: AnyGate, request: Request, site: str) -> Decision:
    """Reads a device's signed request and decides on it. The server must tell `raw_path`."""
    body, line = await read_body(gate, request), _adapters.Line.of(request.scope)
    return await _adapters.device(gate, site, line, request.headers.raw, body, _peer(request))


def respond(decision: Decision) -> Response:
    """The answer as it is, and its `content-length`."""
    return Response(decision.body, decision.status, decision.headers)


async def read_body(gate: AnyGate, request: Request) -> bytes:
    """The raw body, up to one byte over the cap: enough to see that it is too large.

    Raises `starlette.requests.ClientDisconnect` if the client leaves before the end.
    """
    limit = gate.body_bytes_max + 1
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) >= limit:
            break
    return bytes(body[:limit])


def _peer(request: Request) -> str | None:
    return _adapters.peer(request.client.host) if request.client else None
