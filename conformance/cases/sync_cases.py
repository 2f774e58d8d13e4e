"""sync.json: statements from browsers, one after the other, and what is stored after each."""

from __future__ import annotations

import itertools
import json

from .common import NOW_MS, ORIGIN, Collector, compact
from .sync_ahead import ordered_cases, unbelieved_cases
from .sync_run import FROM_HOME, GPC, A, M, Run, X, at, out, said, simple


def merge_cases() -> None:
    law7 = "law 7: withdrawal wins over every grant that is not newer"
    simple("first grant", "the plain case", [(said([A, M], -10), 0)], [A, M])
    simple("grant of exactly now", "t = now", [(said([A], 0), 0)], [A])
    simple("widening", "a newer covering statement replaces",
           [(said([A], -1000), 0), (said([A, M], -500), 10)], [A, M])
    simple("widening, older", law7, [(said([A], -1000), 0), (said([A, M], -2000), 10)], [A])
    simple("widening, same instant", "at the same instant: the intersection",
           [(said([A], -1000), 0), (said([A, M], -1000), 10)], [A])
    simple("widening, a ms newer", "newer by the least there is",
           [(said([A], -1000), 0), (said([A, M], -999), 10)], [A, M])
    simple("narrowing, newer", "narrowing always works",
           [(said([A, M], -1000), 0), (said([A], -500), 10)], [A])
    simple("narrowing, older", "narrowing always works, whatever its time",
           [(said([A, M], -1000), 0), (said([A], -2000), 10)], [A])
    simple("narrowing, same instant", "at the same instant: the intersection",
           [(said([A, M], -1000), 0), (said([A], -1000), 10)], [A])
    simple("withdrawal of all, newer", "what is left is an empty session",
           [(said([A, M], -1000), 0), (said([], -500), 10)], [])
    simple("withdrawal of all, older", "narrowing always works, whatever its time",
           [(said([A, M], -1000), 0), (said([], -9000), 10)], [])
    simple("withdrawal of analytics alone", "204, and marketing stays",
           [(said([A, M], -1000), 0), (said([M], -500), 10)], [M])
    simple("mixed, newer and covering", "replaced: one gone, one come",
           [(said([A, M], -1000), 0), (said([A, X], -500), 10)], [A, X])
    simple("mixed, older and covering", "only the intersection",
           [(said([A, M], -1000), 0), (said([A, X], -2000), 10)], [A])
    simple("mixed, same instant", "only the intersection",
           [(said([A, M], -1000), 0), (said([A, X], -1000), 10)], [A])
    simple("mixed, newer and not covering", "what does not cover never adds",
           [(said([A, M], -1000), 0), (said([M, X], -500), 10)], [M])
    simple("grant renewed", "the same scopes newer: granted anew",
           [(said([A], -1000), 0), (said([A], -500), 10)], [A])
    simple("regrant after withdrawal", "a newer grant stands",
           [(said([A, M], -1000), 0), (said([], -500), 10), (said([A, M], -100), 20)], [A, M])
    simple("regrant not newer than withdrawal", law7,
           [(said([A, M], -1000), 0), (said([], -500), 10), (said([A, M], -500), 20)], [])
    simple("regrant between grant and withdrawal", law7,
           [(said([A, M], -1000), 0), (said([], -500), 10), (said([A, M], -700), 20)], [])
    simple("old withdrawal, then a grant between", "changed_at never goes back",
           [(said([A, M], -1000), 0), (said([A], -5000), 10), (said([A, M], -3000), 20)], [A])
    simple("narrowed is cleared by covering all", "covers everything the session had",
           [(said([A, M], -1000), 0), (said([A], -900), 10), (said([A, X], -800), 20)], [A, X])
    simple("narrowed stays set by another loss", "a replacement that drops a scope narrows",
           [(said([A, M], -1000), 0), (said([A, X], -900), 10), (said([A], -800), 20)], [A])
    simple("policy version comes with the grant", "stored as sent",
           [(said([A], -1000, policy_version=3), 0), (said([A], -500, policy_version=4), 10)], [A])
    simple("policy version stays under narrowing", "a narrowing grants nothing, no version either",
           [(said([A, M], -1000, policy_version=3), 0),
            (said([M], -500, policy_version=9), 10)], [M])
    simple("policy version lost by a newer grant", "stored as sent: none",
           [(said([A], -1000, policy_version=3), 0), (said([A], -500), 10)], [A])
    simple("unknown scopes are kept", "a set of strings, nothing is known of their names",
           [(said([A, "x", "\u00e9"], -10), 0)], [A, "x", "\u00e9"])
    simple("the same scope twice", "a set", [(said([A, A], -10), 0)], [A])
    simple("record needs two", "one of two does not cover", [(said([A], -10), 0)], None,
           consent={"record": [A, "storage"], "convert": [M]})
    simple("record needs two, both sent", "covers", [(said([A, "storage"], -10), 0)],
           [A, "storage"], consent={"record": [A, "storage"], "convert": [M]})
    three = {"grant": [A, M], "narrow": [A], "withdraw": []}
    times = {"grant": -3000, "narrow": -2000, "withdraw": -1000}
    for order in itertools.permutations(three):
        steps = [(said(three[k], times[k]), i * 10) for i, k in enumerate(order)]
        simple(f"permutation {', '.join(order)}",
               "law 7: in whatever order they arrive, the withdrawal is last in time",
               steps, None if order[0] == "withdraw" else [])
    times = {"grant": -3000, "narrow": -1000, "withdraw": -2000}
    for order in itertools.permutations(three):
        steps = [(said(three[k], times[k]), i * 10) for i, k in enumerate(order)]
        run = Run()
        for body, delta_ms in steps:
            run.step(body, NOW_MS + delta_ms)
        if M in (run.scopes() or []):
            raise AssertionError("marketing survived a withdrawal")
        run.done(f"permutation with a late analytics grant: {', '.join(order)}",
                 "law 7: marketing is gone in every order; analytics by what arrived")
    for turns in itertools.permutations(range(3)):
        facts = [([A, M], -3000), ([M], -2000), ([A, M], -1000)]
        steps = [(said(*facts[i]), n * 10) for n, i in enumerate(turns)]
        run = Run()
        for body, delta_ms in steps:
            run.step(body, NOW_MS + delta_ms)
        run.done(f"permutation grant 0, refusal 1, grant 2: {turns}",
                 "law 7; narrowing works whatever its time, so a late refusal still narrows")


def floor_cases() -> None:
    hour = 3_600_000
    note = "a refusal for an unknown person leaves a floor for an hour"
    simple("refusal of an unknown", note, [(said([], -10), 0)], None)
    simple("refusal, then an older grant", "a delayed older grant cannot undo it",
           [(said([], -1000), 0), (said([A], -2000), 10)], None)
    simple("refusal, then a grant of the same instant", "strictly newer only",
           [(said([], -1000), 0), (said([A], -1000), 10)], None)
    simple("refusal, then a newer grant", "newer than the floor: stored",
           [(said([], -1000), 0), (said([A], -999), 10)], [A])
    simple("refusal, older grant a ms before the hour", note,
           [(said([], -1000), 0), (said([A], -2000), hour - 1)], None)
    simple("refusal, older grant after the hour", "the floor is gone",
           [(said([], -1000), 0), (said([A], -2000), hour + 1)], [A])
    simple("two refusals, older last", "the newest floor wins",
           [(said([], -1000), 0), (said([M], -2000), 10), (said([A], -1500), 20)], None)
    simple("two refusals, newer last", "the newest floor wins",
           [(said([], -2000), 0), (said([M], -1000), 10), (said([A], -1500), 20)], None)
    simple("two refusals, older last, after an hour", "each leaves a floor for an hour",
           [(said([], -1000), 0), (said([], -2000), 10), (said([A], -2000), hour + 9)], None)
    simple("a refusal and its copy, after an hour", "each leaves a floor for an hour",
           [(said([], -1000), 0), (said([], -1000), 10), (said([A], -1000), hour + 9)], None)
    simple("two refusals, older last, after both hours", "the floor is gone",
           [(said([], -1000), 0), (said([], -2000), 10), (said([A], -2000), hour + 10)], [A])
    simple("marketing alone is a refusal", "does not cover what a record needs",
           [(said([M], -10), 0)], None)
    simple("future refusal", "a floor reaches no further ahead than the tolerance",
           [(said([], 10**7), 0), (said([A], 300_000), 10), (said([A], 300_001), 10)], [A])
    run = Run()
    run.step(said([], -1000).replace(b'"f"', b'"g"'))
    run.step(said([A], -2000), NOW_MS + 10)
    run.done("floor of another person", "floors are per person", [A])


def future_cases() -> None:
    simple("future consent_at", "field 43: a grant counts from min(consent_at, arrival)",
           [(said([A], 10**10), 0)], [A])
    simple("far future consent_at", "no value panics",
           [(compact({"fingerprint": "f", "consent_scopes": [A],
                      "consent_at": "9999-12-31T23:59:59.999Z"}), 0)], [A])
    simple("consent_at 1970", "the oldest there is", [(compact(
        {"fingerprint": "f", "consent_scopes": [A], "consent_at": "1970-01-01T00:00:00Z"}), 0)],
        [A])
    future = said([A, M], 10**10)
    simple("future-dated statement repeated", "idempotency: a copy renews nothing",
           [(future, 0), (future, 1000)], [A, M])
    simple("future-dated statement after a withdrawal",
           "law 7: the copy of a grant that was already counted is not a newer grant",
           [(future, 0), (said([A], 500), 500), (future, 1000)], [A])
    simple("another future-dated statement", "another event_id: a new statement",
           [(future, 0), (said([A, M], 10**10, event_id="e2"), 1000)], [A, M])


def idempotency_cases() -> None:
    grant = said([A, M], -1000, event_id="e1")
    simple("repeated grant", "the same answer, nothing changes", [(grant, 0), (grant, 10)], [A, M])
    narrow = said([A], -900, event_id="e2")
    simple("repeated narrowing after a regrant", "never refused by an idempotency key",
           [(grant, 0), (narrow, 10), (said([A, M], -800), 20), (narrow, 30)], [A])
    refusal = said([], -900, event_id="e3")
    simple("repeated withdrawal after a regrant", "never refused by an idempotency key",
           [(grant, 0), (refusal, 10), (said([A, M], -800), 20), (refusal, 30)], [])
    simple("one event_id, two statements", "the key covers the statement, not the event_id alone",
           [(grant, 0), (said([A], -900, event_id="e1"), 10)], [A])


def gpc_cases() -> None:
    for name, values, taken in (
        ("1", [b"1"], True), ("0", [b"0"], False), ("empty", [b""], False),
        ("true", [b"true"], False), ("01", [b"01"], False), ("1 with a space", [b" 1"], False),
        ("1, 1", [b"1, 1"], False), ("0 and 1", [b"0", b"1"], True), ("1 and 0", [b"1", b"0"],
        True), ("?1", [b"?1"], False), ("byte ff", [b"\xff"], False),
    ):
        run = Run()
        run.step(said([A, M], -10), headers=[*FROM_HOME, *(("Sec-GPC", v) for v in values)],
                 want=200)
        run.done(f"Sec-GPC {name}", "any value exactly `1` takes marketing away",
                 [A] if taken else [A, M])
    run = Run()
    run.step(said([A], -10), headers=GPC, want=200)
    run.done("GPC grants nothing", "it only takes away", [A])
    run = Run()
    run.step(said([M], -10), headers=GPC, want=204)
    run.done("GPC and no analytics", "a refusal", None)
    run = Run()
    run.step(said([A, M], -1000), want=200)
    run.step(said([A, M], -500), NOW_MS + 10, GPC, want=200)
    run.done("GPC later", "a newer statement without marketing: narrowed", [A])
    run = Run()
    run.step(said([A, M], -1000), want=200)
    run.step(said([A, M], -2000), NOW_MS + 10, GPC, want=200)
    run.done("GPC on an older statement", "narrowing always works; gpc is kept once seen", [A])
    run = Run()
    run.step(said([A, M], -1000), headers=GPC, want=200)
    run.step(said([A, M], -500), NOW_MS + 10, want=200)
    run.done("GPC, then none on a newer grant", "a newer grant from a browser without it", [A, M])
    run = Run(consent={"record": [A, M], "convert": [M]})
    run.step(said([A, M], -10), headers=GPC, want=200)
    run.done("GPC where record needs marketing", "what record needs is not taken", [A, M])
    run = Run(consent={"record": [A], "convert": [M, X]})
    run.step(said([A, M, X, "other"], -10), headers=GPC, want=200)
    run.done("GPC takes all of convert", "every scope of convert that record does not need",
             [A, "other"])


def fault_cases() -> None:
    good = {"fingerprint": "f", "consent_scopes": [A], "consent_at": at(-10)}

    def fault(name: str, note: str, body: bytes, want: int = 400) -> None:
        run = Run()
        run.step(body, want=want)
        run.done(f"fault: {name}" if want == 400 else name, note, None if want == 400 else "any")

    field = "field 43: strictly typed, nothing is coerced"
    for member, values in (
        ("fingerprint", (1, None, "", ["f"], {"f": 1}, True, "x" * 257, "a\0")),
        ("consent_scopes", ("analytics", "false", None, True, 1, {}, {"analytics": True}, [1],
                            [None], [True], [[A]], [A, ""], [A, "x" * 65], [A] * 33,
                            [A, "\u00e9" * 33], [A, "\x00"], [A, "b\x00"], [{"scope": A}], "")),
        ("consent_at", (1700000000, 1700000000000, None, "", "now", "1700000000", True, [at(-10)],
                        "2023-11-14 22:13:19Z", "2023-11-14T22:13:19", "2023-02-29T00:00:00Z",
                        "2023-11-14t22:13:19z", "1969-12-31T00:00:00Z", "2016-12-31T23:59:60Z")),
        ("event_id", (1, None, "", "a.b", "a b", "\u00e9", "x" * 257, ["e"], True, "a\n", "a\0")),
        ("policy_version", ("1", None, -1, 1.5, 2**31, 2**32, 10**30, True, False, [1], {}, "")),
    ):
        for value in values:
            text = json.dumps(value)
            label = text if len(text) < 40 else text[:20] + f"... {len(text)} characters"
            fault(f"{member} {label}", field, compact({**good, member: value}))
    for text in ("1.0", "1e0", "-0", "10e-1", "0.0"):
        fault(f"policy_version spelt {text}", "safest reading of `whole number`: digits only",
              compact(good)[:-1] + f',"policy_version":{text}}}'.encode())
    for member in good:
        fault(f"missing {member}", "field 42: absent is no consent",
              compact({k: v for k, v in good.items() if k != member}))
    for name, body in (
        ("empty body", b""), ("not JSON", b"x"), ("array", b"[]"), ("null", b"null"),
        ("BOM", b"\xef\xbb\xbf" + compact(good)), ("not UTF-8", b'{"fingerprint":"\xff"}'),
        ("duplicate scopes", compact(good)[:-1] + b',"consent_scopes":[]}'),
        ("duplicate fingerprint escaped", compact(good)[:-1] + b',"\\u0066ingerprint":"g"}'),
        ("NaN", compact(good)[:-1] + b',"x":NaN}'), ("trailing bytes", compact(good) + b"{}"),
        ("lone surrogate", compact(good)[:-1] + b',"x":"\\ud800"}'),
        ("depth 65", compact(good)[:-1] + b',"x":' + b"[" * 64 + b"]" * 64 + b"}"),
        ("two documents", compact(good) * 2),
    ):
        fault(name, "field 51: one reading or none", body)
    for name, more in (
        ("other members", {"x": 1, "consentScopes": "y", "Fingerprint": 1}),
        ("32 scopes", {"consent_scopes": [A, *(f"s{i:02}" for i in range(31))]}),
        ("scope of 64 bytes", {"consent_scopes": [A, "\u00e9" * 32]}),
        ("fingerprint nearly too long", {"x": "f" * 256}),
        ("policy_version 0", {"policy_version": 0}),
        ("policy_version 2^31-1", {"policy_version": 2**31 - 1}),
        ("event_id of 256", {"event_id": "x" * 256}),
        ("consent_at with an offset", {"consent_at": "2023-11-14T23:13:19.9999+01:00"}),
    ):
        fault(name, "at the edge of what is allowed; other members are ignored",
              compact({**good, **more}), 200)


def origin_cases() -> None:
    for name, headers in (
        ("missing", []), ("empty", [("origin", b"")]), ("null", [("origin", b"null")]),
        ("another", [("origin", b"https://evil.example")]),
        ("doubled equal", FROM_HOME * 2), ("doubled, one allowed", [*FROM_HOME, ("Origin", b"x")]),
        ("another allowed one too", [*FROM_HOME, ("origin", b"https://shop.acme.example:8443")]),
        ("http", [("origin", b"http://acme.example")]), ("with a path", [("origin",
         ORIGIN.encode() + b"/")]), ("with a port", [("origin", ORIGIN.encode() + b":443")]),
        ("upper case", [("origin", b"HTTPS://ACME.EXAMPLE")]), ("subdomain", [("origin",
         b"https://x.acme.example")]), ("suffix", [("origin", b"https://acme.example.evil.test")]),
        ("prefix", [("origin", b"https://acme.exampl")]), ("leading space", [("origin", b" " +
         ORIGIN.encode())]), ("two joined", [("origin", f"{ORIGIN}, {ORIGIN}".encode())]),
        ("two by a space", [("origin", f"{ORIGIN} {ORIGIN}".encode())]), ("star", [("origin",
         b"*")]), ("byte ff", [("origin", b"\xff")]), ("trailing dot", [("origin",
         b"https://acme.example.")]), ("in referer only", [("referer", ORIGIN.encode())]),
    ):
        run = Run()
        run.step(said([A], -10), headers=headers, want=401)
        run.done(f"origin {name}", "law 2: one 401; exactly one Origin, byte for byte", None)
    run = Run()
    run.step(said([A], -10), headers=[("ORIGIN", b"https://shop.acme.example:8443")], want=200)
    run.done("origin second of the list", "header names in any case", [A])
    run = Run(origins=[])
    run.step(said([A], -10), want=401)
    run.done("site without origins", "takes no sync", None)
    run = Run()
    run.step(b"not json", headers=[], want=401)
    run.done("origin before body", "the order is frozen", None)


def limit_cases() -> None:
    tight = {"per_site": {"capacity": 3, "per_minute": 60},
             "per_ip": {"capacity": 1, "per_minute": 60}}
    grant, ip = said([A, M], -5000), "192.0.2.1"
    run = Run(sync=tight)
    run.step(grant, ip=ip, want=200)
    run.step(said([A, M], -4000), NOW_MS + 10, ip=ip, want=429)
    run.step(said([A, M], -3000), NOW_MS + 999, ip=ip, want=429)
    run.step(said([A, M], -2000), NOW_MS + 1000, ip=ip, want=200)
    run.done("ip bucket", "field 32: who waits as told is let in", [A, M])
    run = Run(sync=tight)
    for host in (1, 2, 3):
        run.step(grant, ip=f"192.0.2.{host}", want=200)
    run.step(grant, ip="192.0.2.4", want=429)
    run.step(grant, NOW_MS + 1000, ip="192.0.2.4", want=200)
    run.done("site bucket", "field 27: all or none, the ip's token was not burnt", [A, M])
    run = Run(sync=tight)
    run.step(grant, ip=ip, want=200)
    for _ in range(5):
        run.step(grant, ip=ip, want=429)
    run.step(grant, ip="192.0.2.2", want=200)
    run.step(grant, ip="192.0.2.3", want=200)
    run.done("one ip's flood", "field 27: denied calls burn no token of the site", [A, M])
    run = Run(sync=tight)
    for _ in range(3):
        run.step(grant, want=200)
    run.step(grant, want=429)
    run.done("no ip given", "the site's bucket alone", [A, M])
    run = Run(sync=tight)
    run.step(grant, ip=ip, want=200)
    run.step(said([A], -9000), NOW_MS + 1, ip=ip, want=429)
    run.done("limited narrowing, older", "narrowing is applied even when the answer is 429", [A])
    run = Run(sync=tight)
    run.step(grant, ip=ip, want=200)
    run.step(said([A], -10), NOW_MS + 1, ip=ip, want=429)
    run.done("limited narrowing, newer", "narrowing is applied even when the answer is 429", [A])
    run = Run(sync=tight)
    run.step(said([A], -5000), ip=ip, want=200)
    run.step(said([A, M], -10), NOW_MS + 1, ip=ip, want=429)
    run.done("limited widening", "nothing is stored", [A])
    run = Run(sync=tight)
    run.step(said([A], -10), ip=ip, want=200)
    run.step(said([A, M], -10).replace(b'"f"', b'"g"'), NOW_MS + 1, ip=ip, want=429)
    run.done("limited grant of another", "nothing is stored", [A])
    run = Run(sync=tight)
    run.step(grant, ip=ip, want=200)
    for n in range(5):
        run.step(said([], -4000 + n), NOW_MS + 1 + n, ip=ip, want=204)
    run.step(grant, NOW_MS + 1000, ip=ip, want=200)
    run.done("refusals meet no bucket", "never refused, and cost nobody a token", [])
    for name, first, second, shared in (
        ("the same IPv4", "192.0.2.1", "192.0.2.1", True),
        ("two IPv4", "192.0.2.1", "192.0.2.2", False),
        ("IPv4 and the same mapped", "192.0.2.1", "::ffff:192.0.2.1", True),
        ("two mapped IPv4", "::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("one /64", "2001:db8::1", "2001:db8::ffff:0:0:1", True),
        ("two /64", "2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("two spellings of IPv6", "2001:db8::1", "2001:0DB8:0:0:0:0:0:1", True),
    ):
        run = Run(sync=tight)
        run.step(grant, ip=first, want=200)
        run.step(grant, ip=second, want=429 if shared else 200)
        run.done(f"ip bucket: {name}", "field 33: mapped IPv4 by address, IPv6 by /64", [A, M])


def build() -> Collector:
    merge_cases()
    floor_cases()
    future_cases()
    ordered_cases()
    unbelieved_cases()
    idempotency_cases()
    gpc_cases()
    fault_cases()
    origin_cases()
    limit_cases()
    return out
