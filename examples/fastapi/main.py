"""A small backend behind the gate; metrics are on a listener of their own."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Thread
from wsgiref.simple_server import make_server

import uvicorn
from consentgate import AsyncGate, verify
from consentgate.fastapi import read_body, receive, receive_device, receive_sync, respond
from fastapi import FastAPI, Request, Response
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse

from stores import stores

HERE = Path(__file__).parent
config = json.loads(Path(os.environ.get("GATE_CONFIG", HERE.parent / "config.json")).read_bytes())
gate: AsyncGate


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Stores that are waited for belong to the event loop that waits."""
    global gate
    async with stores() as kept, AsyncGate(config, kept) as gate:
        yield


app = FastAPI(lifespan=lifespan)


@app.post("/api/sync")
async def sync(request: Request, site: str = "") -> Response:
    """A browser states what its visitor agreed to."""
    return respond(await receive_sync(gate, request, site))


@app.post("/api/call-event/v2")
async def call_event(request: Request, site: str = "") -> Response:
    """A call platform sends a signed event."""
    return respond(await receive(gate, request, site))


@app.post("/webhooks/github")
async def webhook(request: Request) -> Response:
    """A webhook of GitHub, handed on exactly once: what is not committed comes again."""
    body = await read_body(gate, request)
    async with gate.admit("hooks", request.headers.raw, body) as admission:
        if admission.admitted and await hand_on(body):
            await admission.commit()
    return respond(admission.decision)


async def hand_on(body: bytes) -> bool:
    """The work: handed to the worker that listens at WEBHOOKS_TO, which says `done`.

    Without one, it is only printed.
    """
    worker = os.environ.get("WEBHOOKS_TO")
    if worker is None:
        print(f"webhook of {len(body)} bytes", flush=True)
        return True
    host, port = worker.rsplit(":", 1)
    try:
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(body)
        writer.write_eof()
        reply = await reader.read(16)
        writer.close()
    except OSError:
        return False
    return reply == b"done"


class Sale(BaseModel):
    call_id: str


@app.post("/api/sale")
async def sale(request: Request, site: str = "") -> Response:
    """The host's own shop tells of a sale; it signs like any sender."""
    body = await read_body(gate, request)
    secrets = [key["secret"] for key in config["sites"].get(site, {}).get("keys", [])]
    if not secrets or not verify("standard-webhooks", secrets, request.headers, body):
        return Response(status_code=401)
    try:
        sold = Sale.model_validate_json(body)
    except ValidationError:
        return Response(status_code=400)
    return respond(await gate.confirm_sale(site, sold.call_id))


@app.post("/device/readings")
async def device(request: Request, site: str = "") -> Response:
    """A device tells of itself; what it says counts once."""
    decision = await receive_device(gate, request, site)
    if decision.outcome != "accepted":
        return respond(decision)
    # Here the host does its own work, and answers as it likes.
    return JSONResponse({"device": decision.device_id})


@app.exception_handler(ClientDisconnect)
async def gone(request: Request, error: Exception) -> Response:
    """Nobody is there to read it, and it is no error of ours."""
    return Response(status_code=400)


@app.get("/healthz")
async def healthz() -> dict[str, str]:
    return {"status": "ok"}


def metrics(environ, start_response):
    start_response("200 OK", [("content-type", "text/plain; version=0.0.4")])
    return [gate.metrics().encode()]


def main() -> None:
    port = int(os.environ.get("PORT", "8080"))
    metrics_port = int(os.environ.get("METRICS_PORT", "9090"))
    with make_server("127.0.0.1", metrics_port, metrics) as inside:
        Thread(target=inside.serve_forever, daemon=True).start()
        # The peer's own address counts, not what it says of itself in X-Forwarded-For.
        uvicorn.run(app, host="127.0.0.1", port=port, proxy_headers=False, log_level="warning")


if __name__ == "__main__":
    main()
