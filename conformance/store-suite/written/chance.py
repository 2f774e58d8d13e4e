"""random.json: seeded sequences with the model's replies, at the ends of what is stored."""

from __future__ import annotations

import base64
import copy
import random
from collections.abc import Callable, Iterator

from model import Model, Unsettled

from .script import NOW_MS, A, Case, Json, M, as_file, bucket, session

ABOUT = "Seeded sequences: the replies are the model's, times lie at the ends of what is stored."
STEPS = 40
SITES = ("one", "two")
OWNERS = ("A", "B", "C", "D")
PEOPLE = ("ann", "ben", "cat")
BUCKETS = (bucket("x", 20_000, 2), bucket("y", 7000, 3), bucket("z", 60_000, 1))
KEEPS = (120_000, 600_000, 900_000)


class Sequence:
    """A case that grows by a step that the documents settle."""

    def __init__(self, name: str, proves: tuple[str, ...], seed: int) -> None:
        self.draw = random.Random(f"consentgate store suite {name} {seed}")
        self.case = Case(f"random: {name} {seed}", proves)
        self.model = Model()
        self.at = 0
        self.names: dict[tuple[str, str], dict[int, str]] = {}
        self.calls = 0
        # Bounds do not change in a sequence: what is over may lend its place to what comes anew.
        self.mosts = {site: self.draw.choice((2, 3, 5, 1000)) for site in SITES}

    def site(self) -> str:
        return self.draw.choices(SITES, (4, 1))[0]

    def grow(self, write: Callable[[Sequence], None]) -> bool:
        """One more step, or none: then the next try draws anew."""
        steps, at = len(self.case.steps), self.at
        model = copy.deepcopy(self.model)
        try:
            self.at = self.next_time()
            write(self)
            for step in self.case.steps[steps:]:
                step["reply"] = self.answer(step)
        except Unsettled:
            del self.case.steps[steps:]
            self.model, self.at = model, at
            return False
        return True

    def answer(self, step: Json) -> Json:
        self.model.set_clock(step["at"])
        request = dict(step["request"])
        person = (request.get("site", ""), request.get("fingerprint", ""))
        by_name = {name: version for version, name in self.names.get(person, {}).items()}
        for name in ("expected", "session_version"):
            if isinstance(request.get(name), dict):
                request[name] = by_name[request[name]["$is"]]
        if "body" in request:
            request["body"] = base64.b64decode(request["body"]["base64"])
        reply: Json = getattr(getattr(self.model, step["role"]), step["method"])(request, 5.0)
        for job in reply.get("jobs", []):
            job["body"] = {"base64": base64.b64encode(job["body"]).decode()}
        if reply.get("session"):
            reply["session"] = {**reply["session"], "version": self.named(person, reply)}
        if step["method"] == "purge":
            reply = {"outcome": "purged", "removed": {"$max": request["limit"]}}
        return reply

    def named(self, person: tuple[str, str], reply: Json) -> Json:
        names = self.names.setdefault(person, {})
        version = reply["session"]["version"]
        if version in names:
            return {"$is": names[version]}
        names[version] = f"{person[0]} {person[1]} {len(names) + 1}"
        return {"$new": names[version]}

    def last_version(self, site: str, who: str) -> str | None:
        """Mostly the version that is stored, if it was ever found; sometimes an older one."""
        names = self.names.get((site, who), {})
        current = self.model.sessions.sessions.get((site, who))
        name = names.get(current["session"]["version"]) if current else None
        if names and self.draw.random() < 0.15:
            return self.draw.choice(sorted(names.values()))
        return name

    def next_time(self) -> int:
        kind = self.draw.random()
        if kind < 0.4:
            return self.at
        if kind < 0.65:
            return self.at + self.draw.randrange(1, 8000)
        if kind < 0.7:
            return self.at - self.draw.randrange(1, 60_000)
        now = NOW_MS + self.at
        ends = sorted({end for end in self.ends() if end > now})
        if not ends:
            return self.at + 1
        near = ends[: 1 + len(ends) // 4]
        return self.draw.choice(near) - NOW_MS + self.draw.choice((-1, 0, 0, 1))

    def ends(self) -> Iterator[int]:
        admission, sessions, calls = self.model.admission, self.model.sessions, self.model.calls
        for claim in admission.claims.values():
            yield from (claim["forget_at"], claim.get("until", 0))
        for place, end in admission.full_at.items():
            yield end
            for own in BUCKETS:
                if own["key"] == place[1]:
                    yield end + own["interval_ms"] * (1 - own["burst"])
        yield from (kept["until"] for kept in sessions.sessions.values())
        yield from sessions.statements.values()
        for floors in (*sessions.floors.each.values(), *calls.tombstones.each.values()):
            yield from (end for _, end in floors)
        for row in calls.rows.values():
            yield row["until"]
            if row["job"]:
                yield from (row["job"]["due_at"], row["job"]["leased_until"])


def admission_step(s: Sequence) -> None:
    draw, c = s.draw, s.case
    labels = sorted(draw.sample(("s1", "s2", "s3", "e1", "e2"), draw.choice((1, 1, 2, 3))))
    owner, site = draw.choice(OWNERS), s.site()
    buckets = draw.sample(BUCKETS, draw.choice((0, 1, 1, 2, 3)))
    kind = draw.random()
    if kind < 0.6:
        claims = [] if draw.random() < 0.1 else labels
        c.admit(s.at, owner, claims, {}, *buckets, site=site, most=s.mosts[site])
        return
    holders = [own for own in s.model.admission.claims.items() if own[1]["state"] == "held"]
    if kind < 0.95 and holders and draw.random() < 0.8:
        # Settle what somebody holds, mostly in their name.
        key, claim = draw.choice(holders)
        site = key[0]
        if kind < 0.8:
            c.commit(s.at, owner, labels, {}, call=draw.choice(("p", "q", None)), site=site,
                     keep=draw.choice(KEEPS))
        else:
            c.release(s.at, owner, labels, {}, *buckets, site=site)
        request = c.steps[-1]["request"]
        held = [own[1] for own, kept in holders if own[0] == site
                and kept["owner"] == claim["owner"]]
        request["owner"] = claim["owner"]
        request["claims"] = sorted({key[1], *draw.sample(held, draw.randrange(len(held) + 1))})
    elif kind < 0.95:
        c.release(s.at, owner, labels, {}, *buckets, site=site)
    else:
        c.purge(s.at, "admission", draw.choice((1, 10, 1000)))


def sessions_step(s: Sequence) -> None:
    draw, c = s.draw, s.case
    who, site, kind = draw.choice(PEOPLE), s.site(), s.draw.random()
    instant = s.at + draw.choice((0, 0, -1, -5, -50_000, -200_000))
    if kind < 0.35:
        c.step(s.at, "sessions", "find", c.person(site, who), {})
    elif kind < 0.8:
        stored: Json | None = session(*draw.choice(((A,), (A, M), ())), granted=instant,
                                      gpc=draw.random() < 0.2)
        floor = (instant, draw.choice(KEEPS)) if draw.random() < 0.15 else None
        if floor and draw.random() < 0.7:
            stored = None
        key = (draw.choice("kl"), draw.choice(KEEPS)) if draw.random() < 0.4 else None
        c.put(s.at, who, {}, stored, expected=s.last_version(site, who), floor=floor, key=key,
              narrowing=draw.random() < 0.2, keep=draw.choice(KEEPS), site=site,
              most=s.mosts[site], most_keys=s.mosts[site])
    elif kind < 0.9:
        c.delete(s.at, who, (instant, draw.choice(KEEPS)), most=s.mosts[site], site=site)
    else:
        c.purge(s.at, "sessions", draw.choice((1, 10, 1000)))
    # Most changes are looked at.
    if c.steps[-1]["method"] in ("put", "delete") and draw.random() < 0.7:
        c.step(s.at, "sessions", "find", c.person(site, who), {})


def calls_step(s: Sequence, together: bool = False) -> None:
    draw, c = s.draw, s.case
    who, site, kind = draw.choice(PEOPLE), s.site(), s.draw.random()
    version = s.last_version(site, who) if together else None
    known = [f"c{number}" for number in range(s.calls)][-4:] or ["c0"]
    if kind < 0.35:
        more = tuple(draw.sample(("p", "q"), draw.choice((0, 0, 1))))
        c.record(s.at, who, f"c{s.calls}", {}, sig=draw.choice(("x", "y", "z", f"n{s.calls}")),
                 more=more, event=draw.choice((None, "e", "f")), version=version,
                 changed=s.at - draw.choice((0, 1, 100, 100_000)), pending=draw.random() < 0.6,
                 body=draw.randbytes(draw.randrange(20)), keep=draw.choice(KEEPS),
                 delay=draw.choice((0, 1000, 60_000)), most=s.mosts[site],
                 most_bytes=10 * s.mosts[site], site=site)
        s.calls += 1
    elif kind < 0.5:
        c.enqueue(s.at, who, draw.choice(known), {}, version=version, keep=draw.choice(KEEPS),
                  delay=draw.choice((0, 1000, 60_000)), site=site)
        rows = [own for own in s.model.calls.rows.items() if not own[1]["job"]]
        if rows and draw.random() < 0.8:  # Of its own person it is asked, and no other.
            (site, call_id), row = draw.choice(rows)
            own = s.last_version(site, row["fingerprint"]) if together else None
            c.steps[-1]["request"] |= {**c.person(site, row["fingerprint"]), "call_id": call_id,
                                       "session_version": c.version(own)}
    elif kind < 0.65:
        c.take(s.at, draw.choice(OWNERS), {}, limit=draw.choice((1, 2, 10)), site=site)
    elif kind < 0.8:
        result = draw.choice(("sent", "cancelled", "failed", "retry", "retry"))
        c.finish(s.at, draw.choice(OWNERS), draw.choice(known), result, {},
                 delay=draw.choice((0, 60_000)) if result == "retry" else None, site=site)
        taken = [own for own in s.model.calls.rows.items() if own[1]["job"]
                 and own[1]["job"]["owner"]]
        if taken and draw.random() < 0.8:
            key, row = draw.choice(taken)
            c.steps[-1]["request"] |= {"site": key[0], "call_id": key[1],
                                       "owner": row["job"]["owner"]}
    elif kind < 0.9:
        c.call(s.at, draw.choice(known), None, site=site)
        rows = sorted(s.model.calls.rows)
        if rows and draw.random() < 0.7:
            c.steps[-1]["request"] |= dict(zip(("site", "call_id"), draw.choice(rows), strict=True))
    elif kind < 0.95:
        tombstone = (s.at - draw.choice((0, 1, 100)), draw.choice(KEEPS))
        if together:
            c.delete(s.at, who, tombstone, most=s.mosts[site], site=site)
        c.erase(s.at, who, tombstone, most=s.mosts[site], site=site)
    else:
        c.purge(s.at, "calls", draw.choice((1, 10, 1000)))


def together_step(s: Sequence) -> None:
    if s.draw.random() < 0.5:
        sessions_step(s)
        if any(step["method"] == "delete" and step["reply"] == {"outcome": "deleted"}
               for step in s.case.steps[-2:]):
            raise Unsettled("a person is deleted and erased in one go")
    else:
        calls_step(s, together=True)


KINDS: tuple[tuple[str, int, tuple[str, ...], Callable[[Sequence], None]], ...] = (
    ("admission", 24, ("law 3", "law 4", "law 10"), admission_step),
    ("sessions", 12, ("law 5", "law 7"), sessions_step),
    ("calls", 12, ("law 3", "law 7"), calls_step),
    ("sessions and calls", 12, ("law 3", "law 5", "law 7"), together_step),
)


def build() -> tuple[str, list[Case]]:
    cases = []
    for name, count, proves, write in KINDS:
        for seed in range(count):
            sequence = Sequence(name, proves, seed)
            tries = 0
            while len(sequence.case.steps) < STEPS:
                tries += 1
                if tries > 40 * STEPS:
                    raise ValueError(f"{sequence.case.name}: nothing is settled any more")
                sequence.grow(write)
            cases.append(sequence.case)
    return as_file(ABOUT, [case.as_json() for case in cases]), cases
