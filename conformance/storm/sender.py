"""Honest senders: they repeat what got no final answer, at whichever backend comes next."""

import asyncio
import json
import random
import time
from collections.abc import Callable

from backends import Backend
from events import SCOPES, Event, sale, statement
from http_line import Answer, Gone, TooSlow
from ledger import RETRIED, Ledger
from world import QUICK_TOLERANCE_S

# By then everything is up again for long; an event that has no final answer is lost.
ENDS_S = 120
PAUSE_MAX_S = 1.0
EVENT_PATH = "/api/call-event/v2?site="
SYNC_PATH = "/api/sync?site="
SALE_PATH = "/api/sale?site="

Message = Callable[[], tuple[dict[str, str], bytes]]


class Sender:
    def __init__(self, site: str, backends: list[Backend], ledger: Ledger, seed: int) -> None:
        self._site = site
        self._backends = backends
        self._ledger = ledger
        self._random = random.Random(seed)

    async def deliver(self, event: Event) -> str | None:
        """The call's id, if this delivery was the one that made it."""
        self._ledger.events[event.id] = event
        answer = await self._repeat(EVENT_PATH, lambda: (event.headers(), event.body), event.id)
        if answer is None:
            return None
        self._ledger.ended += 1
        wanted = 204 if event.kind == "nothing" else 200
        if answer.status != wanted:
            self._ledger.fault(f"{event.id} ({event.kind}) was answered {answer.status}")
        said = json.loads(answer.body) if answer.status == 200 else {}
        if said.get("status") != "accepted":
            return None
        self._ledger.accepted[event.id] += 1
        return str(said["call_id"])

    async def state(self, fingerprint: str, scopes: list[str], at: float) -> None:
        """A visitor's statement of consent."""
        answer = await self._repeat(
            SYNC_PATH, lambda: statement(fingerprint, scopes, at), fingerprint
        )
        if answer is not None and answer.status != 200:
            self._ledger.fault(f"a grant of {fingerprint} was answered {answer.status}")

    async def sell(self, event: Event, call_id: str) -> None:
        answer = await self._repeat(SALE_PATH, lambda: sale(call_id), event.id)
        if answer is None:
            return
        if answer.status != 200 or json.loads(answer.body).get("marketing") != "enqueued":
            self._ledger.fault(f"the sale of {event.id} was answered {answer.status}")
        self._ledger.sold.add(event.id)

    async def _repeat(self, path: str, message: Message, what: str) -> Answer | None:
        end = time.monotonic() + ENDS_S
        pause = 0.1
        while time.monotonic() < end:
            backend = self._random.choice(self._backends)
            headers, body = message()
            try:
                answer = await backend.post(path + self._site, headers, body)
            except Gone:
                # Dead at the moment, or an idle connection that it had closed.
                await asyncio.sleep(0.02 + 0.08 * self._random.random())
                continue
            except TooSlow as error:
                self._ledger.fault(f"{what} at {backend.name}: {error}")
                return None
            self._ledger.answers[answer.status] += 1
            if answer.status not in RETRIED and not too_late(answer, headers):
                return answer
            await asyncio.sleep(pause * (0.5 + self._random.random()))
            pause = min(2 * pause, PAUSE_MAX_S)
        self._ledger.fault(f"{what} had no final answer within {ENDS_S} s")
        return None


def too_late(answer: Answer, headers: dict[str, str]) -> bool:
    """The machine was so busy that the signature was old when it was looked at."""
    signed_at = int(headers.get("webhook-timestamp", "0"))
    return answer.status == 401 and signed_at != 0 and time.time() - signed_at > QUICK_TOLERANCE_S


async def tell(event: Event, first: Sender, others: list[Sender]) -> None:
    """A story: consent, its event from several senders at once, perhaps a late grant and a sale."""
    if event.kind in SCOPES:
        await first.state(event.fingerprint, SCOPES[event.kind], time.time() - 60)
    made = await asyncio.gather(*(sender.deliver(event) for sender in [first, *others]))
    if event.kind != "late":
        return
    await first.state(event.fingerprint, ["analytics", "marketing"], time.time())
    for call_id in filter(None, made):
        await first.sell(event, call_id)
