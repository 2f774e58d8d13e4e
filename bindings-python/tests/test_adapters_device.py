"""`receive_device`: what a device signed is what the server got in its request line."""

from __future__ import annotations

import asyncio
import io
from typing import Any

import httpx
import pytest
from consentgate import AsyncGate, Gate, asgi, device_secret, fastapi, sign_device, wsgi
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from .support import NOW, config

MASTER = "whsec_Y29uc2VudGdhdGUtZXhhbXBsZS1tYXN0ZXIta2V5LTE="
SECRET = device_secret(MASTER, "acme", "meter-7")
BODY = b'{"kwh":17}'
URLS = ["/in/d", "/in/d?a=1&b=%2F", "/in/d?", "/in/%64?x=%C3%A9"]
DEVICES = {"devices": {"keys": [{"id": "m1", "secret": MASTER}]}}


def gate(form: Any) -> Any:
    return form(config(site=DEVICES), clock=lambda: NOW)


def signed(url: str) -> dict[str, str]:
    line = {"site": "acme", "method": "POST", "url": url}
    return sign_device(SECRET, "meter-7", BODY, now=NOW, **line)


def asgi_app(own: Gate | AsyncGate) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        decision = await asgi.receive_device(own, asgi.Request(scope, receive), "acme")
        await asgi.respond(decision, send)

    return app


def starlette_app(own: Gate | AsyncGate) -> Any:
    async def device(request: Request) -> Response:
        return fastapi.respond(await fastapi.receive_device(own, request, "acme"))

    return Starlette(routes=[Mount("/in", routes=[Route("/d", device, methods=["POST"])])])


@pytest.mark.parametrize("form", [Gate, AsyncGate])
@pytest.mark.parametrize("app", [asgi_app, starlette_app])
@pytest.mark.parametrize("url", [url for url in URLS if not url.endswith("?")])
def test_asgi(app: Any, form: Any, url: str) -> None:
    async def go() -> None:
        transport = httpx.ASGITransport(app(gate(form)))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            headers = signed(url)
            for status, sent in ((401, "/in/d?c=1"), (200, url), (401, url)):
                answer = await client.post(sent, content=BODY, headers=headers)
                assert answer.status_code == status, (sent, answer.text)

    asyncio.run(go())


@pytest.mark.parametrize("name", ["REQUEST_URI", "RAW_URI"])
@pytest.mark.parametrize("url", URLS)
def test_wsgi(url: str, name: str) -> None:
    own = gate(Gate)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/in/decoded",
        "CONTENT_LENGTH": str(len(BODY)),
        "HTTP_X_DEVICE_AUTH": signed(url)["x-device-auth"],
        name: url,
    }
    for status in (200, 401):
        environ["wsgi.input"] = io.BytesIO(BODY)
        decision = wsgi.receive_device(own, environ, "acme")
        assert decision.status == status, decision
    del environ[name]
    with pytest.raises(LookupError, match="REQUEST_URI"):
        wsgi.receive_device(own, environ, "acme")


def test_a_server_that_does_not_tell_what_was_signed() -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    scope = {"type": "http", "method": "POST", "path": "/in/d", "query_string": b"", "headers": []}
    with pytest.raises(LookupError, match="raw_path"):
        asyncio.run(asgi.receive_device(gate(Gate), asgi.Request(scope, receive), "acme"))
