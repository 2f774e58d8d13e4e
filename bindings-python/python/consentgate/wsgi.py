"""For WSGI: Flask's and Django's `request.environ`, or none of them.

    def app(environ, start_response):
        return wsgi.respond(wsgi.receive(gate, environ, "acme"), start_response)

    @flask_app.post("/events")
    def events():
        decision = wsgi.receive(gate, flask.request.environ, "acme")
        return lambda environ, start_response: wsgi.respond(decision, start_response)

Nothing may read the body before, such as Flask's `request.get_data()` or Django's CSRF check.

A WSGI server joins headers that occur twice, and the gate is given what was joined: no signature
header and no `Origin` survives that, so such a request is refused as it should be.
"""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING

from . import _adapters
from ._gate import Gate
from ._native import Decision

if TYPE_CHECKING:
    from _typeshed.wsgi import InputStream, StartResponse, WSGIEnvironment

__all__ = ["read_body", "receive", "receive_device", "receive_sync", "respond"]


def receive(gate: Gate, environ: WSGIEnvironment, site: str) -> Decision:
    """Reads a signed event and decides on it."""
    body = read_body(gate, environ)
    return gate.call_event(site, _headers(environ), body, ip=_peer(environ))


def receive_sync(gate: Gate, environ: WSGIEnvironment, site: str) -> Decision:
    """Reads a browser's statement of consent and decides on it."""
    body = read_body(gate, environ)
    return gate.sync_session(site, _headers(environ), body, ip=_peer(environ))


def receive_device(gate: Gate, environ: WSGIEnvironment, site: str) -> Decision:
    """Reads a device's signed request and decides on it.

    `PATH_INFO` is not what was signed: the server must tell `REQUEST_URI` (uWSGI, Werkzeug,
    mod_wsgi) or `RAW_URI` (gunicorn). Raises `LookupError` where it tells neither.
    """
    url = environ.get("REQUEST_URI") or environ.get("RAW_URI")
    if not isinstance(url, str):
        raise LookupError("the server tells neither `REQUEST_URI` nor `RAW_URI`")
    body, ip = read_body(gate, environ), _peer(environ)
    method = environ["REQUEST_METHOD"]
    return gate.device(_headers(environ), body, site=site, method=method, url=url, ip=ip)


def respond(decision: Decision, start_response: StartResponse) -> list[bytes]:
    """The answer as it is, and its `content-length`."""
    headers = list(decision.headers.items())
    body = decision.body
    if _adapters.sends_body(decision):
        headers.append(("content-length", str(len(body))))
    start_response(f"{decision.status} {HTTPStatus(decision.status).phrase}", headers)
    return [body]


def read_body(gate: Gate, environ: WSGIEnvironment) -> bytes:
    """The raw body, up to one byte over the cap: enough to see that it is too large.

    Raises `ConnectionResetError` if it ends early: the client left, or something read it before.
    """
    limit = gate.body_bytes_max + 1
    length = environ.get("CONTENT_LENGTH") or ""
    stream: InputStream = environ["wsgi.input"]
    if not length.isdecimal():
        # Only a server that ends the stream says so; on others a read would wait for ever.
        ends = environ.get("wsgi.input_terminated", False)
        return b"".join(_chunks(stream, limit)) if ends else b""
    wanted = min(int(length), limit) if len(length) < 20 else limit
    body = b"".join(_chunks(stream, wanted))
    if len(body) < wanted:
        raise ConnectionResetError(
            "the body ended early: the client left, or something read it before the gate"
        )
    return body


def _chunks(stream: InputStream, wanted: int) -> Iterator[bytes]:
    while wanted > 0 and (chunk := stream.read(wanted)):
        wanted -= len(chunk)
        yield chunk


def _headers(environ: WSGIEnvironment) -> list[tuple[str, str]]:
    return [
        (name[5:].replace("_", "-"), value)
        for name, value in environ.items()
        if name.startswith("HTTP_")
    ]


def _peer(environ: WSGIEnvironment) -> str | None:
    return _adapters.peer(environ.get("REMOTE_ADDR"))
