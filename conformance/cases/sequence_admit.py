"""sequences.json: `admit`, where the host's own work is committed, released, or cut off."""

from __future__ import annotations

from .common import NOW_S
from .schemes_run import item, request
from .sequence_run import K1, K2, Run, consented, done, site

ONE = {"capacity": 1, "per_minute": 1, "strict": False}


def admit_cases() -> None:
    run = Run()
    run.admit("committed@settle")
    for s in (0, 1, 29, 30, 299, 300):
        run.at_s(s).admit("duplicate@replay")
        run.admit("duplicate@replay", sent_s=s)
    run.at_s(301).admit("stale_timestamp@signature")
    run.admit("duplicate@replay", sent_s=301)
    done("admit: committed, and again", "law 3, field 16: a copy, and signed anew", run)
    run = Run(admit_rate=ONE)
    for _ in range(3):
        run.admit("uncommitted@settle", settle="release")
    run.admit("committed")
    run.admit("rate_limited@rate_limit", "e2")
    run.admit("duplicate@replay")
    run.at_s(59.999).admit("rate_limited", "e2")
    run.at_s(60).admit("committed", "e2")
    done("admit: released and limited", "law 4, field 20, 27: a release gives its token back; a "
         "limited event leaves no claim", run)
    for signed_anew in (False, True):
        run = Run(admit_rate=ONE)
        run.admit("uncommitted", settle=None)
        for s in (0, 1, 29, 29.999):
            run.at_s(s).admit("in_flight@replay", sent_s=int(s) if signed_anew else 0)
        run.at_s(30).admit("committed", sent_s=30 if signed_anew else 0)
        run.admit("duplicate")
        run.admit("rate_limited", "e2")
        done(f"admit: a crash{', then signed anew' if signed_anew else ''}",
             "field 21: the lease heals it, and the takeover spends no token", run)
    run = Run(admit_rate=ONE)
    for s in (0, 30, 60, 90):
        run.at_s(s).admit("uncommitted", settle=None)
    run.at_s(119.999).admit("in_flight")
    run.at_s(120).admit("committed")
    done("admit: one crash after the other", "field 21", run)
    run = consented()
    body = b'{"fingerprint":"f"}'
    run.admit("committed", body=body)
    run.call("duplicate@replay")
    run.call("accepted@marketing", "e2")
    run.admit("duplicate@replay", "e2", body=body)
    run.call("no_session", "e3", who="stranger")
    run.admit("refused_before@replay", "e3")
    run.admit("uncommitted", "e4", settle=None, body=body)
    run.call("in_flight@replay", "e4")
    run.at_s(30).call("accepted", "e4")
    done("admit: and call_event", "an event is one, whichever method it is given to", run)
    run = consented(admit_rate=ONE)
    run.admit("committed")
    run.admit("rate_limited", "e2")
    run.call("accepted", "e2")
    done("admit: a bucket of its own", "law 8: no other flow meets it", run)
    run = Run({"sites": {"acme": site(K1, K2)}})
    run.admit("committed", keys=(K1, K2))
    run.admit("duplicate", keys=(K1,))
    run.admit("duplicate", keys=(K2,))
    run.at_s(10).set_site(site(K2))
    run.admit("duplicate", keys=(K2,))
    run.admit("bad_signature", keys=(K1,))
    done("admit: rotation", "field 18: claimed under every listed key", run)
    stripe_and_github()


def stripe_and_github() -> None:
    run = Run({"sites": {"acme": site(scheme="stripe")}})
    body = b'{"id":"evt_1","object":"event"}'

    def stripe(want: str, body: bytes, sent_s: int = 0, settle: str | None = "commit") -> None:
        ts = str(NOW_S + sent_s)
        headers = request("stripe", item("stripe", K1, ts, body), ts)
        run.admit(want, headers=headers, body=body, settle=settle)

    stripe("uncommitted", body, settle=None)
    stripe("in_flight", body)
    run.at_s(30)
    stripe("committed", body, 30)
    run.at_s(40)
    stripe("duplicate", body, 40)
    stripe("duplicate", b'{"id":"evt_1","object":"changed"}', 40)
    stripe("malformed_event_id@payload", b"{}", 40)
    stripe("malformed_json@payload", b"a=b", 40)
    stripe("committed", b'{"id":"evt_2"}', 40)
    for s in (3600, 86_000):
        run.at_s(s)
        stripe("duplicate", body, s)
    done("admit: stripe", "field 17: sent again under a new time and signature", run)
    run = Run({"sites": {"acme": site(scheme="github", accept_untimed=True)}})

    def github(want: str, body: bytes, settle: str | None = "commit") -> None:
        headers = request("github", item("github", K1, "", body), "")
        run.admit(want, headers=headers, body=body, settle=settle)

    github("uncommitted", b"a", settle="release")
    github("committed", b"a")
    github("duplicate", b"a")
    github("committed", b"")
    for s in (600, 3600, 86_399.999):
        run.at_s(s)
        github("duplicate", b"a")
    # Met in its last moment, it lives on for the TTL; then it is new.
    run.at_s(86_399.999 + 599.999)
    github("duplicate", b"a")
    run.at_s(86_399.999 + 2 * 600)
    github("committed", b"a")
    done("admit: github", "no row keeps it single, so its claim lives as long as one would", run)
