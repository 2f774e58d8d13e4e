"""What all case modules share: fixed secrets, a fixed instant, base64, the collector."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from oracle import ed25519
from oracle.keys import sign

Case = dict[str, Any]
Pairs = list[tuple[str, bytes]]

NOW_S = 1_700_000_000
NOW_MS = NOW_S * 1000
ORIGIN = "https://acme.example"


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def key_of(label: str, length: int = 32) -> bytes:
    """Deterministic key bytes; nothing here is a real secret."""
    out = b""
    while len(out) < length:
        out += hashlib.sha256(f"consentgate vectors {label} {len(out)}".encode()).digest()
    return out[:length]


def secret_of(label: str, length: int = 32) -> str:
    return "whsec_" + b64(key_of(label, length))


def seed_of(label: str) -> bytes:
    """The private half of a pair for `v1a`."""
    return key_of(f"ed25519 {label}")


def private_of(label: str) -> str:
    return "whsk_" + b64(seed_of(label) + ed25519.public_of(seed_of(label)))


def public_of(label: str) -> str:
    return "whpk_" + b64(ed25519.public_of(seed_of(label)))


def compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def pairs_json(headers: Pairs) -> list[list[str]]:
    return [[name, b64(value)] for name, value in headers]


def signed_headers(
    secrets: list[str], id_text: str, timestamp: str | int, body: bytes
) -> Pairs:
    """The three headers, with one token for each secret or private key given."""
    tokens = [sign(s, id_text, str(timestamp), body) for s in secrets]
    return [
        ("webhook-id", id_text.encode()),
        ("webhook-timestamp", str(timestamp).encode()),
        ("webhook-signature", " ".join(tokens).encode()),
    ]


class Collector:
    """Cases with unique names."""

    def __init__(self, about: str) -> None:
        self.about = about
        self.cases: list[Case] = []
        self.names: set[str] = set()

    def add(self, name: str, note: str, **fields: Any) -> None:
        if name in self.names:
            raise ValueError(f"two cases are called `{name}`")
        self.names.add(name)
        self.cases.append({"name": name, "note": note, **fields})

    def text(self) -> str:
        """A case a line, ASCII only: stable, and a diff shows the case that changed."""
        head = f'{{\n"about": {json.dumps(self.about)},\n"count": {len(self.cases)},\n"cases": [\n'
        lines = [json.dumps(case, separators=(", ", ": ")) for case in self.cases]
        return head + ",\n".join(lines) + "\n]\n}\n"
