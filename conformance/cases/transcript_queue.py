"""transcripts.json: take_conversions, finish_conversion, purge."""

from __future__ import annotations

from typing import Any

from oracle import wire
from oracle.conversions import backoff_ms, not_taken, taken

from .common import NOW_MS, Case, b64
from .sequence_run import K1, A, M, site
from .transcript_run import (
    ANY,
    FAILURES,
    FULL,
    Effect,
    config,
    effect,
    find,
    nonsense,
    out,
    session,
)

DAY_MS = 86_400_000
LOST = {"outcome": "lost"}
GONE = session(A, narrowed=True)


class Job:
    """A job as `take` replies it, and as the gate hands it out."""

    def __init__(self, n: int = 1, who: str = "f", attempts: int = 1, **more: Any) -> None:
        self.who, self.attempts = who, attempts
        self.call_id = more.get("call_id", f"{n:032x}")
        self.event_id = more.get("event_id", f"e{n}")
        self.received_at_ms = more.get("received_at_ms", NOW_MS - DAY_MS // 2 + n)
        self.body: bytes = more.get("body", b'{"fingerprint":"%s","n":%d}' % (who.encode(), n))

    def members(self, **body: Any) -> dict[str, Any]:
        return {"call_id": self.call_id, "fingerprint": self.who, "event_id": self.event_id,
                "received_at_ms": self.received_at_ms, **body, "attempts": self.attempts}

    def reply(self, **wrong: Any) -> dict[str, Any]:
        return {**self.members(body={"$base64": b64(self.body)}), **wrong}

    def given(self) -> dict[str, Any]:
        return self.members(body_b64=b64(self.body))

    def finish(self, result: str, reply: Any = None, delay_ms: int | None = None) -> Effect:
        return effect("calls", "finish", {
            "site": "acme", "call_id": self.call_id, "owner": ANY, "result": result,
            "delay_ms": delay_ms}, reply or {"outcome": "finished"})

    def find(self, stored: Any) -> Effect:
        return find(stored, who=self.who)


def take(jobs: Any = (), limit: int = 10, lease_ms: int = 300_000) -> Effect:
    """`jobs`: what is due, or one of the failures."""
    reply = jobs if isinstance(jobs, str) else {"jobs": [job.reply() for job in jobs]}
    return effect("calls", "take", {
        "site": "acme", "owner": ANY, "limit": limit, "lease_ms": lease_ms}, reply)


def gave(*jobs: Job, cancelled: int = 0) -> dict[str, Any]:
    return taken([job.given() for job in jobs], cancelled)


def failed(stage: str) -> dict[str, Any]:
    return not_taken("store_failed", stage)


def taking(name: str, note: str, effects: list[Effect], expect: dict[str, Any], *,
           limit: int = 10, asked: str = "acme", gate: dict[str, Any] | None = None,
           before: list[Case] | None = None, then: list[Case] | None = None) -> None:
    more = {} if then is None else {"then": then}
    out.add(name, note, config=gate or config(), before=before or [], do="take_conversions",
            site=asked, limit=limit, now_ms=NOW_MS, effects=effects, expect=expect, **more)


def take_flow() -> None:
    one, two, three, four = (Job(n, who) for n, who in enumerate("fghi", 1))
    law = "law 5: consent is judged once more when a job leaves the queue"
    taking("take: nothing due", "200 as well", [take()], gave())
    taking("take: one", law, [take([one]), one.find(FULL)], gave(one))
    taking("take: apart", "sessions apart: the same effects", [take([one]), one.find(FULL)],
           gave(one), gate=config(True))
    for name, stored in (
        ("no session", None), ("withdrawn", GONE), ("never granted", session(A)),
        ("expired", session(A, M, granted_at_ms=NOW_MS - 200 * DAY_MS)),
        ("from the future", session(A, M, granted_at_ms=NOW_MS + 300_001)),
    ):
        taking(f"take: {name}", law + "; cancelled is final", [
            take([one]), one.find(stored), one.finish("cancelled")], gave(cancelled=1))
    taking("take: marketing without analytics", "convert needs what it lists", [
        take([one]), one.find(session(M))], gave(one))
    taking("take: four, mixed", "job by job, in the order given", [
        take([one, two, three, four]), one.find(FULL), two.find(GONE), two.finish("cancelled"),
        three.find(None), three.finish("cancelled"), four.find(FULL)], gave(one, four, cancelled=2))
    again = Job(2, "f")
    taking("take: two of one person", "each is judged by itself: what changes in between counts", [
        take([one, again]), one.find(FULL), again.find(GONE), again.finish("cancelled")],
        gave(one, cancelled=1))
    strict = site(consent={"record": [A], "convert": [M, "ads"], "policy_version_min": 2})
    told = [{"do": "set_site", "site": "acme", "site_config": strict, "now_ms": NOW_MS}]
    taking("take: by the site's rules as they are now", law, [
        take([one, two, three]), one.find(FULL), one.finish("cancelled"),
        two.find(session(A, M, "ads", policy_version=2)),
        three.find(session(A, M, "ads", policy_version=1)), three.finish("cancelled")],
        gave(two, cancelled=2), before=told)
    for n, body in enumerate((b"", b"\x00\xff\xfe{", "\u00e9\U0001f600".encode())):
        odd = Job(1, "\u00e9 '\"", body=body, event_id=None, received_at_ms=0)
        taking(f"take: odd job {n}", "byte for byte as it came; an event without an id", [
            take([odd]), odd.find(FULL)], gave(odd))
    take_attempts()
    take_limits()
    take_failures()


def take_attempts() -> None:
    last, over, fine = Job(1, attempts=10), Job(2, attempts=11), Job(3)
    note = "a job is taken as often as it is due: only its result may end it"
    taking("take: often, among others", note, [
        take([last, over, fine]), last.find(FULL), over.find(FULL), fine.find(FULL)],
        gave(last, over, fine))
    once = config(conversion={"attempts_max": 1, "lease_s": 7})
    twice = Job(4, attempts=2)
    taking("take: rules of a configuration", "lease and attempts", [
        take([fine, twice], lease_ms=7000), fine.find(FULL), twice.find(FULL)], gave(fine, twice),
        gate=once)


def take_limits() -> None:
    one = Job()
    taking("take: limit 0", "no store is asked", [], gave(), limit=0)
    for limit, asked in ((1, 1), (999, 999), (1000, 1000), (1001, 1000), (1_000_000_000, 1000)):
        taking(f"take: limit {limit}", "law 9: a thousand at the most", [
            take([one], asked), one.find(FULL)], gave(one), limit=limit)
    unknown = not_taken("unknown_site", "take")
    for name in ("x", "", "ac me", "acme!"):
        taking(f"take: unknown site `{name}`", "law 8: no store is asked", [], unknown, asked=name)
    taking("take: site id to be normalised", "law 8: stores see the normalised id", [
        take([one]), one.find(FULL)], gave(one), asked=" ACME\t")
    taking("take: removed site", "its rules are gone: nothing can be judged", [], unknown,
           before=[{"do": "remove_site", "site": "acme", "now_ms": NOW_MS}])


def take_failures() -> None:
    one, two, three = (Job(n, who) for n, who in enumerate("fgh", 1))
    for failure in FAILURES:
        taking(f"take: take {failure}", "law 11", [take(failure)], failed("take"))
        taking(f"take: find {failure}", "law 11: nothing was granted", [
            take([one, two]), one.find(failure)], failed("session"))
        taking(f"take: cancelled, then find {failure}", "law 11: nothing was granted before it", [
            take([one, two]), one.find(None), one.finish("cancelled"), two.find(failure)],
            failed("session"))
        taking(f"take: granted, then find {failure}", "what was granted is handed out; the rest is "
               "left to its lease", [take([one, two, three]), one.find(FULL), two.find(failure)],
               gave(one))
        taking(f"take: granted and cancelled, then find {failure}", "both count", [
            take([one, two, three]), one.find(FULL), two.find(GONE), two.finish("cancelled"),
            three.find(failure)], gave(one, cancelled=1))
        taking(f"take: finish {failure}", "not cancelled: taken and judged again when its lease is "
               "over", [take([one, two]), one.find(None), one.finish("cancelled", failure),
                        two.find(FULL)], gave(two))
        taking(f"take: finish {failure}, nothing else", "200: the queue was looked at", [
            take([one]), one.find(GONE), one.finish("cancelled", failure)], gave())
    taking("take: finish lost", "nothing changed, so it is not this one's to count", [
        take([one, two, three]), one.find(None), one.finish("cancelled", LOST), two.find(FULL),
        three.find(GONE), three.finish("cancelled")], gave(two, cancelled=1))
    good = one.reply()
    jobs: tuple[Any, ...] = (
        None, 1, "job", [], {}, {k: v for k, v in good.items() if k != "event_id"},
        {k: v for k, v in good.items() if k != "body"}, one.reply(body=None),
        one.reply(body="eyJ9"), one.reply(body=[123, 125]), one.reply(call_id="1"),
        one.reply(call_id="F" * 32), one.reply(fingerprint=""), one.reply(fingerprint="a\0b"),
        one.reply(fingerprint=None), one.reply(event_id=""), one.reply(event_id="a.b"),
        one.reply(event_id=7), one.reply(received_at_ms=-1), one.reply(received_at_ms="0"),
        one.reply(received_at_ms=None), one.reply(attempts=-1), one.reply(attempts="1"),
        one.reply(attempts=1.5), one.reply(attempts=None), one.reply(attempts=True),
    )
    for i, job in enumerate(jobs):
        taking(f"take: nonsense job {i}", "law 11, field 43: strictly typed; none of them counts", [
            nonsense(take(), {"jobs": [two.reply(), job]})], failed("take"))
    replies: tuple[Any, ...] = (
        None, [], {}, [good], {"jobs": None}, {"jobs": {}}, {"jobs": "none"}, {"jobs": 0},
        {"jobs": {"0": good}}, {"outcome": "taken"}, {"outcome": "finished"},
    )
    for i, reply in enumerate(replies):
        taking(f"take: nonsense {i}", "law 11: never a guess", [nonsense(take(), reply)],
               failed("take"))
    taking("take: more than asked for", "law 9, 11: a store that does not count has failed", [
        nonsense(take(limit=1), {"jobs": [good, two.reply()]})], failed("take"), limit=1)


def then_finish(result: str, effects: list[Effect], expect: dict[str, Any], *, job: int = 0,
                retry_in_ms: int | None = None, ms: int = 1000) -> Case:
    return {"do": "finish_conversion", "job": job, "result": result, "retry_in_ms": retry_in_ms,
            "now_ms": NOW_MS + ms, "effects": effects, "expect": expect}


def then_site(do: str, **more: Any) -> Case:
    return {"do": do, "site": "acme", **more, "now_ms": NOW_MS, "effects": [], "expect": None}


def finishing(name: str, note: str, job: Job, *then: Case,
              gate: dict[str, Any] | None = None) -> None:
    taking(f"finish: {name}", note, [take([job]), job.find(FULL)], gave(job), gate=gate,
           then=list(then))


REASONS = {"sent": "conversion_sent", "failed": "conversion_failed", "retry": "conversion_put_back"}


def ended(result: str) -> dict[str, Any]:
    return wire.decision(REASONS[result], "finish")


def finish_flow() -> None:
    job, minute = Job(), 60_000
    store_failed = wire.decision("store_failed", "finish")
    lost = wire.decision("lease_lost", "finish")
    for result in ("sent", "failed", "retry"):
        delay_ms = minute if result == "retry" else None
        finishing(result, "ended by the one who holds it", job, then_finish(
            result, [job.finish(result, None, delay_ms)], ended(result)))
        finishing(f"{result}, lost", "field 22: somebody else's by now; nothing changed", job,
                  then_finish(result, [job.finish(result, LOST, delay_ms)], lost))
        for failure in FAILURES:
            finishing(f"{result}, {failure}", "law 11; asked again, it is answered", job,
                      then_finish(result, [job.finish(result, failure, delay_ms)], store_failed),
                      then_finish(result, [job.finish(result, None, delay_ms)], ended(result)))
        finishing(f"{result}, removed site", "the site need not be configured any more", job,
                  then_site("remove_site"),
                  then_finish(result, [job.finish(result, None, delay_ms)], ended(result)))
    finishing("another configuration of the site", "it says nothing of jobs", job,
              then_site("set_site", site_config=site(K1, consent={"convert": ["ads"]})),
              then_finish("sent", [job.finish("sent")], ended("sent")))
    finishing("twice", "the store knows", job,
              then_finish("sent", [job.finish("sent")], ended("sent")),
              then_finish("failed", [job.finish("failed", LOST)], lost))
    finishing("after its lease", "the store knows whether it is somebody else's", job,
              then_finish("sent", [job.finish("sent")], ended("sent"), ms=DAY_MS))
    for i, reply in enumerate((None, {}, [], "finished", {"outcome": "FINISHED"}, {"outcome": None},
                               {"outcome": "settled"}, {"outcome": "sent"}, {"jobs": []})):
        finishing(f"nonsense {i}", "law 11: never a guess", job, then_finish(
            "sent", [nonsense(job.finish("sent"), reply)], store_failed))
    for delay_ms in (0, 1, 5000, 6 * 3600 * 1000 + 1, 30 * DAY_MS):
        finishing(f"retry in {delay_ms} ms", "a delay of its own, whatever the back-off says", job,
                  then_finish("retry", [job.finish("retry", None, delay_ms)], ended("retry"),
                              retry_in_ms=delay_ms))
    finish_backoff()
    first, second = Job(1), Job(2, "g")
    taking("finish: two, the other way round", "each ends by itself", [
        take([first, second]), first.find(FULL), second.find(FULL)], gave(first, second), then=[
            then_finish("failed", [second.finish("failed")], ended("failed"), job=1),
            then_finish("sent", [first.finish("sent")], ended("sent"))])


def finish_backoff() -> None:
    patient = {"attempts_max": 1000}
    for rules, waits_s in (
        ({}, {1: 60, 2: 120, 3: 240, 9: 15_360}),
        (patient, {9: 15_360, 10: 21_600, 11: 21_600, 999: 21_600}),
        ({**patient, "backoff_s": 1}, {1: 1, 2: 2, 15: 16_384, 16: 21_600, 60: 21_600}),
        ({**patient, "backoff_s": 21_599}, {1: 21_599, 2: 21_600}),
        ({**patient, "backoff_s": 21_600}, {1: 21_600, 2: 21_600}),
        ({**patient, "backoff_s": 21_601}, {1: 21_601, 2: 21_601, 40: 21_601}),
        ({**patient, "backoff_s": 86_400}, {1: 86_400, 5: 86_400}),
    ):
        for attempts, wait_s in waits_s.items():
            backoff_s = rules.get("backoff_s", 60)
            assert backoff_ms(backoff_s, attempts) == wait_s * 1000, (rules, attempts)
            job, limit = Job(attempts=attempts), rules.get("attempts_max", 10)
            finishing(f"retry after attempt {attempts} of {limit}, back-off {backoff_s} s",
                      "doubled for each earlier attempt, at most 6 h or the first itself", job,
                      then_finish("retry", [job.finish("retry", None, wait_s * 1000)],
                                  ended("retry")), gate=config(conversion=rules))
    for rules, attempts in (({}, 10), ({"attempts_max": 1}, 1), ({"attempts_max": 3}, 3)):
        for retry_in_ms in (None, 5000):
            job = Job(attempts=attempts)
            finishing(f"retry {retry_in_ms} after attempt {attempts}, the last",
                      "taken attempts_max times: failed instead of put back", job,
                      then_finish("retry", [job.finish("failed")], ended("failed"),
                                  retry_in_ms=retry_in_ms), gate=config(conversion=rules))
    job = Job(attempts=10)
    finishing("sent at the last attempt", "sent is sent", job,
              then_finish("sent", [job.finish("sent")], ended("sent")))


def purge_flow() -> None:
    roles = ("admission", "sessions", "calls")

    def asked(role: str, reply: Any, limit: int = 10) -> Effect:
        told = reply if isinstance(reply, str) else {"outcome": "purged", "removed": reply}
        return effect(role, "purge", {"limit": limit}, told)

    def purging(name: str, note: str, effects: list[Effect], reason: str, removed: int,
                limit: int = 10) -> None:
        out.add(f"purge: {name}", note, config=config(), before=[], do="purge", limit=limit,
                now_ms=NOW_MS, effects=effects,
                expect={**wire.decision(reason, "purge"), "removed": removed})

    for counts in ((0, 0, 0), (1, 2, 3), (10, 0, 0), (0, 10, 0), (0, 0, 10), (10, 10, 10)):
        purging(f"{counts}", "each role for at most the limit, in this order", [
            asked(role, count) for role, count in zip(roles, counts, strict=True)], "purged",
            sum(counts))
    for limit in (0, 1, 1_000_000):
        purging(f"limit {limit}", "each role is asked for as many", [
            asked(role, limit, limit) for role in roles], "purged", 3 * limit, limit)
    for failure in FAILURES:
        for failing in range(1, 8):
            told = [failure if failing >> at & 1 else at + 1 for at in range(3)]
            names = [role for at, role in enumerate(roles) if failing >> at & 1]
            purging(f"{' and '.join(names)} {failure}", "law 11: 503, and the others are asked all "
                    "the same", [asked(role, reply) for role, reply in zip(
                        roles, told, strict=True)], "store_failed",
                    sum(count for count in told if isinstance(count, int)))
    replies: tuple[Any, ...] = (
        None, [], {}, 3, {"removed": 3}, {"outcome": "purged"},
        {"outcome": "deleted", "removed": 3}, {"outcome": "purged", "removed": -1},
        {"outcome": "purged", "removed": "3"}, {"outcome": "purged", "removed": None},
        {"outcome": "purged", "removed": 1.5}, {"outcome": "purged", "removed": True},
        {"outcome": "purged", "removed": 11},
    )
    for i, reply in enumerate(replies):
        purging(f"nonsense {i}", "law 11: never a guess", [
            asked("admission", 1), nonsense(asked("sessions", 0), reply), asked("calls", 2)],
            "store_failed", 3)
