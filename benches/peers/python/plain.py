"""What one would write with well-known packages: hmac, cachetools, limits, json."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64decode

from cachetools import TTLCache
from event import KEY, fingerprint
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter


class Plain:
    """The composition, with sessions that have consent."""

    def __init__(self, sessions: int) -> None:
        self._seen: TTLCache[str, bool] = TTLCache(maxsize=4_000_000, ttl=600)
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._limit = RateLimitItemPerMinute(10_000)
        self._sessions = {fingerprint(n): ["analytics", "marketing"] for n in range(sessions)}
        self._calls: list[bytes] = []

    def ask(self, headers: dict[str, str], body: bytes) -> bool | None:
        """Whether a conversion follows; `None` if the event is refused."""
        signature = headers["webhook-signature"]
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        tag = hmac.new(KEY, signed, hashlib.sha256).digest()
        if not hmac.compare_digest(tag, b64decode(signature.removeprefix("v1,"))):
            return None
        if signature in self._seen:
            return None
        self._seen[signature] = True
        person = json.loads(body)["fingerprint"]
        if not self._limiter.hit(self._limit, person):
            return None
        scopes = self._sessions.get(person)
        if scopes is None or "analytics" not in scopes:
            return None
        self._calls.append(body)
        return "marketing" in scopes
