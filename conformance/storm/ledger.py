"""What was answered, and whether the rows and the queue say the same."""

import json
from collections import Counter
from dataclasses import dataclass, field

from events import Event
from world import World

# What an honest sender meets on its way: the same event is being processed, or a store is away.
RETRIED = (409, 503)


@dataclass
class Ledger:
    events: dict[str, Event] = field(default_factory=dict)
    answers: Counter[int] = field(default_factory=Counter)
    accepted: Counter[str] = field(default_factory=Counter)
    # Deliveries of events that had a final answer.
    ended: int = 0
    sold: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)

    def fault(self, text: str) -> None:
        self.faults.append(text)

    def faults_of_stores(self, here: World) -> list[str]:
        """Laws 3 and 4, over all events that were ever sent."""
        return [
            *self._faults_of_rows(here),
            *self._faults_of_jobs(here),
            *self._faults_of_answers(),
        ]

    def _faults_of_rows(self, here: World) -> list[str]:
        found = Counter(
            here.engines.sql(
                f"SELECT event_id FROM consentgate.calls WHERE site_id = '{here.site}'"
            )
        )
        wanted = Counter(event.id for event in self.events.values() if event.kind != "nothing")
        return differences("rows", found, wanted)

    def _faults_of_jobs(self, here: World) -> list[str]:
        """What the queue gives out: all of it is due at once."""
        request = {"site": here.site, "owner": "ab" * 16, "limit": 1_000_000, "lease_ms": 60_000}
        reply = here.engines.sql(f"SELECT consentgate.take_conversions('{json.dumps(request)}')")
        found = Counter(job["event_id"] for job in json.loads("".join(reply))["jobs"])
        wanted = Counter(
            event.id
            for event in self.events.values()
            if event.kind == "marketing" or event.id in self.sold
        )
        return differences("jobs", found, wanted)

    def _faults_of_answers(self) -> list[str]:
        return [
            f"{event_id} was accepted {count} times"
            for event_id, count in self.accepted.items()
            if count > 1
        ]


def differences(what: str, found: Counter[str], wanted: Counter[str]) -> list[str]:
    more, less = found - wanted, wanted - found
    return [
        *(f"{what}: {event_id}, {count} too many" for event_id, count in more.items()),
        *(f"{what}: {event_id} is missing" for event_id in less),
    ]
