"""transcripts.json: one gate call each, as the host's stores see it."""

from __future__ import annotations

from typing import Any

from oracle import wire
from oracle.bucket import Rate

from .common import NOW_MS, NOW_S, Collector, b64, pairs_json, signed_headers
from .sequence_run import K1, K2, K3, P1, Q1, Q2, A, M, site
from .transcript_admit import admit_flow
from .transcript_queue import finish_flow, purge_flow, take_flow
from .transcript_run import (
    BODY,
    CALL_ID,
    FAILURES,
    FULL,
    FULL_REPLY,
    MOVED,
    Effect,
    Event,
    config,
    find,
    nonsense,
    out,
    session,
)
from .transcript_stores import erase_flow, sale_flow, sync_flow

E1 = Event()


def event(name: str, note: str, effects: list[Effect], expect: dict[str, Any], *,
          gate: dict[str, Any] | None = None, before: list[dict[str, Any]] | None = None,
          body: bytes = BODY, key: str = K1, sent_s: int = 0, asked: str = "acme") -> None:
    headers = signed_headers([key], "e1", NOW_S + sent_s, body)
    out.add(name, note, config=gate or config(), before=before or [], do="call_event", site=asked,
            headers=pairs_json(headers), body_b64=b64(body), now_ms=NOW_MS, effects=effects,
            expect=expect)


def accepted(marketing: str = "enqueued") -> dict[str, Any]:
    return wire.decision("accepted", "marketing", call_id="$call:1", marketing=marketing)


def signed_flow() -> None:
    event("call: accepted", "law 1: the frozen order",
          [E1.admit(), find(FULL), E1.record(), E1.commit()], accepted())
    event("call: marketing skipped", "law 5", [
        E1.admit(), find(session(A)), E1.record(marketing="skipped"), E1.commit()],
        accepted("skipped"))
    event("call: takeover", "a lapsed lease is taken over; the same from there on", [
        E1.admit({"outcome": "admitted", "takeover": True}), find(FULL), E1.record(), E1.commit()],
        accepted())
    late = Event(sent_s=300)
    event("call: from the future edge", "keep = max(TTL, timestamp + tolerance + lease - now)",
          [late.admit(), find(FULL), late.record(), late.commit()], accepted(), sent_s=300)
    old = Event(sent_s=-300)
    event("call: from the stale edge", "keep is never below the TTL",
          [old.admit(), find(FULL), old.record(), old.commit()], accepted(), sent_s=-300)
    many = Event((K1, K2, K3))
    event("call: three keys, signed by the last", "law 3: claimed under every listed key; the row "
          "has the hash of the first", [many.admit(), find(FULL), many.record(), many.commit()],
          accepted(), gate=config(False, K1, K2, K3), key=K3)
    moved_on = Event((K2,), (K1,))
    event("call: a retired key", "field 18: a key removed at run time goes on claiming",
          [moved_on.admit(), find(FULL), moved_on.record(), moved_on.commit()], accepted(),
          gate=config(False, K1, K2), key=K2,
          before=[{"do": "set_site", "site": "acme", "site_config": site(K2), "now_ms": NOW_MS}])
    mixed = Event((Q1, K1), (Q2,))
    event("call: public keys, listed and retired", "law 3: a signature that anybody can check is "
          "no name for an event; key and signed content are",
          [mixed.admit(), find(FULL), mixed.record(), mixed.commit()], accepted(),
          gate=config(False, Q2, Q1), key=P1,
          before=[{"do": "set_site", "site": "acme", "site_config": site(Q1, K1),
                   "now_ms": NOW_MS}])
    event("call: site id to be normalised", "law 8: stores see the normalised id",
          [E1.admit(), find(FULL), E1.record(), E1.commit()], accepted(), asked=" ACME ")
    few = Event(claims=11, buckets=12, calls=7, calls_bytes=900)
    event("call: caps of a site", "law 9: the store is told what the site may have",
          [few.admit(), find(FULL), few.record(), few.commit()], accepted(),
          gate=config(caps={"claims_per_site_max": 11, "buckets_per_site_max": 12,
                            "calls_per_site_max": 7, "calls_bytes_per_site_max": 900}))


def no_effects() -> None:
    law = "law 1: nothing is read from or written to a store before the HMAC verified"
    event("call: bad signature", law, [], wire.decision("bad_signature", "signature"), key=K2)
    event("call: stale", law, [], wire.decision("stale_timestamp", "signature"), sent_s=-301)
    event("call: future", law, [], wire.decision("future_timestamp", "signature"), sent_s=301)
    event("call: unknown site", law, [], wire.decision("unknown_site", "signature"), asked="x")
    event("call: too large", law, [], wire.decision("too_large", "signature"), body=b"x" * 65537)
    for reason, body in (
        ("malformed_json", b"x"), ("malformed_fingerprint", b"{}"),
        ("consent_in_payload", b'{"fingerprint":"f","consentAt":1}'),
        ("wrong_site", b'{"fingerprint":"f","site_id":"x"}'),
    ):
        event(f"call: {reason}", "the payload is judged before any effect", [],
              wire.decision(reason, "payload"), body=body)


def replay_and_rate() -> None:
    event("call: duplicate by claim", "law 4: nothing more is asked", [
        E1.admit({"outcome": "done", "result": "accepted", "call_id": CALL_ID})],
        wire.decision("duplicate", "replay"))
    event("call: refused before", "the answer stays 204", [
        E1.admit({"outcome": "done", "result": "refused"})],
        wire.decision("refused_before", "replay"))
    for retry_ms in (1, 1000, 1001, 29_999):
        event(f"call: in flight for {retry_ms} ms", "field 23: in flight and done are told apart", [
            E1.admit({"outcome": "held", "retry_ms": retry_ms})],
            wire.decision("in_flight", "replay", retry_ms=retry_ms))
        event(f"call: limited for {retry_ms} ms", "field 20: nothing was written, nothing settled",
              [E1.admit({"outcome": "limited", "retry_ms": retry_ms, "bucket": 0})],
              wire.decision("rate_limited", "rate_limit", retry_ms=retry_ms,
                            limit_name="fingerprint", rate=Rate(3000, 20)))
    event("call: claims full", "law 9: 503, nothing is forgotten", [E1.admit(FULL_REPLY)],
          wire.decision("overloaded", "replay"))
    failed = wire.decision("store_failed", "replay")
    for failure in FAILURES:
        event(f"call: admit {failure}", "field 35: outcome unknown: no settle, the lease lapses",
              [E1.admit(failure)], failed)
    replies: tuple[Any, ...] = (
        None, [], {}, True, "admitted", {"outcome": "ADMITTED", "takeover": False},
        {"outcome": "admitted"}, {"outcome": "admitted", "takeover": "false"},
        {"outcome": "done"}, {"outcome": "done", "result": "maybe"},
        {"outcome": "held"}, {"outcome": "held", "retry_ms": -1},
        {"outcome": "held", "retry_ms": "5"}, {"outcome": "limited", "retry_ms": 5},
        {"outcome": "limited", "retry_ms": 5, "bucket": 1}, {"outcome": "settled"},
        {"session": None, "floor_ms": None},
    )
    for i, reply in enumerate(replies):
        event(f"call: admit replies nonsense {i}", "law 11, field 38: never a guess",
              [nonsense(E1.admit(), reply)], failed)


def refused_flow() -> None:
    def refused(name: str, stored: dict[str, Any] | None, reason: str) -> None:
        stage = "session" if stored is None else "consent"
        event(f"call: {name}", "law 6: the same effects in the same order, settled as refused",
              [E1.admit(), find(stored), E1.commit("refused")], wire.decision(reason, stage))
        event(f"call: {name}, apart", "law 6: no second look for a refusal",
              [E1.admit(), find(stored), E1.commit("refused")], wire.decision(reason, stage),
              gate=config(True))

    refused("no session", None, "no_session")
    refused("consent missing", session(M), "consent_missing")
    refused("consent withdrawn", session(M, narrowed=True), "consent_withdrawn")
    refused("consent from the future", session(A, granted_at_ms=NOW_MS + 300_001),
            "consent_from_future")
    refused("consent expired", session(A, granted_at_ms=NOW_MS - 200 * 86_400_000),
            "consent_expired")
    for failure in ("raise", "nonsense", "lost"):
        reply: Any = {"outcome": "lost"} if failure == "lost" else failure
        event(f"call: no session, settle {failure}", "a failed settle never changes the answer",
              [E1.admit(), find(None), E1.commit("refused", reply)],
              wire.decision("no_session", "session"))
        event(f"call: accepted, settle {failure}", "a failed settle never changes the answer",
              [E1.admit(), find(FULL), E1.record(), E1.commit(reply=reply)], accepted())


def find_failures() -> None:
    failed = wire.decision("store_failed", "session")
    note = "law 4: an error before record was sent releases, with refund"
    for failure in FAILURES:
        event(f"call: find {failure}", note, [E1.admit(), find(failure), E1.release()], failed)
        event(f"call: find {failure}, settle raises", "a failed settle never changes the answer",
              [E1.admit(), find(failure), E1.release("raise")], failed)
        event(f"call: second find {failure}", note, [
            E1.admit(), find(FULL), E1.record(MOVED), find(failure), E1.release()], failed)
        event(f"call: apart, second find {failure}", note, [
            E1.admit(), find(FULL), find(failure), E1.release()], failed, gate=config(True))
    good = without = dict(FULL)
    replies: tuple[Any, ...] = (
        None, {}, [], {"session": False, "floor_ms": None}, {"session": {}, "floor_ms": None},
        {"session": {**good, "scopes": "analytics marketing"}, "floor_ms": None},
        {"session": {**good, "scopes": [A, 1]}, "floor_ms": None},
        {"session": {**good, "scopes": None}, "floor_ms": None},
        {"session": {**good, "granted_at_ms": str(NOW_MS)}, "floor_ms": None},
        {"session": {**good, "granted_at_ms": -1}, "floor_ms": None},
        {"session": {**good, "narrowed": "false"}, "floor_ms": None},
        {"session": {**good, "version": None}, "floor_ms": None},
        {"session": {k: v for k, v in without.items() if k != "changed_at_ms"}, "floor_ms": None},
        {"outcome": "stored"},
    )
    for i, reply in enumerate(replies):
        event(f"call: find replies nonsense {i}", "field 43: strictly typed; released with refund",
              [E1.admit(), nonsense(find(FULL), reply), E1.release()], failed)


def record_failures() -> None:
    head = [E1.admit(), find(FULL)]
    event("call: record raises", "outcome unknown: neither commit nor release", [
        *head, E1.record("raise")], wire.decision("store_failed", "insert"))
    event("call: record replies nonsense", "outcome unknown: neither commit nor release", [
        *head, E1.record("nonsense")], wire.decision("store_failed", "insert"))
    for i, reply in enumerate((None, {}, {"outcome": "inserted"}, {"outcome": "exists"},
                               {"outcome": "inserted", "marketing": "pending"},
                               {"outcome": "exists", "marketing": "skipped"},
                               {"outcome": "erased"})):
        event(f"call: record replies nonsense {i}", "law 11: never a guess, nothing is settled",
              [*head, nonsense(E1.record(), reply)], wire.decision("store_failed", "insert"))
    event("call: record not written", "field 21: proven unwritten: released at once", [
        *head, E1.record("raise_not_written"), E1.release()],
        wire.decision("store_failed", "insert"))
    event("call: record not written, settle raises", "a failed settle never changes the answer", [
        *head, E1.record("raise_not_written"), E1.release("raise")],
        wire.decision("store_failed", "insert"))
    event("call: record full", "released with refund", [
        *head, E1.record(FULL_REPLY), E1.release()], wire.decision("overloaded", "insert"))
    event("call: record full, claim lost", "a failed settle never changes the answer", [
        *head, E1.record(FULL_REPLY), E1.release({"outcome": "lost"})],
        wire.decision("overloaded", "insert"))
    event("call: apart, record raises", "outcome unknown: neither commit nor release", [
        E1.admit(), find(FULL), find(FULL), E1.record("raise", None)],
        wire.decision("store_failed", "insert"), gate=config(True))
    event("call: apart, record not written", "released with refund", [
        E1.admit(), find(FULL), find(FULL), E1.record("raise_not_written", None), E1.release()],
        wire.decision("store_failed", "insert"), gate=config(True))
    event("call: apart, record full", "released with refund", [
        E1.admit(), find(FULL), find(FULL), E1.record(FULL_REPLY, None), E1.release()],
        wire.decision("overloaded", "insert"), gate=config(True))


def moved_and_exists() -> None:
    head = [E1.admit(), find(FULL)]
    again = session(A, M, version=8)
    event("call: moved once", "found and judged again, with the new version", [
        *head, E1.record(MOVED), find(again), E1.record(version=8), E1.commit()], accepted())
    event("call: moved twice", "three records at most", [
        *head, E1.record(MOVED), find(again), E1.record(MOVED, 8), find(FULL), E1.record(),
        E1.commit()], accepted())
    event("call: moved three times", "then 503, released with refund", [
        *head, E1.record(MOVED), find(again), E1.record(MOVED, 8), find(FULL), E1.record(MOVED),
        E1.release()], wire.decision("contended", "insert"))
    event("call: moved three times, settle raises", "a failed settle never changes the answer", [
        *head, E1.record(MOVED), find(again), E1.record(MOVED, 8), find(FULL), E1.record(MOVED),
        E1.release("raise")], wire.decision("contended", "insert"))
    event("call: moved, then gone", "law 5: judged anew", [
        *head, E1.record(MOVED), find(None), E1.commit("refused")],
        wire.decision("no_session", "session"))
    event("call: moved, then withdrawn", "law 7: the withdrawal wins", [
        *head, E1.record(MOVED), find(session(M, version=8, narrowed=True)),
        E1.commit("refused")], wire.decision("consent_withdrawn", "consent"))
    event("call: moved, then marketing gone", "law 5: the verdict is judged anew too", [
        *head, E1.record(MOVED), find(session(A, version=8, narrowed=True)),
        E1.record(version=8, marketing="skipped"), E1.commit()], accepted("skipped"))
    event("call: moved, then record raises", "outcome unknown: neither", [
        *head, E1.record(MOVED), find(again), E1.record("raise", 8)],
        wire.decision("store_failed", "insert"))
    event("call: moved, then not written", "released with refund", [
        *head, E1.record(MOVED), find(again), E1.record("raise_not_written", 8), E1.release()],
        wire.decision("store_failed", "insert"))
    for verdict in ("enqueued", "skipped"):
        row = {"outcome": "exists", "call_id": CALL_ID, "marketing": verdict}
        expect = wire.decision("duplicate", "insert", marketing=verdict)
        event(f"call: row exists, {verdict}", "law 3: committed with that row's call id", [
            *head, E1.record(row), E1.commit(call_id=CALL_ID)], expect)
        event(f"call: row exists, {verdict}, settle raises", "law 4: duplicate, for the row is "
              "there", [*head, E1.record(row), E1.commit(reply="raise", call_id=CALL_ID)], expect)
        event(f"call: apart, row exists, {verdict}", "law 3", [
            E1.admit(), find(FULL), find(FULL), E1.record(row, None), E1.commit(call_id=CALL_ID)],
            expect, gate=config(True))


def apart() -> None:
    head, gate = [E1.admit(), find(FULL)], config(True)
    event("call: apart, accepted", "found again just before; no version in record", [
        *head, find(FULL), E1.record(version=None), E1.commit()], accepted(), gate=gate)
    event("call: apart, withdrawn in between", "judged again just before: 204", [
        *head, find(session(M, version=8, narrowed=True)), E1.commit("refused")],
        wire.decision("consent_withdrawn", "consent"), gate=gate)
    event("call: apart, gone in between", "judged again just before: 204", [
        *head, find(None), E1.commit("refused")], wire.decision("no_session", "session"), gate=gate)
    event("call: apart, marketing gone in between", "the second look counts", [
        *head, find(session(A, version=8, narrowed=True)),
        E1.record(version=None, marketing="skipped"), E1.commit()], accepted("skipped"), gate=gate)
    event("call: apart, granted anew in between", "the second look's dates count", [
        *head, find(session(A, M, version=8, granted_at_ms=NOW_MS - 10)),
        E1.record(version=None, changed_at_ms=NOW_MS - 10), E1.commit()], accepted(), gate=gate)
    ahead = session(A, M, version=8, granted_at_ms=NOW_MS - 10, changed_at_ms=NOW_MS + 90_000)
    event("call: a session dated ahead", "law 7: its own date is what a tombstone is compared with",
          [E1.admit(), find(ahead), E1.record(version=8, changed_at_ms=NOW_MS + 90_000),
           E1.commit()], accepted())


def build() -> Collector:
    signed_flow()
    no_effects()
    replay_and_rate()
    refused_flow()
    find_failures()
    record_failures()
    moved_and_exists()
    apart()
    sync_flow()
    sale_flow()
    erase_flow()
    take_flow()
    finish_flow()
    purge_flow()
    admit_flow()
    return out
