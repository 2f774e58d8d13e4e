"""sequences.json: sites of the other schemes, where an event's id is in its body or nowhere."""

from __future__ import annotations

from typing import Any

from .common import NOW_S, Pairs, compact
from .schemes_run import NAME, SLACK_TIME, item, request, valid
from .sequence_run import BOTH, K1, K2, K3, OTHER, A, Run, consented, done, site

RETAINED = {"retention": {"calls_s": 30 * 86400}}


class Sender:
    """Requests of one scheme to one run; the texts of K1… are the keys as they stand."""

    def __init__(self, run: Run, scheme: str) -> None:
        self.run, self.scheme = run, scheme

    def body(self, event_id: object = "evt_1", who: str = "f", **more: object) -> bytes:
        return compact({"id": event_id, "event_id": event_id, "fingerprint": who, **more})

    def headers(self, body: bytes, sent_s: int = 0, keys: tuple[str, ...] = (K1,)) -> Pairs:
        ts = str(NOW_S + sent_s)
        items = ",".join(item(self.scheme, key, ts, body) for key in keys)
        return request(self.scheme, items, ts)

    def send(self, want: str, body: bytes | None = None, *, sent_s: int = 0,
             keys: tuple[str, ...] = (K1,), more: Pairs | None = None, name: str = "acme") -> None:
        body = self.body() if body is None else body
        headers = [*self.headers(body, sent_s, keys), *(more or [])]
        self.run.call(want, headers=headers, body=body, name=name)


def open_site(scheme: str, *keys: str, top: dict[str, Any] | None = None,
              **more: Any) -> tuple[Run, Sender]:
    """A site of the scheme, where `f` consented to everything."""
    run = consented({"sites": {"acme": own(scheme, *keys, **more)}, **(top or {})})
    return run, Sender(run, scheme)


def own(scheme: str, *keys: str, **more: Any) -> dict[str, Any]:
    switch = {"accept_untimed": True} if scheme in ("github", "shopify") else {}
    return site(*keys, scheme=scheme, **switch, **more)


def stripe_cases() -> None:
    for s, want in ((1, "duplicate@replay"), (299, "duplicate@replay"), (599, "duplicate@replay"),
                    (600, "duplicate@insert"), (3600, "duplicate@insert")):
        run, stripe = open_site("stripe")
        stripe.send("accepted@marketing")
        run.at_s(s)
        stripe.send(want, sent_s=s)
        done(f"stripe: sent again after {s} s", "field 16, 17: a new time and signature, the same "
             "id in the body: the same event", run)
    run, stripe = open_site("stripe", K1, K2)
    both = stripe.headers(stripe.body(), 0, (K1, K2))
    run.call("accepted", headers=both, body=stripe.body())
    stripe.send("duplicate@replay", keys=(K1,))
    stripe.send("duplicate@replay", keys=(K2,))
    run.at_s(10).set_site(own("stripe", K2))
    stripe.send("duplicate@replay", keys=(K2,))
    stripe.send("bad_signature@signature", keys=(K1,))
    run.call("duplicate@replay", headers=both, body=stripe.body())
    done("stripe: signatures stripped after a rotation", "field 18: claimed under every listed key",
         run)
    run, stripe = open_site("stripe", rate={"capacity": 1, "per_minute": 1, "strict": False})
    for bad in (b'{"fingerprint":"f"}', stripe.body(""), stripe.body("a.b"), stripe.body(7),
                stripe.body(None), stripe.body(["evt_1"]), stripe.body("e" * 257)):
        stripe.send("malformed_event_id@payload", bad)
    stripe.send("malformed_fingerprint@payload", b"{}")
    stripe.send("consent_in_payload@payload", stripe.body(consent_at=1))
    stripe.send("malformed_json@payload", b'{"fingerprint":"f","id":"a","id":"a"}')
    stripe.send("accepted")
    done("stripe: id missing or malformed", "field 17, 26: the check is not skipped; no claim, no "
         "token", run)
    run, stripe = open_site("stripe")
    stripe.send("accepted")
    stripe.send("duplicate@replay", stripe.body(x=1))
    stripe.send("accepted", stripe.body("evt_2"))
    stripe.send("accepted", stripe.body("EVT_1"))
    stripe.send("duplicate@replay", stripe.body("evt_2", x=2))
    done("stripe: the id is the identity", "ids are compared as they are, whatever else the body "
         "says", run)
    run, stripe = open_site("stripe")
    body, ts = stripe.body(), str(NOW_S)
    right, t = item("stripe", K1, ts, body), f"t={ts}"
    run.call("accepted", headers=[(NAME["stripe"], f"{t},{right}".encode())], body=body)
    for text in (f"{right},{t}", f"{t},{right},{right}", f"{t},v0={'0' * 64},{right}",
                 f"{t},v1={'0' * 64},{right}", f",,{t},junk,{right},", f"{t},{right},T=1"):
        run.call("duplicate@replay", headers=[(NAME["stripe"], text.encode())], body=body)
    run.call("duplicate@replay", headers=[("x-new", b"1"), ("STRIPE-SIGNATURE",
             f"{t},{right}".encode())], body=body)
    run.call("malformed_header", headers=[(NAME["stripe"], f"{t},{t},{right}".encode())], body=body)
    run.call("bad_signature", headers=[(NAME["stripe"], f"{t},{right.upper()}".encode())],
             body=body)
    done("stripe: header rewriting", "law 3, field 9: claims are of MAC bytes and signed ids", run)
    run, stripe = open_site("stripe", event_id_pointer="/data/object/ref",
                            fingerprint_pointer="/data/object/metadata/visitor")

    def nested(event_id: str, ref: str) -> bytes:
        return compact({"id": event_id, "data": {"object": {"ref": ref, "metadata": {
                        "visitor": "f"}}}})

    stripe.send("accepted", nested("evt_1", "order-1"))
    stripe.send("duplicate@replay", nested("evt_2", "order-1"))
    stripe.send("accepted", nested("evt_1", "order-2"))
    stripe.send("malformed_event_id", nested("evt_1", ""))
    done("stripe: another place for the id", "the site's pointer, not the scheme's", run)
    run = Run({"sites": {"acme": own("stripe")}})
    stripe = Sender(run, "stripe")
    stripe.send("no_session@session")
    run.sync("stored", BOTH)
    run.at_s(30)
    stripe.send("refused_before@replay", sent_s=30)
    stripe.send("accepted", stripe.body("evt_2"), sent_s=30)
    done("stripe: 204, then consent, then sent again", "a refused event is finished", run)
    run, stripe = open_site("stripe")
    stripe.send("stale_timestamp", sent_s=-301)
    stripe.send("future_timestamp", sent_s=301)
    stripe.send("accepted", sent_s=300)
    run.at_s(600)
    stripe.send("duplicate@replay", sent_s=300)
    run.at_s(600.001)
    stripe.send("stale_timestamp", sent_s=300)
    done("stripe: the edges of the time", "field 14, 16: the claim outlives acceptance", run)


def github_cases() -> None:
    for s, want in ((0, "duplicate@replay"), (599.999, "duplicate@replay"),
                    (600, "duplicate@insert"), (3600, "duplicate@insert"),
                    (86399.999, "duplicate@insert")):
        run, github = open_site("github")
        github.send("accepted@marketing")
        run.at_s(s)
        github.send(want)
        done(f"github: a copy after {s} s", "field 16, law 3: the claim for the TTL, then the "
             "unique row", run)
    run, github = open_site("github")
    github.send("accepted")
    run.at_s(86400)
    github.send("accepted")
    done("github: a copy past the retention of calls", "docs/schemes.md: after that nothing "
         "refuses it; calls are kept as long as a copy could do harm", run)
    run, github = open_site("github", top=RETAINED)
    github.send("accepted")
    run.at_s(29 * 86400)
    github.send("duplicate@insert")
    github.send("duplicate@replay")
    done("github: a copy a month later, calls kept longer", "law 3: as long as the call is kept",
         run)
    run, github = open_site("github")
    github.send("accepted", more=[("X-GitHub-Delivery", b"72d3162e-cc78-11e3-81ab-4c9367dc0958")])
    for more in ([("X-GitHub-Delivery", b"00000000-0000-0000-0000-000000000000")],
                 [("X-GitHub-Delivery", b"1"), ("X-GitHub-Event", b"ping")], [],
                 [("webhook-id", b"evt_2")], [("X-Hub-Signature", b"sha1=" + b"0" * 40)]):
        github.send("duplicate@replay", more=more)
    run.at_s(700)
    github.send("duplicate@insert", more=[("X-GitHub-Delivery", b"2")])
    github.send("accepted", github.body() + b" ")
    done("github: another delivery header", "field 17: what is not signed is never an identity",
         run)
    run, github = open_site("github", K1, K2)
    github.send("accepted", keys=(K1,))
    github.send("duplicate@replay", keys=(K2,))
    run.at_s(1200).set_site(own("github", K2))
    run.at_s(2400)
    github.send("duplicate@insert", keys=(K2,))
    github.send("bad_signature", keys=(K1,))
    done("github: signed with the other key after a rotation", "law 3: without an id the row is "
         "single on each key's hash", run)
    for label, keys in (("put last", (K1, K2)), ("put first", (K2, K1)), ("third", (K3, K1, K2))):
        run, github = open_site("github")
        github.send("accepted")
        run.at_s(10).set_site(own("github", *keys))
        github.send("duplicate@replay")
        run.at_s(700)
        github.send("duplicate@insert", keys=(K2,))
        github.send("duplicate@replay")
        done(f"github: a key {label}", "law 3: under any rotation", run)
    run, github = open_site("github")
    github.send("accepted")
    run.at_s(10).set_site(own("github", K2))
    run.at_s(605)
    github.send("duplicate@insert", keys=(K2,))
    done("github: the only key replaced", "law 3: the row is single on lately retired keys too",
         run)
    run, github = open_site("github", event_id_pointer="/id")
    github.send("accepted")
    github.send("duplicate@replay", github.body(x=1))
    run.at_s(700)
    github.send("duplicate@insert", github.body(x=2))
    github.send("malformed_event_id@payload", b'{"fingerprint":"f"}')
    github.send("accepted", github.body("evt_2"))
    done("github: with an id in the body", "the signature and the id: either known is a duplicate",
         run)
    run, github = open_site("github", rate={"capacity": 1, "per_minute": 60, "strict": False})
    github.send("accepted")
    github.send("rate_limited@rate_limit", github.body("evt_2"))
    github.send("duplicate@replay")
    run.at_s(1)
    github.send("accepted", github.body("evt_2"))
    done("github: limited, then again", "field 20, law 4: a limited event leaves no claim", run)
    run = Run({"sites": {"acme": own("github")}, "caps": {"claims_per_site_max": 1}})
    run.sync("stored", BOTH)
    github = Sender(run, "github")
    github.send("accepted")
    github.send("overloaded@replay", github.body("evt_2"))
    github.send("duplicate@replay")
    run.at_s(600)
    github.send("accepted", github.body("evt_2"))
    done("github: claims full", "law 9: without an id an event under one key takes one claim", run)
    run = Run({"sites": {"acme": own("github")}})
    github = Sender(run, "github")
    github.send("no_session")
    run.sync("stored", BOTH)
    run.at_s(599.999)
    github.send("refused_before@replay")
    run.at_s(1199.998)
    github.send("refused_before@replay")
    run.at_s(1799.998)
    github.send("accepted")
    done("github: 204, forgotten after its keep", "a refusal leaves no row: once its claim is "
         "over, a copy is judged anew", run)
    run, github = open_site("github")
    github.send("accepted")
    run.at_s(-400)
    github.send("duplicate@replay")
    run.at_s(1)
    github.send("bad_signature", keys=(K2,))
    github.send("bad_signature", keys=(OTHER,))
    github.send("unknown_site", name="nobody")
    run.call("malformed_header", headers=[], body=github.body())
    run.call("malformed_header", headers=valid("stripe", K1, body=github.body()),
             body=github.body())
    github.send("duplicate@replay")
    done("github: clock back, and what is refused", "law 10, law 2: one 401", run)


def slack_and_shopify_cases() -> None:
    for s, want in ((1, "duplicate@replay"), (599, "duplicate@replay"), (600, "duplicate@insert")):
        run, slack = open_site("slack", event_id_pointer="/event_id")
        slack.send("accepted@marketing")
        run.at_s(s)
        slack.send(want, sent_s=s, more=[("x-slack-retry-num", b"1")])
        done(f"slack: sent again after {s} s, with an id", "field 17: the same `event_id` in the "
             "signed body", run)
    run, slack = open_site("slack", event_id_pointer="/event_id")
    slack.send("malformed_event_id@payload", b'{"fingerprint":"f","id":"evt_1"}')
    slack.send("malformed_event_id@payload", slack.body("a b"))
    slack.send("accepted")
    slack.send("duplicate@replay", slack.body(x=1))
    done("slack: id missing or malformed", "field 17", run)
    run, slack = open_site("slack")
    slack.send("accepted")
    slack.send("duplicate@replay", more=[("x-slack-retry-num", b"1")])
    slack.send("accepted", sent_s=1)
    slack.send("duplicate@replay")
    slack.send("duplicate@replay", sent_s=1)
    done("slack: without a pointer", "docs/schemes.md: each attempt that is signed anew is an "
         "event of its own", run)
    run, slack = open_site("slack")
    slack.send("accepted", sent_s=300)
    run.at_s(600)
    slack.send("duplicate@replay", sent_s=300)
    run.at_s(600.001)
    slack.send("stale_timestamp", sent_s=300)
    done("slack: the edges of the time", "field 16: the claim outlives acceptance", run)
    run, slack = open_site("slack", K1, K2)
    slack.send("accepted", keys=(K1,))
    slack.send("duplicate@replay", keys=(K2,))
    run.at_s(10).set_site(own("slack", K2))
    slack.send("duplicate@replay", keys=(K2,))
    slack.send("bad_signature", keys=(K1,))
    done("slack: rotation without an id", "field 18: claimed under every listed key", run)
    run, slack = open_site("slack")
    body = slack.body()
    plain = slack.headers(body)
    run.call("accepted", headers=plain, body=body)
    run.call("duplicate@replay", headers=[(n.upper(), v) for n, v in plain[::-1]], body=body)
    run.call("malformed_header", headers=[*plain, (SLACK_TIME, b"1")], body=body)
    run.call("bad_signature", headers=[(SLACK_TIME, str(NOW_S + 1).encode()), plain[1]], body=body)
    run.call("bad_signature", headers=plain, body=body + b" ")
    done("slack: header rewriting", "law 3, field 9", run)
    run, shopify = open_site("shopify", K1, K2)
    shopify.send("accepted", more=[("X-Shopify-Webhook-Id", b"b54557e4")])
    shopify.send("duplicate@replay", more=[("X-Shopify-Webhook-Id", b"00000000")])
    shopify.send("duplicate@replay", keys=(K2,))
    run.at_s(1200)
    shopify.send("duplicate@insert", more=[("X-Shopify-Triggered-At", b"2024-01-01T00:00:00Z")])
    run.set_site(own("shopify", K2))
    run.at_s(2400)
    shopify.send("duplicate@insert", keys=(K2,))
    shopify.send("accepted", shopify.body("evt_2"), keys=(K2,))
    done("shopify: copies and a rotation", "field 17, 18, law 3", run)
    run = Run({"sites": {"acme": own("stripe"), "other": own("github", OTHER)}})
    stripe, github = Sender(run, "stripe"), Sender(run, "github")
    run.sync("stored", BOTH)
    run.sync("stored", [A], name="other")
    stripe.send("accepted")
    github.send("accepted", keys=(OTHER,), name="other")
    github.send("malformed_header", keys=(OTHER,))
    stripe.send("malformed_header", name="other")
    stripe.send("duplicate@replay")
    github.send("duplicate@replay", keys=(OTHER,), name="other")
    run.sale("skipped@consent", "$call:2", name="other")
    run.sale("already_enqueued")
    done("two sites, two schemes", "law 8, field 6: the scheme is the site's", run)


def scheme_cases() -> None:
    stripe_cases()
    github_cases()
    slack_and_shopify_cases()
