"""transcripts.json: `admit`, the host's own work, then `commit` or `release`."""

from __future__ import annotations

from typing import Any

from oracle import wire
from oracle.bucket import Rate
from oracle.keys import signature_hash
from oracle.signature import hmac_sha256, parse_secret
from oracle.state import signature_claim

from .common import NOW_MS, NOW_S, b64, pairs_json, signed_headers
from .sequence_run import K1, K2, K3
from .transcript_run import (
    ANY,
    CALL_ID,
    FAILURES,
    FULL_REPLY,
    Effect,
    Event,
    config,
    nonsense,
    out,
)

BUCKET = {"name": "admit", "key": ANY, "interval_ms": 10, "burst": 1000}
NO_CALL = "0" * 32
# There is no row: done claims live as long as one would.
KEEP_MS = 86_400_000
# No person, so no fingerprint; it need not even be JSON.
BODY = b"a=b"
UNCOMMITTED = wire.decision("uncommitted", "settle")
COMMITTED = wire.decision("committed", "settle")


class Delivery(Event):
    """An event for the host's own work, and the effects around it."""

    def __init__(self, *listed: str, body: bytes = BODY) -> None:
        super().__init__(listed or (K1,), body=body)

    def admit(self, reply: Any = None) -> Effect:
        made = super().admit(reply)
        made["args"]["buckets"] = [BUCKET]
        return made

    def decisive(self, reply: Any = None) -> Effect:
        """First the claim that every delivery of the event holds: its id."""
        made = self.commit(reply=reply, call_id=NO_CALL)
        made["args"]["claims"] = self.claims[-1:]
        made["args"]["keep_ms"] = KEEP_MS
        return made

    def rest(self, reply: Any = None) -> Effect:
        """Then all of them."""
        made = self.commit(reply=reply, call_id=NO_CALL)
        made["args"]["keep_ms"] = KEEP_MS
        return made

    def release(self, reply: Any = None) -> Effect:
        made = super().release(reply)
        made["args"]["refund"] = [BUCKET]
        return made


D1 = Delivery()


def admission(name: str, note: str, effects: list[Effect], expect: dict[str, Any], *,
              settle: str | None = None, gate: dict[str, Any] | None = None,
              headers: list[list[str]] | None = None, body: bytes = BODY, key: str = K1,
              sent_s: int = 0, asked: str = "acme") -> None:
    sent = headers or pairs_json(signed_headers([key], "e1", NOW_S + sent_s, body))
    out.add(f"admit: {name}", note, config=gate or config(), before=[], do="admit", site=asked,
            headers=sent, body_b64=b64(body), now_ms=NOW_MS, settle=settle, effects=effects,
            expect=expect)


def admit_flow() -> None:
    ends()
    refusals()
    without_id()


def ends() -> None:
    commit = [D1.admit(), D1.decisive(), D1.rest()]
    admission("committed", "law 3: done under the id first, then under every name", commit,
              COMMITTED, settle="commit")
    takeover = D1.admit({"outcome": "admitted", "takeover": True})
    admission("takeover", "field 21: a lapsed lease is taken over; the same from there on",
              [takeover, *commit[1:]], COMMITTED, settle="commit")
    admission("released", "law 4: the event never happened, and gets its token back",
              [D1.admit(), D1.release()], UNCOMMITTED, settle="release")
    admission("lost", "field 22: the late first owner is told so, and writes nothing more",
              [D1.admit(), D1.decisive({"outcome": "lost"})],
              wire.decision("commit_lost", "settle", retry_ms=30_000), settle="commit")
    many = Delivery(K1, K2, K3)
    admission("three keys", "law 3: claimed under every listed key",
              [many.admit(), many.decisive(), many.rest()], COMMITTED, settle="commit", key=K3,
              gate=config(False, K1, K2, K3))
    note = "the id decides: what becomes of the other claims changes no answer"
    lost: Any = {"outcome": "lost"}
    for told, reply in (("lost", lost), ("raises", "raise"), ("replies nonsense", "nonsense")):
        admission(f"committed, the rest {told}", note,
                  [D1.admit(), D1.decisive(), D1.rest(reply)], COMMITTED, settle="commit")
        admission(f"released, settle {told}", "a failed release never changes the answer",
                  [D1.admit(), D1.release(reply)], UNCOMMITTED, settle="release")
    for failure in (*FAILURES, "raise_not_written"):
        admission(f"commit {failure}", "law 11: unknown is unavailable; nothing more is asked",
                  [D1.admit(), D1.decisive(failure)], wire.decision("store_failed", "settle"),
                  settle="commit")
    for i, reply in enumerate((None, [], {}, True, "settled", {"outcome": "SETTLED"},
                               {"outcome": "admitted", "takeover": False})):
        admission(f"commit replies nonsense {i}", "law 11, field 38: never a guess",
                  [D1.admit(), nonsense(D1.decisive(), reply)],
                  wire.decision("store_failed", "settle"), settle="commit")


def refusals() -> None:
    law = "law 1: nothing is read from or written to a store before the HMAC verified"
    admission("bad signature", law, [], wire.decision("bad_signature", "signature"), key=K2)
    admission("stale", law, [], wire.decision("stale_timestamp", "signature"), sent_s=-301)
    admission("future", law, [], wire.decision("future_timestamp", "signature"), sent_s=301)
    admission("unknown site", law, [], wire.decision("unknown_site", "signature"), asked="x")
    admission("too large", law, [], wire.decision("too_large", "signature"), body=b"x" * 65537)
    admission("duplicate", "law 4: nothing more is asked", [
        D1.admit({"outcome": "done", "result": "accepted", "call_id": NO_CALL})],
        wire.decision("duplicate", "replay"))
    admission("duplicate of a call", "an event is one, whichever method it is given to", [
        D1.admit({"outcome": "done", "result": "accepted", "call_id": CALL_ID})],
        wire.decision("duplicate", "replay"))
    admission("refused before", "an event that was refused as a call stays refused", [
        D1.admit({"outcome": "done", "result": "refused"})],
        wire.decision("refused_before", "replay"))
    for retry_ms in (1, 1001, 29_999):
        admission(f"in flight for {retry_ms} ms", "field 23: in flight and done are told apart",
                  [D1.admit({"outcome": "held", "retry_ms": retry_ms})],
                  wire.decision("in_flight", "replay", retry_ms=retry_ms))
    for retry_ms in (1, 1001, 9_999):
        admission(f"limited for {retry_ms} ms", "field 20: nothing was written, nothing settled",
                  [D1.admit({"outcome": "limited", "retry_ms": retry_ms, "bucket": 0})],
                  wire.decision("rate_limited", "rate_limit", retry_ms=retry_ms,
                                limit_name="admit", rate=Rate(10, 1000)))
    admission("claims full", "law 9: 503, nothing is forgotten", [D1.admit(FULL_REPLY)],
              wire.decision("overloaded", "replay"))
    for failure in FAILURES:
        admission(f"admit {failure}", "outcome unknown: no settle, the lease lapses",
                  [D1.admit(failure)], wire.decision("store_failed", "replay"))


def github(**more: Any) -> dict[str, Any]:
    key = {"id": "k1", "secret": {"base64": K1.removeprefix("whsec_")}}
    site = {"scheme": "github", "accept_untimed": True, "keys": [key], **more}
    return {**config(), "sites": {"acme": site}}


def without_id() -> None:
    def tagged(body: bytes) -> list[list[str]]:
        mac = hmac_sha256(parse_secret(K1), body).hex()
        return pairs_json([("x-hub-signature-256", f"sha256={mac}".encode())])

    def delivery(body: bytes, event_id: str | None) -> Delivery:
        made = Delivery()
        made.claims = [signature_claim(signature_hash(parse_secret(K1), body))]
        if event_id is not None:
            made.claims.append(D1.claims[-1])
        made.keep_ms = 600_000
        return made

    plain = delivery(BODY, None)
    admission("github, committed", "no id is known: the signature decides, in one step",
              [plain.admit(), plain.rest()], COMMITTED, settle="commit", gate=github(),
              headers=tagged(BODY))
    admission("github, lost", "field 22", [plain.admit(), plain.rest({"outcome": "lost"})],
              wire.decision("commit_lost", "settle", retry_ms=30_000), settle="commit",
              gate=github(), headers=tagged(BODY))
    two = delivery(BODY, None)
    two.claims.append(signature_claim(signature_hash(parse_secret(K2), BODY)))
    both = github()
    both["sites"]["acme"]["keys"].append({"id": "k2", "secret": {"base64": K2[6:]}})
    first = two.rest()
    first["args"]["claims"] = plain.claims
    admission("github, two keys", "field 22, 18: the signature that came decides, whatever else "
              "this gate lists and another does not yet", [two.admit(), first, two.rest()],
              COMMITTED, settle="commit", gate=both, headers=tagged(BODY))
    lost_first = {**first, "reply": {"outcome": "lost"}}
    admission("github, two keys, lost", "field 22, 18: who took it over may list fewer keys",
              [two.admit(), lost_first], wire.decision("commit_lost", "settle", retry_ms=30_000),
              settle="commit", gate=both, headers=tagged(BODY))
    body = b'{"id":"e1","consent_at":1,"site_id":"x"}'
    known = delivery(body, "e1")
    pointed = github(event_id_pointer="/id")
    admission("github, an id in the body", "of a body without a person the id alone is read",
              [known.admit(), known.decisive(), known.rest()], COMMITTED, settle="commit",
              gate=pointed, headers=tagged(body), body=body)
    for reason, wrong in (("malformed_json", BODY), ("malformed_json", b'{"id":"a","id":"b"}'),
                          ("malformed_event_id", b"{}"), ("malformed_event_id", b'{"id":"a.b"}')):
        admission(f"github, {wrong.decode()}", "the payload is judged before any effect", [],
                  wire.decision(reason, "payload"), gate=pointed, headers=tagged(wrong),
                  body=wrong)
