"""Random sequences: drawn step by step, decided by the oracle, written down as in sequences.json.

All that is drawn comes out of a `random.Random`, so that a seed says everything, and a test may
hand in one of its own that shrinks. What the oracle does not pin is not drawn.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from oracle.conversions import REASONS
from oracle.purge import entries
from oracle.signature import parse_secret

from .common import NOW_MS, ORIGIN, Pairs, compact, signed_headers
from .device_run import G1, M1, M2, header, keys
from .device_run import OTHER as MO
from .device_run import secret as derived
from .schemes_run import item, request
from .sequence_run import K1, K2, K3, OTHER, A, M, Run, site
from .sequence_schemes import own

PEOPLE = ("f", "f", "f", "f", "g", "\u00e4\u20ac")
SCHEMES = ("standard-webhooks", "standard-webhooks", "github", "stripe", "slack", "shopify")
LISTINGS = ((K1,), (K1, K2), (K2,), (K2, K3), (K3, K1))
SCOPES = ([], [A], [M], *([A, M],) * 6, [M, A, "other"])
STEPS_MS = (*(1,) * 4, 999, 1000, 5000, 29_999, 30_000, 60_000, 299_000, 599_999, 601_000,
            3_600_000, 21_600_000, 86_400_000)
IPS = (None, "192.0.2.1", "::ffff:192.0.2.1", "2001:db8::1", "2001:db8::2")
RATES = ({"capacity": 3, "per_minute": 2}, {"per_minute": 5, "strict": True},
         {"capacity": 100, "per_minute": 60})
CONSENTS = ({}, {}, {}, {"months": 1}, {"record": [A, M]}, {"policy_version_min": 1})
NAMES = (*("acme",) * 9, " ACME\t", *("other",) * 3, "nobody")
RETIRED_MAX = 8
ENDS = (*("commit",) * 4, "release", None)
# What each listing of keys goes with: master keys, and the generations of devices' secrets.
MASTERS = ((M1,), (M1, M2), (M2,), (M2,), (M2, M1))
GENERATIONS = ([0], [0, 1], [1], [1, 2], [0])
METERS = ("meter-1", "meter-1", "meter-2", "meter-3")


class Drawn(Run):
    """A sequence of two sites: `acme`, of some scheme and under rotation, and `other`."""

    def __init__(self, random: Random, more: dict[str, Any] | None = None) -> None:
        self.random = random
        self.scheme = random.choice(SCHEMES)
        self.pointer = {"event_id_pointer": "/id"} if random.random() < 0.5 else {}
        self.sent: list[tuple[str, Pairs, bytes]] = []
        self.readings: list[tuple[str, str, str, bytes]] = []
        self.latest_ms = NOW_MS
        top: dict[str, Any] = {"conversion": {"delay_s": random.choice((0, 0, 60, 21600)),
                                              "attempts_max": 2}}
        if random.random() < 0.5:
            top["claim"] = {"ttl_s": random.choice((600, 900)), "lease_s": random.choice((10, 60))}
        self.listing = 0
        other = site(OTHER, devices={"keys": keys(MO)})
        super().__init__({"sites": {"acme": self.acme(), "other": other}, **top, **(more or {})})

    def acme(self) -> dict[str, Any]:
        """Its configuration with the keys in force; small rates, so that buckets run empty."""
        more: dict[str, Any] = {
            "rate": self.random.choice(RATES),
            "consent": self.random.choice(CONSENTS),
            "sync": {"per_ip": {"capacity": 4, "per_minute": 2}},
            "admit_rate": self.random.choice(RATES),
            "devices": self.devices(),
        }
        if self.scheme == "standard-webhooks":
            return site(*LISTINGS[self.listing], **more)
        return own(self.scheme, *LISTINGS[self.listing], **self.pointer, **more)

    def devices(self) -> dict[str, Any]:
        """Secrets that go with the keys in force; one device's was given, one may be revoked."""
        third: dict[str, Any] = self.random.choice(({"revoked": True}, {"generations": [1]}))
        return {
            "keys": keys(*MASTERS[self.listing]),
            "generations": GENERATIONS[self.listing],
            "directory": [{"id": "meter-2", "secrets": [G1]}, {"id": "meter-3", **third}],
            "per_device": self.random.choice(RATES),
            "per_ip": self.random.choice(RATES),
        }

    def kinds(self) -> tuple[Callable[[], None], ...]:
        """What a step may be, as often as it is likely."""
        return (*(self.event,) * 10, *(self.reading,) * 5, *(self.copy,) * 5,
                *(self.statement,) * 3, self.confirm, self.confirm, self.forget,
                *(self.consume,) * 3, *(self.settle,) * 3, self.rotate, self.remove,
                *(self.wait,) * 4, self.step_back, self.tidy)

    def draw(self, steps: int) -> None:
        kinds = self.kinds()
        self.sync(None, [A, M], who="f", policy_version=3)
        self.sync(None, [A, M], who="f", name="other")
        for _ in range(steps):
            self.random.choice(kinds)()

    # -- requests ------------------------------------------------------------------------------

    def event(self) -> None:
        """New, or an id again under a new signature; by keys in force, some of them, or others."""
        random = self.random
        name, event_id = random.choice(NAMES), f"e{random.randrange(6)}"
        seconds = self.now_ms // 1000 + random.choice((*(0,) * 12, -299, -301, 300, 301))
        body = self.body(event_id)
        if name == "other":
            headers = signed_headers([OTHER], event_id, max(seconds, 0), body)
        else:
            listed = LISTINGS[self.listing]
            others = ((K1,), (K3,), (OTHER,))
            keys = list(random.choice((*(listed,) * 4, listed[:1], listed[-1:], *others)))
            headers = self.signed(keys, event_id, str(max(seconds, 0)), body)
        self.sent.append((name, headers, body))
        self.send(name, headers, body)

    def signed(self, keys: list[str], event_id: str, seconds: str, body: bytes) -> Pairs:
        if self.scheme == "standard-webhooks":
            return signed_headers(keys, event_id, seconds, body)
        if self.scheme != "stripe":
            keys = keys[:1]
        return request(self.scheme, ",".join(item(self.scheme, key, seconds, body) for key in keys),
                       seconds)

    def body(self, event_id: str) -> bytes:
        members: dict[str, Any] = {"fingerprint": self.random.choice(PEOPLE), "id": event_id}
        if self.random.random() < 0.08:
            members |= self.random.choice((
                {"fingerprint": 1}, {"id": "a.b"}, {"consent_at": 1}, {"x": [{"Consent-At": 0}]},
                {"site_id": "Acme "}, {"site_id": "other"}, {"site_id": None}))
        body = compact(members)
        return body + b"}" if self.random.random() < 0.02 else body

    def copy(self) -> None:
        """What was sent before, as it was, or with a header rewritten."""
        if not self.sent:
            return
        name, headers, body = self.random.choice(self.sent)
        spoilt = self.random.randrange(8)
        if spoilt == 0:
            headers = [(own_name.upper(), value) for own_name, value in headers[::-1]]
        elif spoilt == 1:
            headers = [*headers, headers[0]]
        elif spoilt == 2:
            headers = [*headers[:-1], (headers[-1][0], headers[-1][1] + b" ")]
        elif spoilt == 3:
            body += b" "
        self.send(name, headers, body)

    def send(self, name: str, headers: Pairs, body: bytes) -> None:
        """As a call, or for the host's own work: an event is one, whichever it is given to."""
        if self.random.random() < 0.6:
            self.call(None, headers=headers, body=body, name=name)
        else:
            settle = self.random.choice(ENDS)
            self.admit(None, headers=headers, body=body, name=name, settle=settle)

    def reading(self) -> None:
        """A device's request: new, under a nonce that may be used, or an earlier one once more."""
        random = self.random
        if self.readings and random.random() < 0.4:
            name, value, url, body = random.choice(self.readings)
            spoilt = random.randrange(8)
            if spoilt == 0:
                url += "?"
            elif spoilt == 1:
                body += b" "
            elif spoilt == 2:
                name = random.choice(NAMES)
        else:
            name, value, url, body = self.new_reading()
            self.readings.append((name, value, url, body))
        self.device(name, value, "POST", url, body, random.choice(IPS))

    def new_reading(self) -> tuple[str, str, str, bytes]:
        random = self.random
        name, device = random.choice(NAMES), random.choice(METERS)
        own = name.strip().lower()
        master = MO if own == "other" else random.choice((*MASTERS[self.listing] * 3, M1, M2))
        generation = random.choice((*GENERATIONS[self.listing] * 3, 0, 1))
        key = derived(master, own, device, 0 if own == "other" else generation)
        if device == "meter-2" and own == "acme":
            key = parse_secret(G1)
        seconds = self.now_ms // 1000 + random.choice((*(0,) * 12, -299, -301, 300, 301))
        nonce = f"nonce-{random.randrange(8):010}"
        url, body = f"/v1/{random.randrange(3)}", b"17"
        value = header(key=key, name=own, device=device, url=url, body=body, nonce=nonce,
                       at_s=max(seconds, 0))
        return name, value, url, body

    def statement(self) -> None:
        random = self.random
        more: dict[str, Any] = {}
        if random.random() < 0.7:
            more["policy_version"] = random.randrange(4)
        if random.random() < 0.3:
            more["event_id"] = f"s{random.randrange(3)}"
        headers: Pairs = [("Origin", ORIGIN.encode())]
        if random.random() < 0.2:
            headers.append(("sec-gpc", random.choice((b"1", b"1 ", b"0"))))
        if random.random() < 0.05:
            headers[0] = ("origin", b"https://acme.example.")
        since_ms = self.now_ms - NOW_MS
        instant = since_ms + random.choice((0, 0, -1, -1000, -1000, -90_000, 1000, 400_000))
        self.sync(None, random.choice(SCOPES), instant, who=random.choice(PEOPLE), headers=headers,
                  name=random.choice(NAMES), ip=random.choice(IPS), **more)

    # -- the host's own calls ------------------------------------------------------------------

    def confirm(self) -> None:
        """Of a site in force."""
        name = self.random.choice(("acme", "acme", "other"))
        ids = ["0" * 32, *(f"$call:{n + 1}" for n in range(len(self.gate.seen)))]
        if name in self.gate.sites:
            self.sale(None, self.random.choice(ids[1:] or ids), name)

    def forget(self) -> None:
        self.erase(self.random.choice(PEOPLE), self.random.choice(("acme", "other")))

    def consume(self) -> None:
        """Unless two jobs are due since the same instant: their order is nobody's promise."""
        name = self.random.choice(("acme", "acme", "other"))
        waiting = [row.job.due_ms for row in self.gate.data[name].live_rows(self.now_ms)
                   if row.job and not row.job.final and row.job.due_ms <= self.now_ms]
        if len(set(waiting)) == len(waiting):
            self.take(None, limit=self.random.choice((0, 1, 2, 10)), name=name)

    def settle(self) -> None:
        held = len(self.gate.queue.handed_out)
        if held:
            result = self.random.choice(sorted(REASONS))
            delay_ms = self.random.choice((None, 0, 5000)) if result == "retry" else None
            self.finish(None, result, self.random.randrange(held), delay_ms)

    def tidy(self) -> None:
        """Only after what ended since the last write, which nothing else can have dropped."""
        if all(self.gate.last_write_ms < end or self.now_ms < end for end in self.ends()):
            self.purge(None, self.random.choice((1, 3, 1000)))

    # -- sites and time ------------------------------------------------------------------------

    def rotate(self) -> None:
        """Within the number of keys that a gate remembers."""
        if not self.may_retire():
            return
        self.listing = (self.listing + 1) % len(LISTINGS)
        self.set_site(self.acme())

    def remove(self) -> None:
        if self.random.random() < 0.3 and self.may_retire():
            self.remove_site(self.random.choice(("acme", "other")))

    def may_retire(self) -> bool:
        retired = len(self.gate.data["acme"].retired)
        return retired + len(LISTINGS[self.listing]) <= RETIRED_MAX

    def wait(self) -> None:
        self.now_ms += self.random.choice(STEPS_MS)
        self.latest_ms = max(self.latest_ms, self.now_ms)

    def step_back(self) -> None:
        """Unless something ended meanwhile: whether it is dropped yet is the store's affair."""
        back_ms = self.now_ms - self.random.choice((1, 1000, 30_000, 301_000))
        if back_ms >= NOW_MS and not any(back_ms < end <= self.latest_ms for end in self.ends()):
            self.now_ms = back_ms

    def ends(self) -> list[int]:
        """When each thing ends that ends by itself; keys that are remembered too."""
        found: list[int] = []
        for data in (*self.gate.data.values(), *self.gate.local.values()):
            for role in ("admission", "sessions", "calls"):
                found += [end for _, end in entries(data, role)]
            found += [at_ms + self.remembered_ms() for _, at_ms in data.retired]
        return found

    def remembered_ms(self) -> int:
        return max(self.gate.ttl_ms, 600_000 + self.gate.lease_ms)


def drawn(random: Random, steps: int) -> Drawn:
    """A whole sequence."""
    run = Drawn(random)
    run.draw(steps)
    return run
