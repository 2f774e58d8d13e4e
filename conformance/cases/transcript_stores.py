"""transcripts.json: syncs, sales and erasures."""

from __future__ import annotations

from typing import Any

from oracle import wire
from oracle.bucket import Rate

from .common import NOW_MS, ORIGIN, b64, compact, pairs_json
from .sequence_run import A, M, site
from .sync_cases import at
from .transcript_run import (
    CALL_ID,
    FAILURES,
    FULL,
    FULL_REPLY,
    MOVED,
    Effect,
    admit_sync,
    config,
    enqueue,
    erasure,
    find,
    find_call,
    out,
    put,
    session,
)


def sync(name: str, note: str, scopes: list[str], effects: list[Effect], expect: dict[str, Any], *,
         ago_ms: int = 500, ip: str | None = "192.0.2.1", headers: Any = None,
         body: bytes | None = None, gate: dict[str, Any] | None = None) -> None:
    body = body or compact({"fingerprint": "f", "consent_scopes": scopes,
                            "consent_at": at(-ago_ms)})
    headers = [("origin", ORIGIN.encode())] if headers is None else headers
    out.add(f"sync: {name}", note, config=gate or config(), before=[], do="sync_session",
            site="acme", headers=pairs_json(headers), body_b64=b64(body), ip=ip, now_ms=NOW_MS,
            effects=effects, expect=expect)


def sync_flow() -> None:
    stored, refused = wire.decision("stored", "store"), wire.decision("refused", "statement")
    new = session(A, M, granted_at_ms=NOW_MS - 500)
    sync("first grant", "admit, find, put", [A, M], [
        admit_sync(), find(None), put(new, None)], stored)
    sync("first grant, apart", "the switch is nothing to a sync", [A, M], [
        admit_sync(), find(None), put(new, None)], stored, gate=config(True))
    sync("no ip", "the site's bucket alone", [A, M], [
        admit_sync(ip=False), find(None), put(new, None)], stored, ip=None)
    sync("widening", "replaced, against the version found", [A, M], [
        admit_sync(), find(session(A)), put(new, 7)], stored)
    narrowed = session(A, granted_at_ms=NOW_MS - 500, narrowed=True)
    sync("narrowing, newer", "covering and newer: replaced", [A], [
        admit_sync(), find(FULL), put(narrowed, 7, narrowing=True)], stored)
    cut = session(A, narrowed=True)
    sync("narrowing, older", "the intersection; granted_at stays", [A], [
        admit_sync(), find(FULL), put(cut, 7, narrowing=True)], stored, ago_ms=5000)
    gone = session(narrowed=True, granted_at_ms=NOW_MS - 1000, changed_at_ms=NOW_MS - 500)
    sync("withdrawal", "204 and no bucket", [], [find(FULL), put(gone, 7, narrowing=True)], refused)
    floor = {"at_ms": NOW_MS - 500, "keep_ms": 3_600_000}
    sync("refusal of an unknown", "a floor alone, and no bucket", [], [
        find(None), put(None, None, floor=floor, narrowing="*")], refused)
    sync("GPC", "kept with the session", [A, M], [
        admit_sync(), find(None), put(session(A, granted_at_ms=NOW_MS - 500, gpc=True), None)],
        stored, headers=[("origin", ORIGIN.encode()), ("sec-gpc", b"1")])
    sync("refusal under a newer floor", "law 7: that one may end before this one's hour", [], [
        find(None, NOW_MS + 1), put(None, None, floor=floor, narrowing="*")], refused)
    sync("grant newer than a floor", "stored", [A, M], [
        admit_sync(), find(None, NOW_MS - 501), put(new, None)], stored)
    ahead = session(A, M, granted_at_ms=NOW_MS, changed_at_ms=NOW_MS + 90_000)
    sync("dated ahead", "law 7: counts from its arrival, ordered by its own date", [A, M], [
        admit_sync(), find(None, NOW_MS + 89_999), put(ahead, None)], stored, ago_ms=-90_000)
    sync("dated further ahead than the tolerance", "believed as far as the tolerance", [A, M], [
        admit_sync(), find(None), put({**ahead, "changed_at_ms": NOW_MS + 300_000}, None)], stored,
        ago_ms=-300_001)
    sync("refusal dated ahead", "the floor stands at its own date", [], [
        find(None), put(None, None, floor={"at_ms": NOW_MS + 90_000, "keep_ms": 3_600_000},
                        narrowing="*")], refused, ago_ms=-90_000)
    sync("repeated", "the same answer", [A, M], [
        admit_sync(), find(None), put(new, None, {"outcome": "repeated"})], stored)
    for name, scopes, found in (("grant", [A, M], None), ("widening", [A, M], session(A))):
        limited = {"outcome": "limited", "retry_ms": 700, "bucket": 1}
        sync(f"limited {name}", "found, but nothing is taken away: no put", scopes, [
            admit_sync(limited), find(found)],
            wire.decision("rate_limited", "rate_limit", retry_ms=700, limit_name="ip",
                          rate=Rate(1000, 30)))
    for bucket, limit, rate in ((0, "site", Rate(10, 1000)), (1, "ip", Rate(1000, 30))):
        expect = wire.decision("rate_limited", "rate_limit", retry_ms=1500, limit_name=limit,
                               rate=rate)
        limited = {"outcome": "limited", "retry_ms": 1500, "bucket": bucket}
        sync(f"narrowing limited by {limit}", "applied all the same", [A], [
            admit_sync(limited), find(FULL), put(cut, 7, narrowing=True)], expect, ago_ms=5000)
    conflict = {"outcome": "conflict"}
    sync("conflict once", "found and merged again", [A, M], [
        admit_sync(), find(None), put(new, None, conflict), find(session(A, version=9)),
        put(new, 9)], stored)
    contended = [step for version in range(1, 17) for step in (
        find(session(A, version=version)), put(new, version, conflict))]
    sync("conflict sixteen times", "then 503", [A, M], [admit_sync(), *contended],
         wire.decision("contended", "store"))
    failed = wire.decision("store_failed", "store")
    sync("put full", "law 9", [A, M], [admit_sync(), find(None), put(new, None, FULL_REPLY)],
         wire.decision("overloaded", "store"))
    for failure in FAILURES:
        sync(f"admit {failure}", "law 11; what takes something away is still looked for", [A, M], [
            admit_sync(failure), find(None)], wire.decision("store_failed", "rate_limit"))
        sync(f"narrowing, admit {failure}", "law 7: applied all the same", [A], [
            admit_sync(failure), find(FULL), put(cut, 7, narrowing=True)],
            wire.decision("store_failed", "rate_limit"), ago_ms=5000)
        sync(f"find {failure}", "law 11; there is no claim to settle", [A, M], [
            admit_sync(), find(failure)], failed)
        sync(f"put {failure}", "law 11", [A, M], [admit_sync(), find(None), put(new, None, failure)
        ], failed)
        sync(f"withdrawal, find {failure}", "a withdrawal that was not stored is never answered "
             "204 (safest reading)", [], [find(failure)], failed)
        sync(f"withdrawal, put {failure}", "a withdrawal that was not stored is never answered "
             "204 (safest reading)", [], [
                 find(FULL), put(gone, 7, failure, narrowing=True)], failed)
    gate = config(caps={"sessions_per_site_max": 9, "buckets_per_site_max": 8,
                        "floors_per_site_max": 7, "idempotency_per_site_max": 6})
    sync("caps of a site", "law 9: the store is told how much of each the site may have", [A, M],
         [admit_sync(most=8), find(None), put(new, None, most=9, most_floors=7, most_keys=6)],
         stored, gate=gate)
    for name, reason, stage, headers, body in (
        ("no origin", "wrong_origin", "origin", [], None),
        ("not JSON", "malformed_json", "statement", None, b"x"),
        ("no scopes", "malformed_statement", "statement", None, b'{"fingerprint":"f"}'),
        ("too large", "too_large", "origin", None, b"x" * 65537),
    ):
        sync(name, "refused before any effect", [A], [], wire.decision(reason, stage),
             headers=headers, body=body)


def sale(name: str, note: str, effects: list[Effect], expect: dict[str, Any],
         apart: bool = False, before: list[dict[str, Any]] | None = None) -> None:
    out.add(f"sale: {name}", note, config=config(apart), before=before or [], do="confirm_sale",
            site="acme", call_id=CALL_ID, now_ms=NOW_MS, effects=effects, expect=expect)


def sale_flow() -> None:
    enqueued = wire.decision("enqueued", "enqueue", marketing="enqueued")
    already = wire.decision("already_enqueued", "enqueue", marketing="enqueued")
    head = [find_call(), find(FULL)]
    again = session(A, M, version=8)
    sale("enqueued", "find call, find session, enqueue with its version", [*head, enqueue()],
         enqueued)
    sale("already", "law 3: one queue entry a call, ever", [*head, enqueue({"outcome": "already"})],
         already)
    sale("no such call", "404", [find_call({"call": None})], wire.decision("not_found", "call"))
    sale("call gone before enqueue", "404, by the stage that saw it", [
        *head, enqueue({"outcome": "missing"})], wire.decision("not_found", "enqueue"))
    sale("session gone", "law 5", [find_call(), find(None)],
         wire.decision("skipped", "session", marketing="skipped"))
    for name, stored in (("no marketing", session(A)), ("withdrawn", session(A, narrowed=True)),
                         ("expired", session(M, granted_at_ms=NOW_MS - 200 * 86_400_000))):
        sale(name, "law 5: as of now", [find_call(), find(stored)],
             wire.decision("skipped", "consent", marketing="skipped"))
    sale("marketing without analytics", "convert needs what it lists", [
        find_call(), find(session(M)), enqueue()], enqueued)
    named = site(consent={"record": [A], "convert": [M, "ads", A]})
    sale("several scopes", "sorted, all that the site's sales need", [
        find_call(), find(session(A, M, "ads")), enqueue(None, 7, M, "ads", A)], enqueued,
        before=[{"do": "set_site", "site": "acme", "site_config": named, "now_ms": NOW_MS}])
    sale("moved once", "found and judged again", [
        *head, enqueue(MOVED), find(again), enqueue(version=8)], enqueued)
    sale("moved, then withdrawn", "law 7", [
        *head, enqueue(MOVED), find(session(A, version=8, narrowed=True))],
        wire.decision("skipped", "consent", marketing="skipped"))
    sale("moved three times", "then 503", [
        *head, enqueue(MOVED), find(again), enqueue(MOVED, 8), find(FULL), enqueue(MOVED)],
        wire.decision("contended", "enqueue"))
    sale("full", "law 9", [*head, enqueue(FULL_REPLY)], wire.decision("overloaded", "enqueue"))
    for failure in FAILURES:
        sale(f"find call {failure}", "law 11", [find_call(failure)],
             wire.decision("store_failed", "call"))
        sale(f"find session {failure}", "law 11", [find_call(), find(failure)],
             wire.decision("store_failed", "session"))
        sale(f"enqueue {failure}", "law 11", [*head, enqueue(failure)],
             wire.decision("store_failed", "enqueue"))
    sale("apart, enqueued", "found again just before; no version", [
        *head, find(FULL), enqueue(version=None)], enqueued, apart=True)
    sale("apart, withdrawn in between", "judged again just before", [
        *head, find(session(A, version=8, narrowed=True))],
        wire.decision("skipped", "consent", marketing="skipped"), apart=True)
    sale("apart, gone in between", "judged again just before", [*head, find(None)],
         wire.decision("skipped", "session", marketing="skipped"), apart=True)


def erase_flow() -> None:
    erased, failed = wire.decision("erased", "erase"), wire.decision("store_failed", "erase")
    look, sessions, calls = find(FULL), erasure("sessions", "delete"), erasure("calls", "erase")

    def erase(name: str, note: str, effects: list[Effect], expect: dict[str, Any], *,
              before: list[dict[str, Any]] | None = None, gate: Any = None) -> None:
        out.add(f"erase: {name}", note, config=gate or config(), before=before or [], do="erase",
                site="acme", fingerprint="f", now_ms=NOW_MS, effects=effects, expect=expect)

    erase("both", "tombstone and session first, then the calls", [look, sessions, calls], erased)
    erase("nobody known", "the same", [find(None), sessions, calls], erased)
    after = NOW_MS + 90_000
    ahead = session(A, granted_at_ms=NOW_MS - 1, changed_at_ms=after)
    for name, found in (("a session dated ahead", find(ahead)),
                        ("a floor ahead", find(None, after)),
                        ("both ahead", find(ahead, after - 1)),
                        ("a session dated ahead, an older floor", find(ahead, NOW_MS - 1))):
        erase(name, "law 7: the tombstone stands at the latest date there is, for both stores", [
            found, erasure("sessions", "delete", at_ms=after),
            erasure("calls", "erase", at_ms=after)], erased)
    erase("at a removed site", "works for removed sites", [look, sessions, calls], erased,
          before=[{"do": "remove_site", "site": "acme", "now_ms": NOW_MS}])
    erase("caps of a site", "law 9: both stores are told how many tombstones the site may have", [
        look, erasure("sessions", "delete", most=5), erasure("calls", "erase", most=5)], erased,
        gate=config(caps={"tombstones_per_site_max": 5}))
    full = wire.decision("overloaded", "erase")
    erase("delete full", "law 9: no room for the tombstone is 503, and the calls are not asked",
          [look, erasure("sessions", "delete", FULL_REPLY)], full)
    erase("erase full", "law 9: 503, to be asked again (idempotent)",
          [look, sessions, erasure("calls", "erase", FULL_REPLY)], full)
    for failure in FAILURES:
        erase(f"find {failure}", "law 11: 503, and nothing is erased by half", [find(failure)],
              failed)
        erase(f"delete {failure}", "law 11: 503, to be asked again (idempotent)",
              [look, erasure("sessions", "delete", failure)], failed)
        erase(f"erase {failure}", "law 11",
              [look, sessions, erasure("calls", "erase", failure)], failed)
