"""Every answer byte for byte, each brought about by what leads to it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain, repeat
from typing import Any, Literal

import pytest
from consentgate import Decision, Gate, sign, sign_device

from .forked import in_child
from .support import BODY, NOW, ORIGIN, SECRET, Json, cases, config, event, host_config, statement

CALL_ID = "00112233445566778899aabbccddeeff"
SESSION: Json = {
    "version": 1,
    "scopes": ["analytics", "marketing"],
    "granted_at_ms": NOW * 1000,
    "changed_at_ms": NOW * 1000,
    "policy_version": None,
    "gpc": False,
    "narrowed": False,
}
JOB: Json = {
    "call_id": CALL_ID,
    "fingerprint": "f",
    "event_id": "e1",
    "received_at_ms": NOW * 1000,
    "body": BODY,
    "attempts": 1,
}
REPLIES: Json = {
    "admission.admit": {"outcome": "admitted", "takeover": False},
    "admission.settle": {"outcome": "settled"},
    "sessions.find": {"session": SESSION, "floor_ms": None},
    "sessions.put": {"outcome": "stored"},
    "sessions.delete": {"outcome": "deleted"},
    "calls.record": {"outcome": "inserted", "marketing": "enqueued"},
    "calls.find": {"call": {"fingerprint": "f"}},
    "calls.enqueue": {"outcome": "enqueued"},
    "calls.erase": {"outcome": "erased"},
    "calls.take": {"jobs": []},
    "calls.finish": {"outcome": "finished"},
    "admission.purge": {"outcome": "purged", "removed": 0},
    "sessions.purge": {"outcome": "purged", "removed": 0},
    "calls.purge": {"outcome": "purged", "removed": 0},
}


class Scripted:
    """A store that replies what it was told to."""

    def __init__(self, store: object, role: str, replies: Json) -> None:
        self.store = store
        for name, reply in replies.items():
            if name.startswith(role):
                setattr(self, name.removeprefix(f"{role}."), self._method(reply))

    @staticmethod
    def _method(reply: Any) -> Callable[[Json, float], Any]:
        return lambda request, timeout_s: reply


def stores(**replies: Any) -> dict[str, object]:
    told = REPLIES | {name.replace("__", "."): reply for name, reply in replies.items()}
    store = object()
    return {role: Scripted(store, role, told) for role in ("admission", "sessions", "calls")}


def answered(document: Json | None = None, **replies: Any) -> Decision:
    """A signed event under these replies."""
    gate = Gate(document or host_config(), stores(**replies))
    return gate.call_event("acme", event(), BODY, now=NOW)


def judged(site: Json | None = None, **session: Any) -> Decision:
    found = {"session": SESSION | session, "floor_ms": None}
    return answered(host_config(site=site or {}), sessions__find=found)


def refused(body: bytes) -> Decision:
    return Gate(config()).call_event("acme", event(body=body), body, now=NOW)


def signed(at: float = NOW, site: str = "acme", body: bytes = BODY, **headers: str) -> Decision:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Gate(config()).call_event(site, event(at=at) | names, body, now=NOW)


def synced(*scopes: str, body: bytes | None = None, origin: str = ORIGIN) -> Decision:
    body = statement(*scopes) if body is None else body
    return Gate(host_config(), stores()).sync_session("acme", {"origin": origin}, body, now=NOW)


def sale(**replies: Any) -> Decision:
    return Gate(host_config(), stores(**replies)).confirm_sale("acme", CALL_ID, now=NOW)


def finished(result: Literal["sent", "failed", "retry"], **replies: Any) -> Decision:
    """A conversion that was taken, and how sending it went."""
    gate = Gate(host_config(), stores(calls__take={"jobs": [JOB]}, **replies))
    (job,) = gate.take_conversions("acme", 1, now=NOW).conversions
    return gate.finish_conversion(job, result, now=NOW)


def without_event_id() -> Decision:
    gate = Gate(config(site={"scheme": "slack", "event_id_pointer": "/id"}))
    return gate.call_event("acme", sign("slack", SECRET, BODY, now=NOW), BODY, now=NOW)


def late() -> Decision:
    told = chain((NOW, NOW), repeat(NOW + 29))
    return Gate(host_config(), stores(), lambda: next(told)).call_event("acme", event(), BODY)


def forked() -> Decision:
    gate = Gate(config())
    return in_child(lambda: gate.call_event("acme", event(), BODY, now=NOW))


def admitted(end: str, **replies: Any) -> Decision:
    """An event that was let in for work of the host's own, which ends like that."""
    admission = Gate(host_config(), stores(**replies)).admit("acme", event(), BODY, now=NOW)
    ended: Decision = getattr(admission, end)()
    return ended


def of_device(device_id: str = "meter-7", **replies: Any) -> Decision:
    """A device's request at a site that knows `meter-7`."""
    devices = {"directory": [{"id": "meter-7", "secrets": [SECRET[:-4] + "AAA="]}]}
    gate = Gate(host_config(site={"devices": devices}), stores(**replies))
    line = {"site": "acme", "method": "GET", "url": "/"}
    headers = sign_device(SECRET[:-4] + "AAA=", device_id, b"", now=NOW, **line)
    return gate.device(headers, b"", now=NOW, **line)


BY_REASON: dict[str, Callable[[], Decision]] = {
    "accepted": answered,
    "duplicate": lambda: answered(
        admission__admit={"outcome": "done", "result": "accepted", "call_id": CALL_ID}
    ),
    "stored": lambda: synced("analytics"),
    "enqueued": sale,
    "already_enqueued": lambda: sale(calls__enqueue={"outcome": "already"}),
    "skipped": lambda: sale(sessions__find={"session": None, "floor_ms": None}),
    "erased": lambda: Gate(host_config(), stores()).erase("acme", "f", now=NOW),
    "refused_before": lambda: answered(admission__admit={"outcome": "done", "result": "refused"}),
    "no_session": lambda: answered(sessions__find={"session": None, "floor_ms": None}),
    "consent_missing": lambda: judged(scopes=[]),
    "consent_withdrawn": lambda: judged(scopes=[], narrowed=True),
    "consent_from_future": lambda: judged(granted_at_ms=(NOW + 301) * 1000),
    "consent_expired": lambda: judged(granted_at_ms=(NOW - 200 * 86400) * 1000),
    "consent_policy_version": lambda: judged({"consent": {"policy_version_min": 1}}),
    "refused": lambda: synced(),
    "too_large": lambda: refused(b" " * 65_537),
    "unknown_site": lambda: signed(site="other"),
    "malformed_header": lambda: signed(webhook_id=""),
    "bad_signature": lambda: signed(body=b"{}"),
    "stale_timestamp": lambda: signed(NOW - 301),
    "future_timestamp": lambda: signed(NOW + 301),
    "wrong_origin": lambda: synced("analytics", origin="https://other.example"),
    "malformed_json": lambda: refused(b"{"),
    "malformed_fingerprint": lambda: refused(b"{}"),
    "malformed_event_id": without_event_id,
    "malformed_statement": lambda: synced(body=b"{}"),
    "wrong_site": lambda: refused(b'{"fingerprint":"f","site_id":"other"}'),
    "consent_in_payload": lambda: refused(b'{"fingerprint":"f","a":{"consentAt":0}}'),
    "not_found": lambda: sale(calls__find={"call": None}),
    "overloaded": lambda: answered(admission__admit={"outcome": "full"}),
    "forked": forked,
    "contended": lambda: answered(calls__record={"outcome": "moved"}),
    "out_of_time": late,
    "store_failed": lambda: answered(sessions__find="nonsense"),
    "taken": lambda: Gate(host_config(), stores()).take_conversions("acme", 1, now=NOW),
    "conversion_sent": lambda: finished("sent"),
    "conversion_failed": lambda: finished("failed"),
    "conversion_put_back": lambda: finished("retry"),
    "lease_lost": lambda: finished("sent", calls__finish={"outcome": "lost"}),
    "committed": lambda: admitted("commit"),
    "uncommitted": lambda: admitted("release"),
    "commit_lost": lambda: admitted("commit", admission__settle={"outcome": "lost"}),
    "authenticated": of_device,
    "unknown_device": lambda: of_device("meter-8"),
    "nonce_used": lambda: of_device(admission__admit={"outcome": "held", "retry_ms": 1}),
    "purged": lambda: Gate(host_config(), stores()).purge(1, now=NOW),
}


def resting(retry_ms: int) -> Decision:
    """A store that failed until it is left alone for so long."""
    document = host_config(breaker={"failures": 1, "rest_ms": retry_ms})
    gate = Gate(document, stores(sessions__find="nonsense"))
    failed = gate.call_event("acme", event(), BODY, now=NOW)
    assert failed.reason == "store_failed"
    return gate.call_event("acme", event("e2"), BODY, now=NOW)


def limited(limit: Json, retry_ms: int) -> Decision:
    """By a bucket of that size: the host's store says which one is empty."""
    name, burst, interval_ms = limit["name"], limit["burst"], limit["interval_ms"]
    about = 60_000 // interval_ms
    plain = [n for n in range(max(1, about), about + 2) if -(-60_000 // n) == interval_ms]
    rate: Json = {"per_minute": 120_000 // interval_ms, "strict": True}
    if plain:
        rate = {"capacity": burst, "per_minute": plain[0]}
    site = {"rate": rate} if name == "fingerprint" else {"sync": {f"per_{name}": rate}}
    if name == "admit":
        site = {"admit_rate": rate}
    reply = {"outcome": "limited", "retry_ms": retry_ms, "bucket": int(name == "ip")}
    gate = Gate(host_config(site=site), stores(admission__admit=reply))
    if name == "fingerprint":
        return gate.call_event("acme", event(), BODY, now=NOW)
    if name == "admit":
        return gate.admit("acme", event(), BODY, now=NOW).decision
    body, origin = statement("analytics"), {"origin": ORIGIN}
    return gate.sync_session("acme", origin, body, ip="192.0.2.1", now=NOW)


@pytest.mark.parametrize("case", cases("wire"), ids=lambda case: case["name"])
def test_wire(case: Json) -> None:
    if case["reason"] == "in_flight":
        held = {"outcome": "held", "retry_ms": case["retry_ms"]}
        decision = answered(admission__admit=held)
    elif case["reason"] == "rate_limited":
        decision = limited(case["limit"], case["retry_ms"])
    elif case["reason"] == "store_resting":
        decision = resting(case["retry_ms"] or 1)
    else:
        decision = BY_REASON[case["reason"]]()
    body = decision.body.decode()
    if case["call_id"] is not None:
        assert decision.call_id is not None
        body = body.replace(decision.call_id, case["call_id"])
    assert decision.reason == case["reason"]
    assert decision.outcome == case["outcome"]
    assert decision.status == case["status"]
    assert [list(pair) for pair in decision.headers.items()] == case["headers"]
    assert body == case["body"]
    assert decision.retry_after == case["retry_after"]
