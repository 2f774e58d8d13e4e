"""tenant.json: ids, roles, and what the guard answers."""

from __future__ import annotations

import itertools
import random
from typing import Any

from oracle import tenants
from oracle.tenants import Denied, Principal

from .common import Collector

OPERATIONS = ("authenticate", "connect", "request", "create_session", "message", "find_session")
ROLES = {
    "agent": ["calls.read"],
    "owner": ["calls.read", "calls.erase"],
    "Agent": ["calls.listen"],
    "user": ["profile.read"],
    "device": ["voice.connect"],
    "key": ["events.write"],
    "empty": [],
}
# Each looks like `acme`, or becomes it under a fold that is not ASCII's.
LOOK_ALIKES = {
    "Cyrillic a": "\u0430cme",
    "Cyrillic es": "a\u0441me",
    "full width": "\uff41\uff43\uff4d\uff45",
    "mathematical": "\U0001d41acme",
    "script": "\U0001d4b6cme",
    "zero-width space inside": "ac\u200bme",
    "zero-width space after": "acme\u200b",
    "zero-width joiner": "ac\u200dme",
    "word joiner": "ac\u2060me",
    "BOM before": "\ufeffacme",
    "soft hyphen": "ac\u00adme",
    "right-to-left override": "\u202eemca",
    "left-to-right mark": "acme\u200e",
    "isolate": "\u2066acme\u2069",
    "combining acute": "acme\u0301",
    "precomposed": "acm\u00e9",
    "no-break space": "acme\u00a0",
    "ideographic space": "\u3000acme",
    "line separator": "acme\u2028",
    "vertical tab": "acme\x0b",
    "NUL after": "acme\0",
    "NUL inside": "ac\0me",
    "delete": "acme\x7f",
    "escape": "\x1bacme",
    "newline inside": "ac\nme",
    "space inside": "ac me",
    "tag characters": "acme\U000e0061",
    "variation selector": "acme\ufe0f",
    "circled": "\u24d0cme",
    "small capital": "\u1d00cme",
    "slash": "acme/",
    "dots and a slash": "../acme",
    "percent": "ac%6de",
    "comma": "acme,globex",
    "semicolon": "acme;globex",
    "quote": "acme'",
    "star": "*",
    "brace": "{acme}",
    "backslash": "acme\\",
}
FOLDS = {
    "Kelvin sign": ("\u212aim", "kim"),
    "long s": ("\u017fam", "sam"),
    "dotted I": ("\u0130da", "ida"),
    "dotless i": ("\u0131da", "ida"),
    "sharp s": ("stra\u00dfe", "strasse"),
    "fi ligature": ("\ufb01n", "fin"),
    "Angstrom sign": ("\u212b", "a"),
}


def ids(out: Collector) -> None:
    readers = {"tenant": tenants.tenant_id, "user": tenants.user_id}

    def add(name: str, note: str, of: str, text: str, want: str | None) -> None:
        got = readers[of](text)
        if got != want:
            raise AssertionError(f"{name}: the oracle says {got!r}, the case {want!r}")
        out.add(f"{of} id: {name}", note, kind="id", of=of, text=text, expect=got)

    for of, most in (("tenant", 64), ("user", 128)):
        for name, text, want in (
            ("plain", "acme", "acme"),
            ("upper case", "ACME", "acme"),
            ("mixed case", "aCmE-2", "acme-2"),
            ("white space around", " \t\r\n\facme \n", "acme"),
            ("digits", "007", "007"),
            ("marks alone", "._-", "._-"),
            ("one letter", "a", "a"),
            ("a UUID", "3F2504E0-4F89-11D3-9A0C-0305E82C3301",
             "3f2504e0-4f89-11d3-9a0c-0305e82c3301"),
            ("the longest", "a" * most, "a" * most),
            ("the longest with space around", " " * 300 + "A" * most, "a" * most),
            ("too long", "a" * (most + 1), None),
            ("empty", "", None),
            ("white space alone", " \t\n", None),
        ):
            add(name, "law 8: normalised once", of, text, want)
        for name, text in LOOK_ALIKES.items():
            add(name, "law 8: look-alikes and controls are refused, never repaired", of, text, None)
        for name, (text, plain) in FOLDS.items():
            add(name, f"law 8: only ASCII is folded, so this is not `{plain}`", of, text, None)
    for mark, name in ((":", "colon"), ("@", "at"), ("|", "bar"), ("+", "plus")):
        text = f"A{mark}b"
        add(name, "the marks of user ids", "user", text, text.lower())
        add(name, "no tenant has the marks of user ids", "tenant", text, None)


def roles(out: Collector) -> None:
    many = {f"r{at}": [] for at in range(257)}
    for name, given, want in (
        ("none", {}, []),
        ("usual", ROLES, []),
        ("a permission of two roles", {"a": ["x"], "b": ["x"]}, []),
        ("the longest names", {"r" * 64: ["p" * 64]}, []),
        ("256 permissions", {"a": [f"p{at}" for at in range(256)]}, []),
        ("256 roles", dict(list(many.items())[:256]), []),
        ("no object", ["agent"], ["roles"]),
        ("257 roles", many, ["roles"]),
        ("no array", {"a": "x", "b": None}, ["roles.a", "roles.b"]),
        ("257 permissions", {"a": [f"p{at}" for at in range(257)]}, ["roles.a"]),
        ("no text", {"a": ["x", 1, None]}, ["roles.a[1]", "roles.a[2]"]),
        ("listed twice", {"a": ["x", "y", "x"]}, ["roles.a[2]"]),
        ("a role's name", {"a": ["x", "b"], "b": []}, ["roles.a[1]"]),
        ("its own name", {"a": ["a"]}, ["roles.a[0]"]),
        ("an empty name", {"": [""]}, ['roles.""', 'roles.""[0]']),
        ("too long", {"r" * 65: ["p" * 65]}, [f"roles.{'r' * 65}", f"roles.{'r' * 65}[0]"]),
        ("not ASCII", {"\u0430gent": ["calls\u200b.read"]},
         ["roles.\u0430gent", "roles.\u0430gent[0]"]),
        ("a star", {"admin": ["*"]}, ["roles.admin[0]"]),
        ("all at once", {"a b": ["x"], "c": [1, "c", "y", "y"], "d": 0},
         ["roles.a b", "roles.c[0]", "roles.c[1]", "roles.c[3]", "roles.d"]),
    ):
        got = tenants.role_faults(given)
        if got != want:
            raise AssertionError(f"roles, {name}: the oracle says {got}, the case {want}")
        note = "every fault at once, each with its path"
        out.add(f"roles: {name}", note, kind="roles", roles=given, expect=got)


def told(who: Principal) -> dict[str, Any]:
    return {"ok": True, "tenant": who.tenant}


def claims(out: Collector) -> None:
    def add(name: str, note: str, given: Any, want: str | None) -> None:
        expect: dict[str, Any]
        try:
            who = tenants.authenticate(ROLES, given)
            expect, got = {**told(who), "user": who.user}, None
        except Denied as denied:
            expect, got = denied.told, denied.told["violation"]["kind"]
        if got != want:
            raise AssertionError(f"{name}: the oracle says {got}, the case {want}")
        out.add(f"claims: {name}", note, kind="claims", claims=given, expect=expect)

    good = {"tenant": "acme", "user": "alice"}
    add("plain", "a verified credential makes a principal", good, None)
    add("normalised", "law 8: at the border", {"tenant": " ACME ", "user": "\tAlice "}, None)
    add("other members", "they are ignored", {**good, "iss": "x", "X-User-ID": "root"}, None)
    add("roles null", "as none", {**good, "roles": None}, None)
    add("unknown roles", "they grant nothing", {**good, "roles": ["offline_access", ""]}, None)
    add("1024 roles", "the most", {**good, "roles": ["agent"] * 1024}, None)
    add("nobody", "the verifier says no", None, "unauthenticated")
    for name, given in (
        ("a text", "alice"), ("true", True), ("a number", 1), ("an array", ["acme", "alice"]),
        ("tenant a number", {**good, "tenant": 1}), ("user an object", {**good, "user": {}}),
        ("tenant an array", {**good, "tenant": ["acme", "globex"]}),
        ("user true", {**good, "user": True}),
        ("roles a text", {**good, "roles": "agent"}), ("a role null", {**good, "roles": [None]}),
        ("roles an object", {**good, "roles": {"agent": True}}),
        ("1025 roles", {**good, "roles": ["agent"] * 1025}),
    ):
        add(name, "law 11: an answer that is no claims is a failed verifier", given,
            "verifier_failed")
    for name, given in (
        ("no tenant", {"user": "alice"}), ("tenant null", {**good, "tenant": None}),
        ("tenant empty", {**good, "tenant": ""}), ("tenant blank", {**good, "tenant": " \n"}),
        ("nothing at all", {}),
    ):
        add(name, "law 8: nobody is of no tenant", given, "missing_tenant")
    for name, given in (
        ("no user", {"tenant": "acme"}), ("user null", {**good, "user": None}),
        ("user empty", {**good, "user": ""}), ("user too long", {**good, "user": "a" * 129}),
        ("tenant with a slash", {**good, "tenant": "acme/globex"}),
        ("tenant look-alike", {**good, "tenant": "\u0430cme"}),
        ("user look-alike", {**good, "user": "\u0430lice"}),
        ("user with a bidi control", {**good, "user": "alice\u202e"}),
        ("user with NUL", {**good, "user": "alice\0"}),
    ):
        add(name, "law 8: ids outside of their alphabet are refused", given, "malformed_id")


def user(tenant: str = "acme", name: str = "alice", *own: str) -> dict[str, Any]:
    return {"tenant": tenant, "user": name, "roles": list(own)}


def requirements(out: Collector) -> None:
    def add(name: str, note: str, given: Any, need: str, tenant: str | None, operation: str,
            want: str | None) -> None:
        expect: dict[str, Any]
        who = tenants.authenticate(ROLES, given)
        try:
            tenants.require(who, need, tenant, operation)
            expect, got = told(who), None
        except Denied as denied:
            expect, got = denied.told, denied.told["violation"]["kind"]
        if got != want:
            raise AssertionError(f"{name}: the oracle says {got}, the case {want}")
        out.add(f"require: {name}", note, kind="require", roles=ROLES, claims=given, need=need,
                tenant=tenant, operation=operation, expect=expect)

    agent, deny = user("acme", "alice", "agent"), "deny by default"
    for operation in OPERATIONS:
        add(f"right role at {operation}", "it passes", agent, "agent", "acme", operation, None)
        add(f"permission at {operation}", "its role grants it", agent, "calls.read", "acme",
            operation, None)
        add(f"other tenant at {operation}", "law 8: a violation", agent, "agent", "globex",
            operation, "cross_tenant")
        add(f"wrong role at {operation}", deny, agent, "owner", "acme", operation, "forbidden")
    for name, given in (
        ("no role", user()), ("an unknown role", user("acme", "a", "root")),
        ("a role without permissions", user("acme", "a", "empty")),
        ("a permission claimed as a role", user("acme", "a", "calls.read")),
        ("a role in another case", user("acme", "a", "AGENT")),
        ("a role with space", user("acme", "a", " agent")),
        ("the role of devices claimed", user("acme", "a", "device")),
        ("the role of keys claimed", user("acme", "a", "key")),
    ):
        for need in ("calls.read", "voice.connect", "events.write", "device", "nonsense", ""):
            add(f"{name}, {need or 'nothing'}", deny, given, need, "acme", "request", "forbidden")
    add("the role of its kind", "every user has it", user(), "user", "acme", "request", None)
    add("what that role grants", "every user has it", user(), "profile.read", "acme", "request",
        None)
    add("two roles", "all grants count", user("acme", "a", "empty", "owner"), "calls.erase",
        "acme", "request", None)
    add("tenant in upper case", "law 8: one id", agent, "agent", " ACME\n", "request", None)
    add("principal in upper case", "law 8: one id", user("ACME", "A", "agent"), "agent", "acme",
        "request", None)
    add("no role and another tenant", "the tenant is looked at first", user(), "owner", "globex",
        "request", "cross_tenant")
    for name, text in LOOK_ALIKES.items():
        add(f"tenant: {name}", "law 8: a trick is another's, or no id", agent, "agent", text,
            "message", "malformed_id")
    for name, tenant, want in (
        ("missing", None, "missing_tenant"), ("empty", "", "missing_tenant"),
        ("blank", " \t", "missing_tenant"), ("a longer name", "acme2", "cross_tenant"),
        ("a shorter name", "acm", "cross_tenant"), ("a suffix", "x.acme", "cross_tenant"),
        ("a letter and a digit", "acm3", "cross_tenant"), ("too long", "a" * 65, "malformed_id"),
    ):
        add(f"tenant: {name}", "law 8: compared whole", agent, "agent", tenant, "connect", want)


def owned(out: Collector) -> None:
    def add(name: str, note: str, is_there: bool, tenant: str | None, operation: str,
            want: str | None) -> None:
        given = user("acme", "alice")
        who = tenants.authenticate(ROLES, given)
        expect: dict[str, Any]
        try:
            tenants.own(who, is_there, tenant, operation)
            expect, got = told(who), None
        except Denied as denied:
            expect = denied.told
            got = expect["violation"]["kind"] if expect["violation"] else "nothing"
        if got != want:
            raise AssertionError(f"{name}: the oracle says {got}, the case {want}")
        out.add(f"own: {name}", note, kind="own", claims=given, is_there=is_there, tenant=tenant,
                operation=operation, expect=expect)

    for operation in OPERATIONS[1:]:
        add(f"own at {operation}", "it is handed on", True, "acme", operation, None)
        add(f"another's at {operation}", "law 8: not found, and a violation", True, "globex",
            operation, "cross_tenant")
        add(f"nothing at {operation}", "not found, and no violation", False, None, operation,
            "nothing")
    add("nothing, whatever tenant is told", "there is no such thing", False, "acme",
        "find_session", "nothing")
    add("upper case", "law 8: one id", True, " Acme ", "find_session", None)
    add("a row without tenant", "fails closed", True, None, "find_session", "missing_tenant")
    add("a row with an empty tenant", "fails closed", True, "", "find_session", "missing_tenant")
    for name, text in LOOK_ALIKES.items():
        add(name, "law 8: a trick is no id", True, text, "find_session", "malformed_id")


def chance(out: Collector) -> None:
    """Random callers, needs and tenants; the seed is fixed, so the file is the same every time."""
    draw = random.Random("consentgate tenants")
    names = ["acme", "ACME", " acme", "globex", "acme.", "\u0430cme", "", "acme\0", "glob3x"]
    needs = sorted({*ROLES, *itertools.chain(*ROLES.values()), "nothing"})
    for at in range(60):
        given = user(draw.choice(["acme", "Globex", "glob3x"]), draw.choice(["alice", "Bob"]),
                     *draw.sample(sorted(ROLES), draw.randrange(4)))
        need, operation = draw.choice(needs), draw.choice(OPERATIONS)
        tenant = draw.choice([*names, given["tenant"], given["tenant"], None])
        who = tenants.authenticate(ROLES, given)
        expect: dict[str, Any]
        try:
            tenants.require(who, need, tenant, operation)
            expect = told(who)
        except Denied as denied:
            expect = denied.told
        out.add(f"by chance {at}", "laws 8 and 11", kind="require", roles=ROLES, claims=given,
                need=need, tenant=tenant, operation=operation, expect=expect)


def build() -> Collector:
    out = Collector(
        "Tenants: normalised ids (kind `id`), faults of `roles` by their paths (`roles`), what a "
        "verifier's answer comes to (`claims`), `require`, and `own` of a scope that the role "
        "`user` gives. Where no `roles` are given they do not matter but for that one."
    )
    for part in (ids, roles, claims, requirements, owned, chance):
        part(out)
    return out
