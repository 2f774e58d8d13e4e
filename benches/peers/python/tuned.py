"""The same with care: an HMAC in one call, dicts that drop what is over, buckets of one number."""

from __future__ import annotations

import json
from binascii import a2b_base64
from hmac import compare_digest, digest
from time import monotonic

from event import KEY, fingerprint

TTL_S = 600.0
WINDOW_S = 60.0
INTERVAL_S = 0.006


class Tuned:
    """The composition, with sessions that have consent."""

    def __init__(self, sessions: int) -> None:
        self._seen: dict[bytes, float] = {}
        self._full_at: dict[str, float] = {}
        self._sessions = {fingerprint(n): 3 for n in range(sessions)}
        self._calls: list[bytes] = []

    def ask(self, headers: dict[str, str], body: bytes) -> bool | None:
        """Whether a conversion follows; `None` if the event is refused."""
        id, at = headers["webhook-id"].encode(), headers["webhook-timestamp"].encode()
        tag = digest(KEY, b"%b.%b.%b" % (id, at, body), "sha256")
        if not compare_digest(tag, a2b_base64(headers["webhook-signature"][3:])):
            return None
        now = monotonic()
        seen = self._seen
        if tag in seen:
            return None
        oldest = next(iter(seen), tag)
        if seen.get(oldest, now) < now:
            del seen[oldest]
        seen[tag] = now + TTL_S
        person = json.loads(body)["fingerprint"]
        full_at = self._full_at.get(person, now)
        if full_at > now + WINDOW_S:
            return None
        self._full_at[person] = max(full_at, now) + INTERVAL_S
        scopes = self._sessions.get(person, 0)
        if not scopes & 1:
            return None
        self._calls.append(body)
        return scopes & 2 != 0
