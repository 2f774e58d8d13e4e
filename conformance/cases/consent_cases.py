"""consent.json: the judgement of a session, its order and its calendar."""

from __future__ import annotations

from typing import Any

from oracle.consent import Session, judge
from oracle.timecalc import add_months, parse_rfc3339

from .common import NOW_MS, Collector

out = Collector(
    "A stored session (or null) judged for the scopes needed at `now_ms`. `expect` is `granted` or "
    "the reason. Scopes are a set."
)
DAY = 86_400_000


def case(name: str, note: str, want: str, *, session: Session | None = None, now_ms: int = NOW_MS,
         needed: list[str] | None = None, months: int = 6, policy: int | None = None,
         tolerance_s: int = 300) -> None:
    needed = ["analytics"] if needed is None else needed
    got = judge(session, needed, months, policy, tolerance_s, now_ms)
    if got != want:
        raise AssertionError(f"{name}: the oracle says {got}, the case {want}")
    stored = None if session is None else {**session.as_json(), "version": 1}
    out.add(name, note, session=stored, needed=needed, months=months, policy_version_min=policy,
            tolerance_s=tolerance_s, now_ms=now_ms, expect=got)


def session(*scopes: str, at_ms: int = NOW_MS, **more: Any) -> Session:
    return Session(frozenset(scopes), at_ms, more.pop("changed", at_ms), **more)


def scope_cases() -> None:
    case("no session", "field 42: absent is denied", "no_session")
    case("granted", "the plain case", "granted", session=session("analytics"))
    case("empty scopes", "field 42", "consent_missing", session=session())
    case("empty scopes after narrowing", "all was withdrawn", "consent_withdrawn",
         session=session(narrowed=True))
    for scope in ("Analytics", "ANALYTICS", "analytics ", " analytics", "analytic", "analytics2",
                  "*", "all", "true", "marketing", "analytics,marketing", "\uff41nalytics",
                  "analytics\1", "analytics.read", "ana"):
        case(f"scope `{scope}` for analytics", "exact, case-sensitive membership; no prefixes",
             "consent_missing", session=session(scope))
    both = ["analytics", "marketing"]
    case("two needed, both there", "AND over what is needed", "granted", needed=both,
         session=session(*both, "x"))
    case("two needed, first there", "AND, never OR", "consent_missing", needed=both,
         session=session("analytics"))
    case("two needed, second there", "AND, never OR", "consent_missing", needed=both,
         session=session("marketing"))
    case("two needed, one withdrawn", "withdrawn if a narrowing took place", "consent_withdrawn",
         needed=both, session=session("analytics", narrowed=True))
    case("narrowed but covered", "a narrowing elsewhere does not deny", "granted",
         session=session("analytics", narrowed=True))
    case("marketing after narrowing", "law 5: no marketing without its scope",
         "consent_withdrawn", needed=["marketing"], session=session("analytics", narrowed=True))
    case("marketing under gpc", "GPC took it before it was stored: missing", "consent_missing",
         needed=["marketing"], session=session("analytics", gpc=True))
    case("gpc alone denies nothing", "what counts is the set of scopes", "granted",
         session=session("analytics", gpc=True))
    case("needed twice", "a set", "granted", needed=["analytics", "analytics"],
         session=session("analytics"))
    case("scopes in non-ASCII", "compared as they are", "granted", needed=["\u00e9"],
         session=session("\u00e9"))
    case("scopes in two normal forms", "no normalisation", "consent_missing", needed=["\u00e9"],
         session=session("e\u0301"))


def time_cases() -> None:
    for delta, want in ((0, "granted"), (1, "granted"), (299_999, "granted"), (300_000, "granted"),
                        (300_001, "consent_from_future"), (10**12, "consent_from_future")):
        case(f"granted {delta} ms ahead", "field 43: the future beyond tolerance is denied", want,
             session=session("analytics", at_ms=NOW_MS + delta))
    case("ahead with tolerance 1 s", "the site's tolerance", "consent_from_future", tolerance_s=1,
         session=session("analytics", at_ms=NOW_MS + 1001))
    case("ahead exactly at tolerance 1 s", "inclusive", "granted", tolerance_s=1,
         session=session("analytics", at_ms=NOW_MS + 1000))
    case("changed_at is not judged", "only granted_at is", "granted",
         session=session("analytics", changed=NOW_MS + 10**10))
    case("old grant, new change", "a narrowing renews nothing", "consent_expired",
         session=session("analytics", at_ms=NOW_MS - 400 * DAY, changed=NOW_MS, narrowed=True))
    for start, months, end in (
        ("2023-08-31T10:00:00Z", 6, "2024-02-29T10:00:00Z"),
        ("2022-08-31T10:00:00Z", 6, "2023-02-28T10:00:00Z"),
        ("2023-08-30T00:00:00Z", 6, "2024-02-29T00:00:00Z"),
        ("2023-08-29T00:00:00Z", 6, "2024-02-29T00:00:00Z"),
        ("2022-08-29T00:00:00Z", 6, "2023-02-28T00:00:00Z"),
        ("2022-08-28T00:00:00Z", 6, "2023-02-28T00:00:00Z"),
        ("2024-02-29T23:59:59.999Z", 12, "2025-02-28T23:59:59.999Z"),
        ("2024-02-29T12:00:00Z", 6, "2024-08-29T12:00:00Z"),
        ("2024-01-31T00:00:00Z", 1, "2024-02-29T00:00:00Z"),
        ("2023-01-31T00:00:00Z", 1, "2023-02-28T00:00:00Z"),
        ("2024-01-31T00:00:00Z", 13, "2025-02-28T00:00:00Z"),
        ("2023-01-31T00:00:00Z", 13, "2024-02-29T00:00:00Z"),
        ("2024-03-31T00:00:00Z", 1, "2024-04-30T00:00:00Z"),
        ("2024-05-31T00:00:00Z", 6, "2024-11-30T00:00:00Z"),
        ("2024-12-31T23:00:00Z", 1, "2025-01-31T23:00:00Z"),
        ("2024-12-31T23:00:00Z", 2, "2025-02-28T23:00:00Z"),
        ("2024-06-30T00:00:00Z", 6, "2024-12-30T00:00:00Z"),
        ("2024-07-15T05:06:07.008Z", 6, "2025-01-15T05:06:07.008Z"),
        ("2024-12-15T00:00:00Z", 12, "2025-12-15T00:00:00Z"),
        ("2099-08-31T00:00:00Z", 6, "2100-02-28T00:00:00Z"),
        ("1999-08-31T00:00:00Z", 6, "2000-02-29T00:00:00Z"),
        ("2099-02-28T00:00:00Z", 12, "2100-02-28T00:00:00Z"),
        ("1970-01-01T00:00:00Z", 6, "1970-07-01T00:00:00Z"),
        ("2024-03-31T01:30:00+02:00", 6, "2024-09-30T23:30:00Z"),
    ):
        at_ms, end_ms = parse_rfc3339(start), parse_rfc3339(end)
        assert at_ms is not None and end_ms is not None
        if add_months(at_ms, months) != end_ms:
            raise AssertionError(f"{start} + {months} months is not {end}")
        for delta, want in ((-1, "granted"), (0, "consent_expired"), (1, "consent_expired")):
            when = {-1: "a ms before", 0: "exactly at", 1: "a ms after"}[delta]
            case(f"{start} + {months} months, {when} the end",
                 f"half-open, clamped to the month's end, UTC: ends {end}", want,
                 session=session("analytics", at_ms=at_ms), now_ms=end_ms + delta, months=months)


def policy_cases() -> None:
    for had, least, want in (
        (None, None, "granted"), (0, None, "granted"), (None, 0, "consent_policy_version"),
        (None, 1, "consent_policy_version"), (0, 0, "granted"), (0, 1, "consent_policy_version"),
        (1, 1, "granted"), (2, 1, "granted"), (1, 2, "consent_policy_version"),
        (9, 10, "consent_policy_version"), (2**31 - 1, 2**31 - 1, "granted"),
        (2**31 - 2, 2**31 - 1, "consent_policy_version"),
    ):
        case(f"policy version {had} of at least {least}", "none is smaller than any", want,
             session=session("analytics", policy_version=had), policy=least)


def order_cases() -> None:
    note = "field 52: the first that applies is the reason"
    future, old = NOW_MS + 10**9, NOW_MS - 400 * DAY
    case("missing before future", note, "consent_missing", session=session(at_ms=future))
    case("missing before expired", note, "consent_missing", session=session(at_ms=old))
    case("withdrawn before expired", note, "consent_withdrawn",
         session=session(at_ms=old, narrowed=True))
    case("withdrawn before policy", note, "consent_withdrawn", policy=2,
         session=session(narrowed=True, policy_version=1))
    case("future before policy", note, "consent_from_future", policy=2,
         session=session("analytics", at_ms=future, policy_version=1))
    case("expired before policy", note, "consent_expired", policy=2,
         session=session("analytics", at_ms=old, policy_version=1))


def build() -> Collector:
    scope_cases()
    time_cases()
    policy_cases()
    order_cases()
    return out
