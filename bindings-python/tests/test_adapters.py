"""Receive and respond: ASGI, WSGI, FastAPI, each over its own kind of request."""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import Callable
from typing import Any
from wsgiref.validate import validator

import httpx
import pytest
from consentgate import AsyncGate, Gate, asgi, fastapi, wsgi
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from .reference import Reference
from .support import BODY, NOW, ORIGIN, config, event, host_config, statement

AnyGate = Gate | AsyncGate
SYNC = {"origin": ORIGIN}


def gate(form: Any, **more: Any) -> Any:
    return form(config(**more), clock=lambda: NOW)


def asgi_app(gate: AnyGate) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        receiver = asgi.receive_sync if scope["path"] == "/sync" else asgi.receive
        decision = await receiver(gate, asgi.Request(scope, receive), "acme")
        await asgi.respond(decision, send)

    return app


def starlette_app(gate: AnyGate) -> Any:
    async def sync(request: Request) -> Response:
        return fastapi.respond(await fastapi.receive_sync(gate, request, "acme"))

    async def call(request: Request) -> Response:
        return fastapi.respond(await fastapi.receive(gate, request, "acme"))

    routes = [Route("/sync", sync, methods=["POST"]), Route("/call", call, methods=["POST"])]
    return Starlette(routes=routes)


def wsgi_app(gate: Gate) -> Any:
    def app(environ: Any, start_response: Any) -> Any:
        receiver = wsgi.receive_sync if environ["PATH_INFO"] == "/sync" else wsgi.receive
        return wsgi.respond(receiver(gate, environ, "acme"), start_response)

    return validator(app)


Post = Callable[..., httpx.Response]


def over_asgi(app: Any) -> Post:
    def post(path: str, **named: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(app, client=("192.0.2.1", 1))
            async with httpx.AsyncClient(transport=transport, base_url="http://host") as client:
                return await client.post(path, **named)

        return asyncio.run(send())

    return post


def over_wsgi(app: Any) -> Post:
    def post(path: str, **named: Any) -> httpx.Response:
        transport = httpx.WSGITransport(app, remote_addr="192.0.2.1")
        with httpx.Client(transport=transport, base_url="http://host") as client:
            return client.post(path, **named)

    return post


FORMS: dict[str, Callable[..., Post]] = {
    "asgi": lambda **more: over_asgi(asgi_app(gate(Gate, **more))),
    "asgi, waited for": lambda **more: over_asgi(asgi_app(gate(AsyncGate, **more))),
    "fastapi": lambda **more: over_asgi(starlette_app(gate(Gate, **more))),
    "fastapi, waited for": lambda **more: over_asgi(starlette_app(gate(AsyncGate, **more))),
    "wsgi": lambda **more: over_wsgi(wsgi_app(gate(Gate, **more))),
}


@pytest.mark.parametrize("form", FORMS)
def test_answers_are_the_gate_s(form: str) -> None:
    post = FORMS[form]()
    synced = post("/sync", headers=SYNC, content=statement("analytics", "marketing"))
    assert synced.status_code == 200
    first = post("/call", headers=event(), content=BODY)
    again = post("/call", headers=event(), content=BODY)
    forged = post("/call", headers=event(), content=b"{}")
    empty = post(
        "/call", headers=event("e2", b'{"fingerprint":"g"}'), content=b'{"fingerprint":"g"}'
    )
    assert first.json()["status"] == "accepted"
    assert again.content == b'{"status":"noop"}'
    assert sorted(again.headers.raw) == [
        (b"cache-control", b"no-store"),
        (b"content-length", b"17"),
        (b"content-type", b"application/json"),
    ]
    assert forged.status_code == 401
    assert forged.headers["content-type"] == "application/problem+json"
    assert (empty.status_code, empty.content) == (204, b"")
    assert empty.headers.raw == [(b"cache-control", b"no-store")]


@pytest.mark.parametrize("form", FORMS)
def test_field_12_doubled_headers_are_refused(form: str) -> None:
    post = FORMS[form]()
    doubled = [*event().items(), ("webhook-id", "e1")]
    origins = [("origin", ORIGIN), ("origin", ORIGIN)]
    if form == "wsgi":  # Its servers join them.
        doubled = [*(event() | {"webhook-id": "e1,e1"}).items()]
        origins = [("origin", f"{ORIGIN},{ORIGIN}")]
    assert post("/call", headers=doubled, content=BODY).status_code == 401
    assert post("/sync", headers=origins, content=statement("analytics")).status_code == 401


@pytest.mark.parametrize("form", FORMS)
def test_the_address_is_the_peer_s(form: str) -> None:
    post = FORMS[form](site={"sync": {"per_ip": {"capacity": 1, "per_minute": 1}}})

    def sync(fingerprint: str) -> int:
        headers = {**SYNC, "x-forwarded-for": f"198.51.100.{ord(fingerprint)}"}
        body = statement("analytics", fingerprint=fingerprint)
        return post("/sync", headers=headers, content=body).status_code

    assert [sync("a"), sync("b")] == [200, 429]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("chunked", [False, True])
def test_law_9_reading_stops_at_the_cap(form: str, chunked: bool) -> None:
    post = FORMS[form](caps={"body_bytes_max": 100})
    read = 0

    async def endless() -> Any:
        nonlocal read
        for _ in range(1000):
            read += 50
            yield bytes(50)

    if not chunked:
        assert post("/call", headers=event(), content=bytes(101)).status_code == 413
        assert post("/call", headers=event(), content=bytes(100)).status_code == 401
    elif form != "wsgi":
        assert post("/call", headers=event(), content=endless()).status_code == 413
        assert read <= 200


async def left(*chunks: bytes) -> Any:
    """A client that leaves after these."""
    messages = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    left = iter([*messages, {"type": "http.disconnect"}])

    async def receive() -> Any:
        return next(left)

    return receive


def test_a_client_that_leaves() -> None:
    async def run() -> None:
        scope: Any = {"type": "http", "headers": [], "method": "POST", "client": None}
        own = gate(AsyncGate)
        with pytest.raises(ConnectionResetError):
            await asgi.receive(own, asgi.Request(scope, await left(b"a", b"b")), "acme")
        with pytest.raises(ClientDisconnect):
            await fastapi.receive(own, Request(scope, await left(b"a")), "acme")
        assert own.counters()["watch"]["call_events"] == 0

    asyncio.run(run())
    environ = {"CONTENT_LENGTH": "10", "wsgi.input": io.BytesIO(b"short")}
    with pytest.raises(ConnectionResetError):
        wsgi.receive(gate(Gate), environ, "acme")


@pytest.mark.parametrize(
    ("client", "status"), [(None, 200), (("testclient", 1), 200), (("::1", 1), 200), (("", 0), 200)]
)
def test_a_peer_without_an_address(client: Any, status: int) -> None:
    async def run() -> None:
        body = statement("analytics")

        async def receive() -> Any:
            return {"type": "http.request", "body": body}

        scope = {"type": "http", "headers": [(b"origin", ORIGIN.encode())], "client": client}
        decision = await asgi.receive_sync(gate(AsyncGate), asgi.Request(scope, receive), "acme")
        assert decision.status == status

    asyncio.run(run())


@pytest.mark.parametrize(
    ("length", "ends", "read"),
    [
        *((None, False, b""), (None, True, b"0123456789"), ("", True, b"0123456789")),
        *(("4", False, b"0123"), ("0", False, b""), ("-1", False, b""), ("x", False, b"")),
        *(("²", False, b""), ("9" * 5000, True, None)),
    ],
)
def test_lengths_over_wsgi(length: str | None, ends: bool, read: bytes | None) -> None:
    environ: dict[str, Any] = {"wsgi.input": io.BytesIO(b"0123456789")}
    environ["wsgi.input_terminated"] = ends
    if length is not None:
        environ["CONTENT_LENGTH"] = length
    if read is None:
        with pytest.raises(ConnectionResetError):
            wsgi.read_body(gate(Gate), environ)
    else:
        assert wsgi.read_body(gate(Gate), environ) == read


def test_a_body_that_was_read_before_over_wsgi() -> None:
    environ = {"CONTENT_LENGTH": "10", "wsgi.input": io.BytesIO(b"0123456789")}
    environ["wsgi.input"].read()  # type: ignore[attr-defined]
    with pytest.raises(ConnectionResetError, match="something read it before the gate"):
        wsgi.receive(gate(Gate), environ, "acme")


def test_a_body_that_was_read_before() -> None:
    """Starlette keeps what `await request.body()` read."""

    async def run() -> None:
        async def receive() -> Any:
            return {"type": "http.request", "body": b"x" * 10}

        request = Request({"type": "http", "headers": []}, receive)
        await request.body()
        assert await fastapi.read_body(gate(AsyncGate), request) == b"x" * 10

    asyncio.run(run())


def test_field_38_a_store_that_blocks_does_not_block_the_loop() -> None:
    stores = Reference(lambda: NOW * 1000).stores()
    threads = []
    sessions: Any = stores["sessions"]
    find = sessions.find

    def noticed(*asked: Any) -> Any:
        threads.append(threading.current_thread())
        return find(*asked)

    sessions.find = noticed
    own = Gate(host_config(), stores, lambda: NOW)
    answer = over_asgi(starlette_app(own))("/call", headers=event(), content=BODY)
    assert answer.status_code == 204
    assert threads != [threading.main_thread()]
