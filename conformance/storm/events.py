"""What a call platform, a browser and a shop send."""

import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from standardwebhooks import Webhook

SECRET = "whsec_" + "c3Rvcm0tc2VjcmV0LW9mLTI0LWJ5dGVzLW9yLW1vcmU="
ORIGIN = "https://storm.example"

# What the person of an event agreed to: both scopes; analytics alone; nothing; or analytics at
# first, and marketing after the event, before its sale is told.
Kind = Literal["marketing", "analytics", "nothing", "late"]
SCOPES: dict[str, list[str]] = {
    "marketing": ["analytics", "marketing"],
    "analytics": ["analytics"],
    "late": ["analytics"],
}


@dataclass(eq=False)
class Event:
    """Repeated as it was while its signature is fresh, then signed anew."""

    id: str
    fingerprint: str
    kind: Kind
    fresh_s: float
    _signed_at: float = field(default=0, init=False)
    _headers: dict[str, str] = field(default_factory=dict, init=False)

    @property
    def body(self) -> bytes:
        return json.dumps({"fingerprint": self.fingerprint, "number": self.id}).encode()

    def headers(self) -> dict[str, str]:
        # The signed time is cut to the second.
        if time.time() - int(self._signed_at) > self.fresh_s:
            self._signed_at = time.time()
            self._headers = signed(self.id, self._signed_at, self.body)
        return self._headers


def signed(message_id: str, at: float, body: bytes) -> dict[str, str]:
    moment = datetime.fromtimestamp(at, UTC)
    return {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at)),
        "webhook-signature": Webhook(SECRET).sign(message_id, moment, body.decode()),
    }


def statement(fingerprint: str, scopes: list[str], at: float) -> tuple[dict[str, str], bytes]:
    moment = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    said = {"fingerprint": fingerprint, "consent_scopes": scopes, "consent_at": moment}
    return {"content-type": "application/json", "origin": ORIGIN}, json.dumps(said).encode()


def sale(call_id: str) -> tuple[dict[str, str], bytes]:
    body = json.dumps({"call_id": call_id}).encode()
    return signed(f"sale_{call_id}", time.time(), body), body
