"""The guard of tenants: laws 8, 11 and 12, and that nothing else makes what it makes."""

from __future__ import annotations

import asyncio
import copy
import gc
import inspect
import pickle
from typing import Any

import pytest
from consentgate import (
    AsyncGate,
    Decision,
    Denied,
    Gate,
    Guard,
    Principal,
    Scope,
    Violation,
    device_secret,
    sign,
    sign_device,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from .support import NOW, SECRET, Json, cases, config

TENANT = cases("tenant")
MASTER = "b2Ygd2hpY2ggc2VjcmV0cyBvZiBkZXZpY2VzIGFyZSBtYWRl"
ROLES = {"agent": ["calls.read"], "device": ["connect"], "key": ["write"]}
DEVICES = {"devices": {"keys": [{"id": "m1", "secret": MASTER}]}}
LINE: Any = {"site": "acme", "method": "GET", "url": "/voice"}
CLAIMED = {"X-User-ID": "root", "X-Tenant-ID": "globex", "X-Roles": "agent", "X-Device-ID": "root"}
BROKEN = RuntimeError("alice's key server is away")


def verify(credential: Any) -> Any:
    """A credential is its own claims, as nobody should have it."""
    if isinstance(credential, str) and credential.startswith("acme/"):
        return {"tenant": "acme", "user": credential[5:], "roles": ["agent"]}
    if credential == "broken":
        raise BROKEN
    return None


def world(**more: Any) -> tuple[Gate, Guard]:
    gate = Gate(config(roles=ROLES, site=DEVICES, **more), clock=lambda: NOW)
    return gate, gate.guard({"jwt": verify})


def denied(call: Any) -> Denied:
    with pytest.raises(Denied) as caught:
        call()
    assert str(caught.value) == "the request is denied"
    assert repr(caught.value) == "Denied('the request is denied')"
    return caught.value


def spelled(error: Denied) -> Json:
    violation = error.violation
    shown = violation and {
        "kind": violation.kind,
        "severity": violation.severity,
        "operation": violation.operation,
        "tenant": violation.tenant,
        "has_subject": violation.subject is not None,
    }
    return {"ok": False, "status": error.status, "violation": shown}


def decided(case: Json, make: Any) -> Any:
    """What the guard made by `make` comes to."""
    kind = case["kind"]
    if kind == "roles":
        try:
            make(case["roles"], None)
        except ValueError as error:
            return [fault.path for fault in error.faults]  # type: ignore[attr-defined]
        return []
    if kind == "id":
        tenant, user = {"tenant": (case["text"], "u"), "user": ("t", case["text"])}[case["of"]]
        claims: Any = {"tenant": tenant, "user": user}
    else:
        claims = case["claims"]
    guard, authenticate = make(case.get("roles", {"user": []}), claims)
    try:
        principal = authenticate()
        if kind == "id":
            return {"tenant": principal.tenant, "user": principal.id}[case["of"]]
        if kind == "claims":
            return {"ok": True, "tenant": principal.tenant, "user": principal.id}
        if kind == "require":
            need, tenant, operation = case["need"], case["tenant"], case["operation"]
            return {"ok": True, "tenant": guard.require(principal, need, tenant, operation).tenant}
        scope = guard.require(principal, "user", principal.tenant)
        row = object() if case["is_there"] else None
        assert scope.own(row, case["tenant"], case["operation"]) is row
    except Denied as error:
        return None if kind == "id" else spelled(error)
    return {"ok": True, "tenant": scope.tenant}


def sync_guard(roles: Any, claims: Any) -> Any:
    guard = Gate({"sites": {}, "roles": roles}).guard({"jwt": lambda credential: claims})
    return guard, lambda: guard.authenticate("jwt", b"")


def async_guard(roles: Any, claims: Any) -> Any:
    async def check(credential: Any) -> Any:
        return claims

    guard = AsyncGate({"sites": {}, "roles": roles}).guard({"jwt": check})
    return guard, lambda: asyncio.run(guard.authenticate("jwt", b""))


@pytest.mark.parametrize("make", [sync_guard, async_guard])
def test_vectors(make: Any) -> None:
    for case in TENANT:
        assert decided(case, make) == case["expect"], case["name"]


def made() -> tuple[Guard, Principal, Scope, Violation]:
    _, guard = world()
    principal = guard.authenticate("jwt", "acme/Alice")
    scope = guard.require(principal, "calls.read", "acme")
    violation = denied(lambda: guard.require(principal, "calls.read", "globex")).violation
    assert violation is not None
    return guard, principal, scope, violation


def test_law_8_nobody_else_makes_a_principal_or_a_scope() -> None:
    tokens: tuple[Any, ...] = made()[1:]
    for token in tokens:
        kind: Any = type(token)
        for make in (
            kind,
            lambda kind=kind: kind("acme", "alice"),
            lambda kind=kind: kind.__new__(kind),
            lambda kind=kind: object.__new__(kind),
            lambda kind=kind: type("Forged", (kind,), {}),
            lambda token=token: copy.copy(token),
            lambda token=token: copy.deepcopy(token),
            lambda token=token: pickle.loads(pickle.dumps(token)),
        ):
            with pytest.raises(TypeError):
                make()
        with pytest.raises(AttributeError):
            token.tenant = "globex"
        with pytest.raises(AttributeError):
            token.other = 1


def test_law_8_what_is_no_principal_is_misuse() -> None:
    guard, _, scope, _ = made()

    class Forged:
        tenant, kind, id, subject = "acme", "user", "alice", scope.subject

    for forged in (Forged(), scope, None, {"tenant": "acme"}, "acme/alice"):
        with pytest.raises(TypeError):
            guard.require(forged, "calls.read", "acme")  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            guard.principal(forged)  # type: ignore[arg-type]
    for credential in ({"authorization": "x"}, [("x-user-id", "root")], None, 1):
        with pytest.raises(TypeError, match="credential"):
            guard.authenticate("jwt", credential)  # type: ignore[arg-type]


def test_misuse_raises_and_shows_nothing_of_what_was_given() -> None:
    guard, principal, scope, _ = made()
    with pytest.raises(ValueError, match="`operation` must be one of authenticate, connect"):
        guard.require(principal, "calls.read", "acme", "alice")  # type: ignore[arg-type]
    for call in (
        lambda: guard.require(principal, 1, "acme"),  # type: ignore[arg-type]
        lambda: guard.require(principal, "calls.read", b"acme"),  # type: ignore[arg-type]
        lambda: scope.own(1, 2),  # type: ignore[arg-type]
        lambda: Gate(config()).guard({"jwt": 1}),  # type: ignore[dict-item]
        lambda: Gate(config()).guard({1: verify}),  # type: ignore[dict-item]
    ):
        with pytest.raises(TypeError):
            call()

    async def check(credential: Any) -> None:
        return None

    with pytest.raises(TypeError, match="async"):
        Gate(config()).guard({"jwt": check})  # type: ignore[dict-item]
    gate, _ = world()
    gate.close()
    with pytest.raises(ValueError, match="closed"):
        gate.guard()


def device(gate: Gate, nonce: str, device_id: str = "Meter-7", **headers: str) -> Decision:
    secret = device_secret(MASTER, "acme", device_id)
    signed = sign_device(secret, device_id, b"", nonce=nonce, now=NOW, **LINE)
    return gate.device({**headers, **signed}, b"", **LINE)


def test_law_8_no_header_makes_a_principal_or_changes_one() -> None:
    gate, guard = world()
    plain = guard.principal(device(gate, "0" * 16))
    claimed = guard.principal(device(gate, "1" * 16, **CLAIMED))
    for principal in (plain, claimed):
        assert (principal.tenant, principal.kind, principal.id) == ("acme", "device", "Meter-7")
    assert plain.subject == claimed.subject
    assert guard.require(claimed, "connect", "acme", "connect").tenant == "acme"
    error = denied(lambda: guard.require(claimed, "calls.read", "acme"))
    assert error.violation is not None
    assert error.violation.kind == "forbidden"

    headers = {**CLAIMED, **sign("standard-webhooks", SECRET, b"{}", id="e", now=NOW)}
    with gate.admit("acme", headers, b"{}") as admission:
        principal = guard.principal(admission.decision)
    assert (principal.tenant, principal.kind, principal.id) == ("acme", "key", "k1")
    for refused in (
        device(gate, "1" * 16),
        gate.call_event("acme", CLAIMED, b"{}"),
        gate.device(CLAIMED, b"", **LINE),
        gate.call_event("acme", headers, b'{"fingerprint":"f"}'),
    ):
        error = denied(lambda refused=refused: guard.principal(refused))
        assert error.violation is not None
        assert (error.status, error.violation.kind) == (401, "unauthenticated")
        assert (error.violation.tenant, error.violation.subject) == (None, None)
    named = set(inspect.signature(guard.authenticate).parameters)
    assert named == {"verifier", "credential"}, "there is nothing to pass a header by"


def test_law_8_one_id_in_two_tenants_is_two_identities() -> None:
    gate, _ = world()
    guard = gate.guard({tenant: claims(tenant) for tenant in ("acme", "globex")})
    one, other = (guard.authenticate(tenant, "") for tenant in ("acme", "globex"))
    assert one.id == other.id
    assert one.subject != other.subject
    assert one.subject == guard.authenticate("acme", "").subject


def claims(tenant: str) -> Any:
    return lambda credential: {"tenant": tenant, "user": "alice", "roles": ("agent",)}


class Odd:
    """What is no plain data."""


@pytest.mark.parametrize("answer", [Odd(), {"tenant": Odd()}, "\ud800", {"tenant": "\ud800"}, b""])
def test_law_11_a_verifier_that_answers_nonsense_has_failed(answer: Any) -> None:
    gate, _ = world()
    guard = gate.guard({"jwt": lambda credential: answer})
    error = denied(lambda: guard.authenticate("jwt", ""))
    assert error.violation is not None
    assert (error.status, error.violation.kind) == (503, "verifier_failed")


def test_law_11_a_verifier_that_raises_has_failed_and_says_why_to_the_host_alone() -> None:
    _, guard = world()
    error = denied(lambda: guard.authenticate("jwt", "broken"))
    assert (error.__cause__, error.status) == (BROKEN, 503)
    assert denied(lambda: guard.authenticate("none", "acme/alice")).status == 401

    async def check(credential: Any) -> Any:
        raise BROKEN

    later = AsyncGate(config()).guard({"jwt": check, "sync": verify})
    error = denied(lambda: asyncio.run(later.authenticate("jwt", "")))
    assert (error.__cause__, error.status) == (BROKEN, 503)
    assert asyncio.run(later.authenticate("sync", "acme/alice")).id == "alice"


def test_law_12_nothing_personal_is_shown() -> None:
    guard, principal, scope, violation = made()
    assert principal.id == "alice"
    shown = f"{guard}{principal}{scope}{violation}{principal!r}"
    assert "alice" not in shown.lower()
    assert repr(violation) == "<Violation cross_tenant, critical, request>"


TEXTS = st.text(max_size=6) | st.sampled_from(
    ["acme", "ACME", " acme", "\u0430cme", "acme\u200b", ""]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(TEXTS, st.booleans()), max_size=20))
def test_law_8_in_whatever_order_each_attempt_at_another_tenant_is_one_violation(
    attempts: list[tuple[str, bool]],
) -> None:
    gate, guard = world()
    principal = guard.authenticate("jwt", "acme/alice")
    scope = guard.require(principal, "agent", "acme")
    expected = 0
    for text, looks_up in attempts:

        def attempt(text: str = text, looks_up: bool = looks_up) -> object:
            return scope.own(7, text) if looks_up else guard.require(principal, "agent", text)

        if text.strip(" \t\n\r\f").encode().lower() == b"acme":
            attempt()
            continue
        expected += 1
        violation = denied(attempt).violation
        assert violation is not None
        assert violation.tenant == "acme"
    assert sum(gate.counters()["violations"].values()) == expected


def test_a_guard_and_its_verifiers_are_collected() -> None:
    class Check:
        guard: Any = None

        def __call__(self, credential: Any) -> None:
            return None

    check = Check()
    gate, _ = world()
    check.guard = gate.guard({"jwt": check})
    del check
    gc.collect()
    assert not [one for one in gc.get_objects() if type(one) is Check]
