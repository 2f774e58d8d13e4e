"""sequences.json: whole gates, several calls one after the other."""

from __future__ import annotations

import re

from .common import NOW_MS, NOW_S, Collector, compact, signed_headers
from .sequence_admit import admit_cases
from .sequence_conversions import conversion_cases
from .sequence_purge import purge_cases
from .sequence_run import BOTH, K1, K2, K3, OTHER, A, M, Run, consented, done, out, site
from .sequence_schemes import scheme_cases
from .sequence_states import erase_cases, rate_cases, sale_cases, site_cases
from .sequence_v1a import v1a_cases


def replay_cases() -> None:
    run = consented()
    run.call("accepted@marketing")
    for _ in range(3):
        run.call("duplicate@replay")
    done("replay at once", "law 3", run)
    run = consented()
    run.at_s(0).call("accepted", sent_s=0)
    for s in (1, 29, 30, 31, 299, 299.999, 300):
        run.at_s(s).call("duplicate@replay")
    for s in (300.001, 301, 599, 600, 601, 630, 631):
        run.at_s(s).call("stale_timestamp@signature")
    done("replay until the tolerance ends", "field 16: the claim outlives acceptance", run)
    run = consented()
    run.call("accepted", sent_s=300)
    for s in (597, 598, 599, 599.999, 600):
        run.at_s(s).call("duplicate@replay", sent_s=300)
    for s in (600.001, 601, 602, 629, 630, 631):
        run.at_s(s).call("stale_timestamp", sent_s=300)
    done("replay of an event from the future edge", "field 16: accepted for 2 x tolerance", run)
    for s, want in ((597, "duplicate@replay"), (598, "duplicate@replay"), (599, "duplicate@replay"),
                    (599.999, "duplicate@replay"), (600, "duplicate@insert"),
                    (600.001, "duplicate@insert"), (601, "duplicate@insert"),
                    (602, "duplicate@insert"), (86399, "duplicate@insert")):
        run = consented()
        run.call("accepted")
        run.at_s(s).call(want, sent_s=int(s))
        done(f"re-signed after {s} s", "field 16, law 3: first the claim, then the unique row", run)
    for s, want in ((629, "duplicate@replay"), (629.999, "duplicate@replay"),
                    (630, "duplicate@insert"), (631, "duplicate@insert")):
        run = consented()
        run.call("accepted", sent_s=300)
        run.at_s(s).call(want, sent_s=int(s))
        done(f"future-edge event re-signed after {s} s",
             "keep = timestamp + tolerance + lease - now: longer than the TTL", run)
    run = consented()
    run.call("accepted")
    for n in range(1, 6):
        run.at_s(n * 599).call("duplicate@replay", sent_s=n * 599)
    done("re-signed again and again", "meeting a Done claim extends it", run)
    run = consented()
    run.call("accepted")
    run.at_s(599).call("duplicate@replay", sent_s=599)
    run.at_s(899).call("duplicate@replay", sent_s=599)
    run.at_s(1198.999).call("duplicate@replay", sent_s=1198)
    done("the copy's own replay", "field 16: a re-signed copy never outlives the memory", run)
    run = consented()
    run.call("accepted", "e1")
    run.call("accepted", "e2")
    run.call("accepted", "E1")
    run.call("duplicate", "e1")
    done("ids are compared as they are", "another id is another event", run)
    run = consented()
    run.call("accepted", "e1")
    run.call("duplicate@replay", "e1", body=b'{"fingerprint":"f","x":2}')
    done("one id, another body", "field 17: a signed id is an identity", run)
    run = consented()
    run.call("accepted", "e1")
    run.call("accepted", "e2", body=b'{"fingerprint":"f"}')
    run.call("bad_signature", headers=[
        ("webhook-id", b"e3"), *signed_headers([K1], "e2", NOW_S, b'{"fingerprint":"f"}')[1:]],
        body=b'{"fingerprint":"f"}')
    done("an id cannot be swapped", "field 17: the id is signed", run)
    run = consented()
    body = compact({"fingerprint": "f"})
    plain = signed_headers([K1], "e1", NOW_S, body)
    token = plain[2][1]
    run.call("accepted", headers=plain, body=body)
    for value in (b"v1,x " + token, token + b" ", b" " + token, token + b" " + token,
                  b"v1a,x " + token, token + b" v1,AAAA"):
        run.call("duplicate@replay", headers=[*plain[:2], ("webhook-signature", value)], body=body)
    run.call("duplicate@replay", headers=[(n.upper(), v) for n, v in plain], body=body)
    run.call("duplicate@replay", headers=[("x-new", b"1"), *plain[::-1]], body=body)
    done("header rewriting", "law 3, field 9: the claim is of MAC bytes, never of header text",
         run)


def rotation_cases() -> None:
    two = {"sites": {"acme": site(K1, K2)}}
    for first, then in (((K1, K2), (K2,)), ((K1, K2), (K1,)), ((K2, K1), (K2,)), ((K1,), (K2,)),
                        ((K2,), (K1,)), ((K1,), (K1, K2))):
        run = consented(two)
        run.call("accepted", keys=first)
        run.call("duplicate@replay", keys=then)
        names = {K1: "A", K2: "B"}
        label = f"{' '.join(names[k] for k in first)} then {' '.join(names[k] for k in then)}"
        done(f"rotation: {label}", "field 18: claimed under every listed key", run)
    run = consented(two)
    run.call("accepted", keys=(K1, K2))
    run.at_s(10).set_site(site(K2))
    run.call("duplicate@replay", keys=(K2,))
    run.call("bad_signature", keys=(K1,))
    run.call("duplicate@replay", keys=(K1, K2))
    done("key removed at run time, then a replay", "field 18: a removed key verifies nothing", run)
    run = consented()
    run.call("accepted", keys=(K1,))
    run.at_s(10).set_site(site(K1, K2))
    run.call("duplicate@replay", keys=(K1,))
    run.call("duplicate@replay", keys=(K2,))
    run.at_s(20).set_site(site(K2))
    run.call("duplicate@replay", keys=(K2,))
    run.at_s(30).set_site(site(K2, K1))
    run.call("duplicate@replay", keys=(K1,))
    done("a whole rotation", "law 3: under any rotation", run)
    run = consented()
    run.call("accepted", "e1")
    run.at_s(1).set_site(site(K2))
    run.call("bad_signature", "e1", keys=(K1,))
    run.call("duplicate@replay", "e1", keys=(K2,))
    run.at_s(601).call("duplicate@insert", "e1", keys=(K2,), sent_s=601)
    run.call("accepted", "e2", keys=(K2,), sent_s=601)
    done("all keys replaced", "law 3: the id is still the same", run)
    run = consented({"sites": {"acme": site(K1, K2, K3)}})
    run.call("accepted", "e1", keys=(K3,))
    run.call("duplicate", "e1", keys=(K1, K2, K3))
    run.call("bad_signature", "e1", keys=(OTHER,))
    done("three keys", "law 3", run)


def refused_cases() -> None:
    run = Run()
    run.call("no_session@session")
    run.sync("stored", BOTH)
    run.call("refused_before@replay")
    run.at_s(299).call("refused_before@replay", sent_s=299)
    run.at_s(898.999).call("refused_before@replay", sent_s=898)
    run.call("accepted", "e2", sent_s=898)
    done("204, then consent, then the replay", "a refused event is finished: it stays 204", run)
    run = Run()
    run.call("no_session@session")
    run.sync("stored", BOTH)
    run.at_s(600).call("accepted", sent_s=600)
    done("204, forgotten after its keep", "the memory of a refusal is as long as any claim's", run)
    run = Run()
    run.sync("refused@statement", [M])
    run.call("no_session")
    done("refusal, then an event", "a floor is no session", run)
    run = Run()
    run.sync("stored", BOTH)
    run.sync("refused", [M], -500)
    run.call("consent_withdrawn@consent")
    run.sync("stored", BOTH, -100)
    run.call("refused_before")
    run.call("accepted", "e2")
    done("withdrawal before the event", "law 5; later consent opens no earlier event", run)
    run = consented()
    run.call("accepted")
    run.sync("refused", [])
    run.call("duplicate@replay")
    run.call("consent_withdrawn", "e2")
    run.at_s(600).call("consent_withdrawn", "e1", sent_s=600)
    run.at_s(601).call("refused_before", "e1", sent_s=601)
    done("withdrawal after the event", "field 44: a copy past its claim is judged anew: 204", run)
    run = consented()
    run.sync("refused", [], -500)
    run.sync("stored", BOTH, -700)
    run.call("consent_withdrawn")
    run.sync("stored", BOTH, -500)
    run.call("consent_withdrawn", "e2")
    run.sync("stored", BOTH, -499)
    run.call("accepted", "e3")
    done("older grant after a withdrawal", "law 7", run)
    run = Run()
    run.sync("refused", [], -500)
    run.sync("stored", BOTH, -700)
    run.call("no_session")
    done("older grant after a refusal", "law 7: the floor", run)
    run = Run()
    run.sync("stored", [A])
    run.call("accepted@marketing")
    run.sale("skipped@consent")
    done("analytics alone", "law 5: accepted, marketing skipped", run)
    run = Run(consent={"record": [A], "convert": [M], "months": 1, "policy_version_min": 2})
    run.sync("stored", BOTH, policy_version=1)
    run.call("consent_policy_version@consent")
    run.sync("stored", BOTH, -900, policy_version=2)
    run.call("accepted", "e2")
    run.at_s(30 * 86400 - 2).call("accepted", "e3", sent_s=30 * 86400 - 2)
    run.at_s(30 * 86400 - 0.901).call("accepted", "e4", sent_s=30 * 86400 - 1)
    run.at_s(30 * 86400 - 0.9).call("consent_expired@consent", "e5", sent_s=30 * 86400 - 1)
    done("policy version and expiry", "field 43: half-open, a month from the instant of the grant",
         run)
    run = consented()
    run.at_s(-302).call("consent_from_future@consent", "e1", sent_s=-302)
    run.at_s(-301).call("accepted", "e2", sent_s=-301)
    done("clock behind the grant", "law 10: a grant from beyond the tolerance denies", run)
    run = consented()
    run.call("accepted", body=b'{"fingerprint":"f","site_id":" ACME "}', name=" Acme\t")
    run.call("duplicate", body=b'{"fingerprint":"f"}')
    done("site ids are normalised", "law 8: once, at the border", run)


def signature_order_cases() -> None:
    run = consented()
    run.call("bad_signature", keys=(K2,))
    run.call("stale_timestamp", sent_s=-301)
    run.call("future_timestamp", sent_s=301)
    run.call("malformed_header", headers=[])
    run.call("malformed_header", headers=signed_headers([K1], "a.b", NOW_S, b"{}"), body=b"{}")
    run.call("malformed_json@payload", body=b"{}x")
    run.call("malformed_fingerprint@payload", body=b"{}")
    run.call("consent_in_payload@payload", body=b'{"fingerprint":"f","consent_at":1}')
    run.call("wrong_site@payload", body=b'{"fingerprint":"f","site_id":"other"}')
    run.call("too_large@signature", body=b'{"fingerprint":"f","x":"%s"}' % (b"x" * 65536))
    run.call("accepted@marketing")
    done("refusals before stage 2 leave no claim", "law 4, field 26: then the honest one", run)
    run = Run({"sites": {"acme": site()}, "caps": {"body_bytes_max": 64}})
    run.call("too_large", body=b"x" * 65, headers=[])
    run.call("too_large", body=b"x" * 65, headers=[], name="nobody")
    run.call("malformed_json", body=b"x" * 64)
    run.sync("too_large@origin", [], body=b"x" * 65, headers=[], name="nobody")
    done("body cap", "413 before anything else, for known and unknown sites alike", run)
    run = consented()
    run.call("unknown_site@signature", name="nobody")
    run.call("unknown_site", name="")
    run.call("unknown_site", name="acme!")
    run.call("unknown_site", name="a" * 65)
    run.call("unknown_site", name="ac me")
    run.call("unknown_site", name="\u00e4cme")
    run.sync("unknown_site@origin", BOTH, name="nobody")
    run.call("accepted")
    done("unknown sites", "field 13, law 2: one 401", run)
    run = Run()
    run.sync("wrong_origin@origin", BOTH, headers=[])
    run.sync("malformed_json@statement", [], body=b"x")
    run.sync("malformed_statement@statement", [], body=b'{"fingerprint":"f"}')
    run.call("no_session")
    done("refused statements store nothing", "law 5", run)


def check_markers() -> None:
    """Every sequence counts its call ids from 1, in the order they are first seen."""
    for case in out.cases:
        seen = [step["expect"]["body"] for step in case["steps"] if step["expect"]]
        numbers = [int(n) for body in seen for n in re.findall(r"\$call:(\d+)", body)]
        assert numbers == list(range(1, len(numbers) + 1)), case["name"]
    assert NOW_MS == NOW_S * 1000


def build() -> Collector:
    replay_cases()
    rotation_cases()
    refused_cases()
    signature_order_cases()
    rate_cases()
    sale_cases()
    erase_cases()
    site_cases()
    scheme_cases()
    conversion_cases()
    purge_cases()
    v1a_cases()
    check_markers()
    admit_cases()
    return out
