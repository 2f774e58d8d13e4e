"""The example backend, as its README reader starts it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import httpx
import pytest
from consentgate import sign

from .support import ORIGIN, SECRET, config

EXAMPLE = Path(__file__).parents[2] / "examples" / "fastapi" / "main.py"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture
def ports(tmp_path: Path) -> Iterator[tuple[int, int]]:
    path = tmp_path / "gate.json"
    path.write_text(json.dumps(config()))
    port, metrics = free_port(), free_port()
    told = {"PORT": str(port), "METRICS_PORT": str(metrics), "GATE_CONFIG": str(path)}
    process = subprocess.Popen([sys.executable, str(EXAMPLE)], env={**os.environ, **told})
    try:
        for _ in range(200):
            try:
                httpx.get(f"http://127.0.0.1:{port}/healthz")
                break
            except httpx.TransportError:
                assert process.poll() is None
                time.sleep(0.05)
        yield port, metrics
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)


def signed(body: bytes) -> dict[str, str]:
    return sign("standard-webhooks", SECRET, body)


def test_the_example_backend(ports: tuple[int, int]) -> None:
    port, metrics = ports
    with httpx.Client(base_url=f"http://127.0.0.1:{port}/api") as client:
        consent = {
            "fingerprint": "f",
            "consent_scopes": ["analytics", "marketing"],
            "consent_at": datetime.now(timezone.utc).isoformat().replace("+00:00", "Z"),
        }
        synced = client.post("/sync?site=acme", json=consent, headers={"origin": ORIGIN})
        assert synced.status_code == 200

        body = b'{"fingerprint":"f"}'
        headers = signed(body)
        call = client.post("/call-event/v2?site=acme", content=body, headers=headers)
        again = client.post("/call-event/v2?site=acme", content=body, headers=headers)
        assert call.json()["status"] == "accepted"
        assert again.json() == {"status": "noop"}

        sale = json.dumps({"call_id": call.json()["call_id"]}).encode()
        sold = client.post("/sale?site=acme", content=sale, headers=signed(sale))
        assert sold.json() == {"status": "noop", "marketing": "enqueued"}
        assert client.post("/sale?site=acme", content=sale).status_code == 401
        for odd in (b"{}", b"\xff", b"[1]", b'{"call_id":1}'):
            assert (
                client.post("/sale?site=acme", content=odd, headers=signed(odd)).status_code == 400
            )
        for query in ("", "?site=", "?site=nobody", "?site=%ff%00", "?site=a&site=b"):
            for path in ("/sync", "/call-event/v2", "/sale"):
                answer = client.post(path + query, content=body, headers=headers)
                assert answer.status_code == 401, path + query
    text = httpx.get(f"http://127.0.0.1:{metrics}/metrics").text
    assert "consentgate_call_events_total 7" in text
    assert httpx.get(f"http://127.0.0.1:{port}/metrics").status_code == 404
