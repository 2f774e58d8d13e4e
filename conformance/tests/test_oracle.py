"""The oracle against the standard library, against its own vectors, and against tampering."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random
import unittest
from typing import Any

from oracle.breaker import Breaker
from oracle.bucket import Bucket, Rate, take_all
from oracle.consent import Session, judge
from oracle.conversions import backoff_ms
from oracle.keys import parse_key
from oracle.payload import Reader, judge_payload, read_object
from oracle.schemes import SCHEMES, STANDARD
from oracle.schemes import parse_secret as parse_scheme_secret
from oracle.schemes import verify as verify_scheme
from oracle.session_merge import covers, merge, read_statement
from oracle.signature import Headers, Refused, hmac_sha256, verify
from tests.load import cases, pairs, unb64


class Signatures(unittest.TestCase):
    def test_hmac_is_the_standard_library_s(self) -> None:
        for length in (0, 1, 24, 63, 64, 65, 200):
            key, data = bytes(range(length)), b"data" * length
            self.assertEqual(hmac_sha256(key, data), hmac.digest(key, data, "sha256"))

    def test_rfc_4231(self) -> None:
        for case in cases("hmac"):
            mac = hmac_sha256(unb64(case["key_b64"]), unb64(case["data_b64"]))
            self.assertEqual(mac, unb64(case["mac_b64"]), case["name"])

    def test_tampering_with_a_valid_case_is_refused(self) -> None:
        """Each byte of each signed part, one at a time."""
        for name in ("valid", "v1a: valid"):
            self.tamper_with(next(c for c in cases("signature") if c["name"] == name))

    def tamper_with(self, case: dict[str, Any]) -> None:
        keys = [parse_key(STANDARD, text) for text in case["secrets"]]
        headers, body = pairs(case["headers"]), unb64(case["body_b64"])
        verify(keys, headers, body, 300, case["now_ms"])
        for at in range(len(body)):
            spoilt = body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]
            with self.assertRaises(Refused):
                verify(keys, headers, spoilt, 300, case["now_ms"])
        for i, (name, value) in enumerate(headers):
            for at in range(len(value)):
                bad = value[:at] + bytes([value[at] ^ 1]) + value[at + 1 :]
                with self.assertRaises(Refused):
                    changed = [*headers[:i], (name, bad), *headers[i + 1 :]]
                    verify(keys, changed, body, 300, case["now_ms"])

    def test_most_cases_are_invalid(self) -> None:
        for name in ("signature", "schemes", "payload"):
            found = cases(name)
            self.assertGreater(sum(not c["expect"]["ok"] for c in found) * 2, len(found), name)


class Schemes(unittest.TestCase):
    def test_each_scheme_has_its_share(self) -> None:
        found = [c for c in cases("schemes") if c["kind"] == "verify"]
        for scheme in SCHEMES[1:]:
            own = [c for c in found if c["scheme"] == scheme]
            self.assertGreater(sum(not c["expect"]["ok"] for c in own), 80, scheme)
            self.assertGreater(sum(c["expect"]["ok"] for c in own), 20, scheme)

    def test_signed_content_is_what_the_vendors_document(self) -> None:
        """With the standard library's HMAC, over what each scheme says is signed."""
        body, ts, key = b"body", "1700000000", b"k" * 24
        tags = {
            "github": ({"X-Hub-Signature-256": "sha256=%h"}, b"body"),
            "shopify": ({"X-Shopify-Hmac-SHA256": "%b"}, b"body"),
            "stripe": ({"Stripe-Signature": f"t={ts},v1=%h"}, b"1700000000.body"),
            "slack": (
                {"X-Slack-Request-Timestamp": ts, "X-Slack-Signature": "v0=%h"},
                b"v0:1700000000:body",
            ),
        }
        for scheme, (headers, content) in tags.items():
            mac = hmac.digest(key, content, "sha256")
            written = {"%h": mac.hex(), "%b": base64.b64encode(mac).decode()}
            pairs = [
                (n, v.replace("%h", written["%h"]).replace("%b", written["%b"]).encode())
                for n, v in headers.items()
            ]
            known = verify_scheme(scheme, [key], pairs, body, 300, int(ts) * 1000)
            self.assertEqual(known.content, content, scheme)

    def test_tampering_with_a_valid_case_is_refused(self) -> None:
        """Every other value of each byte's last bits, one byte at a time, and every cut."""
        for scheme in SCHEMES[1:]:
            case = next(c for c in cases("schemes") if c["name"] == f"{scheme}: valid")
            keys = [parse_scheme_secret(scheme, s) for s in case["secrets"]]
            headers, body = pairs(case["headers"]), unb64(case["body_b64"])

            def refused(headers: Headers, body: bytes) -> None:
                with self.assertRaises(Refused):
                    verify_scheme(scheme, keys, headers, body, 300, case["now_ms"])  # noqa: B023

            for at in range(len(body)):
                refused(headers, body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :])
            for i, (name, value) in enumerate(headers):
                for at in range(len(value)):
                    for bad in (bytes([value[at] ^ 1]), bytes([value[at] ^ 0x20]), b""):
                        changed = value[:at] + bad + value[at + 1 :]
                        refused([*headers[:i], (name, changed), *headers[i + 1 :]], body)
                    refused([*headers[:i], (name, value[:at]), *headers[i + 1 :]], body)


class Payloads(unittest.TestCase):
    def test_reader_agrees_with_json_on_what_both_take(self) -> None:
        """The library is laxer, never stricter: what the reader takes, it reads alike."""
        for case in cases("payload"):
            body = unb64(case["body_b64"])
            try:
                mine = read_object(body)
            except Refused:
                continue
            theirs = json.loads(body.decode())
            self.assertEqual(list(mine), list(theirs), case["name"])

    def test_random_documents(self) -> None:
        rng = random.Random(7)
        for _ in range(300):
            value: dict[str, object] = {
                str(i): rng.choice([None, True, "\u00e9\n", [1, {"a": "b"}], {}])
                for i in range(rng.randrange(4))
            }
            text = json.dumps(value, ensure_ascii=rng.random() < 0.5)
            self.assertEqual(list(read_object(text.encode())), list(value))
            for cut in range(len(text)):
                with self.assertRaises(Refused):
                    Reader(text[:cut]).document()

    def test_fingerprints_are_kept_as_they_are(self) -> None:
        event = judge_payload("s", "/fingerprint", b'{"fingerprint":" F "}')
        self.assertEqual((event.fingerprint, event.event_id), (" F ", None))


class Limits(unittest.TestCase):
    def test_strict_never_lets_more_than_n_through_any_minute(self) -> None:
        rng = random.Random(11)
        for per_minute in (1, 2, 3, 7, 20, 61):
            bucket = Bucket(Rate.of({"per_minute": per_minute, "strict": True}))
            now_ms, allowed = 0, []
            for _ in range(2000):
                now_ms += rng.choice([0, 1, 50, 500, 3000, 20_000])
                if take_all([bucket], now_ms) == 0:
                    allowed.append(now_ms)
            for i, start_ms in enumerate(allowed):
                inside = [t for t in allowed[i:] if t < start_ms + 60_000]
                self.assertLessEqual(len(inside), per_minute)

    def test_waiting_as_told_always_works(self) -> None:
        """Whatever the clock did before (law 10)."""
        rng = random.Random(13)
        for _ in range(300):
            rate = Rate(rng.randrange(1, 5000), rng.randrange(1, 9))
            bucket, now_ms = Bucket(rate), 10**9
            for _ in range(30):
                now_ms = max(0, now_ms + rng.choice([0, 0, 0, 700, -5000, 10**6, -(10**7)]))
                retry_ms = take_all([bucket], now_ms)
                self.assertLessEqual(retry_ms, rate.interval_ms)
                if retry_ms:
                    now_ms += retry_ms
                    self.assertEqual(take_all([bucket], now_ms), 0)


class Breakers(unittest.TestCase):
    def test_waiting_as_told_always_works(self) -> None:
        """Whatever the clock did before (law 10), and never for longer than one rest."""
        rng = random.Random(19)
        for _ in range(300):
            breaker, now_ms = Breaker(rng.randrange(1, 4), rng.randrange(1, 50)), 10**6
            for _ in range(60):
                now_ms += rng.choice([0, 0, 1, 20, 49, -30, -1000])
                rng.choice(
                    [
                        lambda: breaker.ask(now_ms),  # noqa: B023
                        lambda: breaker.failed(now_ms),  # noqa: B023
                        lambda: breaker.failed(now_ms),  # noqa: B023
                        breaker.succeeded,
                    ]
                )()
                left_ms = breaker.rest(now_ms)
                if left_ms is not None:
                    self.assertLessEqual(left_ms, breaker.rest_ms)
                    now_ms += left_ms
                    self.assertIsNone(breaker.ask(now_ms))

    def test_one_try_a_rest(self) -> None:
        """However often it is asked: a store that is down is asked once a rest."""
        for rest_ms in (1, 7, 1000):
            breaker, tries = Breaker(1, rest_ms), 0
            breaker.failed(0)
            for now_ms in range(10 * rest_ms + 1):
                for _ in range(3):
                    tries += breaker.ask(now_ms) is None
            self.assertEqual(tries, 10)


class Queues(unittest.TestCase):
    def test_back_off_in_one_line(self) -> None:
        for backoff_s in (1, 60, 21_600, 21_601, 86_400):
            for attempts in range(1, 70):
                want = min(backoff_s * 2 ** (attempts - 1), max(backoff_s, 6 * 3600))
                self.assertEqual(backoff_ms(backoff_s, attempts), want * 1000)

    def test_no_conversion_is_handed_out_to_two_at_once(self) -> None:
        """Law 3: between two takes of a job its lease ended, or it was put back."""
        seen = 0
        for case in cases("sequences"):
            lease_ms = case["config"].get("conversion", {}).get("lease_s", 300) * 1000
            held: dict[tuple[str, str], int] = {}
            order: list[tuple[str, str]] = []
            for step in case["steps"]:
                if step["do"] == "finish_conversion" and step["expect"]["reason"] != "lease_lost":
                    again = step["expect"]["reason"] == "conversion_put_back"
                    held[order[step["job"]]] = 0 if again else 10**15
                for job in (step["expect"] or {}).get("conversions", []):
                    key = (step["site"].strip().lower(), job["call_id"])
                    self.assertLessEqual(held.get(key, 0), step["now_ms"], case["name"])
                    held[key] = step["now_ms"] + lease_ms
                    order.append(key)
                    seen += 1
        self.assertGreater(seen, 50)


def judged(stored: dict[str, Any] | None, now_ms: int) -> str:
    """A session as `find` replies it, for a site with the default rules."""
    if stored is None:
        return "no_session"
    fields = {k: v for k, v in stored.items() if k not in ("version", "scopes")}
    session = Session(frozenset(stored["scopes"]), **fields)
    return judge(session, ["marketing"], 6, None, 300, now_ms)


class Transcripts(unittest.TestCase):
    """The transcripts are written by hand: hold what can be held to the oracle."""

    def test_claim_of_an_event_id(self) -> None:
        case = next(c for c in cases("transcripts") if c["name"] == "call: accepted")
        claims = case["effects"][0]["args"]["claims"]
        want = hashlib.sha256(b"consentgate/event-id/v1\x00e1").hexdigest()
        self.assertEqual(claims[-1], f"e:{want}")

    def test_puts_are_what_merge_says(self) -> None:
        consent = {"record": ["analytics"], "convert": ["marketing"]}
        seen = 0
        for case in cases("transcripts"):
            stored, floor_ms = None, None
            for effect in case["effects"]:
                reply = effect.get("reply", {})
                if effect["method"] == "find" and effect["role"] == "sessions" and reply:
                    floor_ms, stored = reply["floor_ms"], reply["session"]
                if effect["method"] != "put":
                    continue
                seen += 1
                said = read_statement(unb64(case["body_b64"]), pairs(case["headers"]), consent)
                old = None
                if stored is not None:
                    fields = {k: v for k, v in stored.items() if k not in ("version", "scopes")}
                    old = Session(frozenset(stored["scopes"]), **fields)
                merged = merge(old, floor_ms, said, consent, 300, case["now_ms"])
                args = effect["args"]
                want = None if merged.session is None else merged.session.as_json()
                self.assertEqual(args["session"], want, case["name"])
                self.assertEqual(args["expected"], stored and stored["version"], case["name"])
                if args["narrowing"] != "*":
                    self.assertEqual(args["narrowing"], merged.takes_away, case["name"])
                if args["floor"] is not None:
                    self.assertEqual(args["floor"]["at_ms"], merged.floor_at_ms, case["name"])
                buckets = any(e["method"] == "admit" for e in case["effects"])
                self.assertEqual(buckets, covers(said, consent), case["name"])
        self.assertGreater(seen, 15)

    def test_takes_are_what_judge_says(self) -> None:
        """Each job's session is looked for and judged; what is handed out was granted."""
        seen = 0
        for case in cases("transcripts"):
            jobs = [e for e in case["effects"] if e["method"] == "take" and "reply" in e]
            if case["do"] != "take_conversions" or not jobs or case["before"]:
                continue
            seen += 1
            given, rest = jobs[0]["reply"]["jobs"], case["effects"][1:]
            granted, cancelled = [], 0
            for job in given:
                found = rest.pop(0)
                self.assertEqual(found["args"]["fingerprint"], job["fingerprint"])
                if "reply" not in found:
                    break
                if judged(found["reply"]["session"], case["now_ms"]) == "granted":
                    granted.append(job["call_id"])
                    continue
                ended = rest.pop(0)
                self.assertEqual(ended["args"]["call_id"], job["call_id"], case["name"])
                self.assertEqual(ended["args"]["result"], "cancelled", case["name"])
                cancelled += ended.get("reply") == {"outcome": "finished"}
            self.assertEqual(rest, [], case["name"])
            if case["expect"]["reason"] != "taken":
                granted, cancelled = [], 0
            out = [job["call_id"] for job in case["expect"]["conversions"]]
            self.assertEqual(out, granted, case["name"])
            self.assertEqual(case["expect"]["cancelled"], cancelled, case["name"])
        self.assertGreater(seen, 90)

    def test_settle_follows_the_design(self) -> None:
        """Unknown outcomes settle nothing; every other end of an admitted event settles once."""
        for case in cases("transcripts"):
            if case["do"] != "call_event" or len(case["effects"]) < 2:
                continue
            *_, last = case["effects"]
            reason, settled = case["expect"]["reason"], last["method"] == "settle"
            if settled:
                action = last["args"]["action"]
                released = case["expect"]["outcome"] == "unavailable"
                self.assertEqual(action, "release" if released else "commit", case["name"])
            else:
                self.assertEqual((last["method"], reason), ("record", "store_failed"), case["name"])


if __name__ == "__main__":
    unittest.main()
