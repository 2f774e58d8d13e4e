"""wire.json: exact headers and bodies of every answer."""

from __future__ import annotations

from typing import Any

from oracle import wire
from oracle.bucket import Rate

from .common import Collector


def build() -> Collector:
    out = Collector(
        "For each reason the exact status, headers (in order) and body. Inputs that matter are "
        "`call_id`, `retry_ms`, and for 429 the `limit` {name, burst, interval_ms}."
    )

    def add(name: str, note: str, reason: str, **inputs: Any) -> None:
        rate = inputs.get("rate")
        given = wire.answer(reason, **inputs)
        limit = None
        if rate is not None:
            limit = {"name": inputs["limit_name"], "burst": rate.burst,
                     "interval_ms": rate.interval_ms}
        out.add(name, note, reason=reason, call_id=inputs.get("call_id"),
                retry_ms=inputs.get("retry_ms"), limit=limit,
                outcome=wire.outcome_of(reason), status=given.status,
                headers=[list(pair) for pair in given.headers], body=given.body,
                retry_after=given.retry_after)

    add("accepted", "nothing about marketing is said", "accepted",
        call_id="00112233445566778899aabbccddeeff")
    add("duplicate", "the same for a claim and for a row", "duplicate")
    add("stored", "law 6: tells what was sent, never what is stored", "stored")
    add("enqueued", "confirm_sale: newly queued", "enqueued")
    add("already_enqueued", "confirm_sale: queued before", "already_enqueued")
    add("skipped", "confirm_sale: no marketing consent", "skipped")
    add("erased", "whether or not anything was there", "erased")
    add("taken", "whether or not anything was due; conversions are never sent on", "taken")
    add("conversion_sent", "finish_conversion: sent", "conversion_sent")
    add("conversion_failed", "finish_conversion: failed, or tried too often", "conversion_failed")
    add("conversion_put_back", "finish_conversion: due again later", "conversion_put_back")
    add("lease_lost", "finish_conversion: somebody else's by now; nothing changed", "lease_lost")
    add("purged", "however much was dropped", "purged")
    add("committed", "admit: the host's own work is done", "committed")
    add("authenticated", "device: whose request it is is not told", "authenticated")
    for reason in wire.NO_CONTENT_REASONS:
        add(f"204 {reason}", "law 6: one constant, the inner reason is never told", reason)
    for reason, code in wire.PUBLIC_CODE.items():
        if code not in ("rate_limited", "in_flight"):
            note = "law 2: one 401" if code == "unauthenticated" else f"public code {code}"
            add(f"{wire.PROBLEMS[code][0]} {reason}", note, reason)
    for retry_ms in (1, 999, 1000, 1001, 29_999, 30_000, 0, 3_600_000):
        add(f"409 in_flight {retry_ms} ms", "field 32: max(1, rounded up)", "in_flight",
            retry_ms=retry_ms)
    add("409 commit_lost", "admit: the sender comes again after a whole lease", "commit_lost",
        retry_ms=30_000)
    for retry_ms in (1, 999, 1000, 1001, 5000, 600_000):
        add(f"503 store_resting {retry_ms} ms", "field 32: the rest of a store that is left alone, "
            "rounded up", "store_resting", retry_ms=retry_ms)
    for name, rate, retry_ms in (
        ("fingerprint", Rate(3000, 20), 3000), ("fingerprint", Rate(3000, 20), 1),
        ("admit", Rate(10, 1000), 10),
        ("fingerprint", Rate(3000, 20), 2999), ("fingerprint", Rate(3000, 20), 3001),
        ("fingerprint", Rate(1, 2), 1), ("fingerprint", Rate(8572, 3), 8572),
        ("fingerprint", Rate.of({"per_minute": 5, "strict": True}), 24_000),
        ("site", Rate(10, 1000), 10), ("site", Rate(10, 1000), 1500), ("ip", Rate(1000, 30), 1000),
        ("ip", Rate(60_000, 1), 60_000), ("fingerprint", Rate(60_000, 1_000_000), 59_001),
    ):
        add(f"429 {name} {rate.burst} x {rate.interval_ms} ms, retry {retry_ms} ms",
            "field 32: retry-after, and the window b*T, rounded up to seconds", "rate_limited",
            retry_ms=retry_ms, limit_name=name, rate=rate)
    return out
