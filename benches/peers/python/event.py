"""Signed events of 300 bytes, each with an id of its own."""

from __future__ import annotations

import hmac
import time
from base64 import b64encode
from typing import NamedTuple

KEY = b"an example of 32 bytes, no more!"
SECRET = "whsec_" + b64encode(KEY).decode()


class Event(NamedTuple):
    """Headers and body as they come in."""

    headers: dict[str, str]
    body: bytes


def fingerprint(person: int) -> str:
    """The name of a person."""
    return f"fp-{person:08}-0123456789abcdef"


def signed(number: int, body: bytes) -> Event:
    """A body with the headers that make it event `number`."""
    id, at = f"evt_{number:016}", str(int(time.time()))
    tag = hmac.digest(KEY, b"%b.%b.%b" % (id.encode(), at.encode(), body), "sha256")
    signature = "v1," + b64encode(tag).decode()
    headers = {"webhook-id": id, "webhook-timestamp": at, "webhook-signature": signature}
    return Event(headers, body)


def event(number: int, person: int) -> Event:
    """Event `number`, of a person, signed now."""
    body = (
        f'{{"fingerprint": "{fingerprint(person)}", "event": "call.completed", '
        f'"seconds": {number % 900}, "from": "tracking-pool-7", "campaign": '
        '{"source": "search", "medium": "cpc", "term": "roof repair"}, "note": "'
    )
    return signed(number, body.encode().ljust(298, b"x") + b'"}')


class Source:
    """Fresh events, by persons in an order that no cache foresees."""

    def __init__(self, persons: int) -> None:
        self._persons = persons
        self._number = 0

    def take(self, count: int) -> list[Event]:
        """The next ones."""
        first, self._number = self._number, self._number + count
        # A prime that divides no number of persons: everybody's turn comes.
        return [event(n, n * 7_368_787 % self._persons) for n in range(first, self._number)]
