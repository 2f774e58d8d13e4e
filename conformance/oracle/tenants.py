"""Ids of tenants and users, roles, and what the guard answers.

Written from `docs/tenancy.md`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

WHITE = " \t\n\f\r"
TENANT = re.compile(r"[a-z0-9._-]{1,64}")
USER = re.compile(r"[a-z0-9._:@|+-]{1,128}")
NAME = re.compile(r"[A-Za-z0-9._:-]{1,64}")
KINDS = ("user", "key", "device")
MOST = 256
CLAIMED_ROLES_MOST = 1024
SEVERITY = {
    "unauthenticated": "low",
    "verifier_failed": "high",
    "malformed_id": "high",
    "missing_tenant": "medium",
    "cross_tenant": "critical",
    "forbidden": "medium",
}


def fold(text: str) -> str:
    """ASCII lower case, and nothing else."""
    return "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in text.strip(WHITE))


def tenant_id(text: str) -> str | None:
    folded = fold(text)
    return folded if TENANT.fullmatch(folded) else None


def user_id(text: str) -> str | None:
    folded = fold(text)
    return folded if USER.fullmatch(folded) else None


def role_faults(roles: Any) -> list[str]:
    """The paths of all faults."""
    if not isinstance(roles, dict) or len(roles) > MOST:
        return ["roles"]
    found = []
    for role in sorted(roles):
        path = f"roles.{role or chr(34) * 2}"
        if not NAME.fullmatch(role):
            found.append(path)
        permissions = roles[role]
        if not isinstance(permissions, list) or len(permissions) > MOST:
            found.append(path)
            continue
        seen: set[str] = set()
        for place, name in enumerate(permissions):
            is_name = isinstance(name, str) and NAME.fullmatch(name) is not None
            if is_name and name not in roles and name not in seen:
                seen.add(name)
            else:
                found.append(f"{path}[{place}]")
    return found


@dataclass(frozen=True)
class Principal:
    """Who, and the names of the roles and permissions that it has."""

    tenant: str
    kind: str
    user: str
    names: frozenset[str]


class Denied(Exception):
    """With what the vectors write of it."""

    def __init__(
        self, status: int, kind: str | None, operation: str, who: Principal | None
    ) -> None:
        super().__init__(kind)
        violation = None
        if kind is not None:
            violation = {
                "kind": kind,
                "severity": SEVERITY[kind],
                "operation": operation,
                "tenant": who.tenant if who else None,
                "has_subject": who is not None,
            }
        self.told = {"ok": False, "status": status, "violation": violation}


def stranger(kind: str, status: int = 401) -> Denied:
    return Denied(status, kind, "authenticate", None)


def wrong_tenant(text: str | None) -> str:
    """What is wrong with a tenant that is not the one expected."""
    if text is None or text.strip(WHITE) == "":
        return "missing_tenant"
    return "malformed_id" if tenant_id(text) is None else "cross_tenant"


def authenticate(roles: dict[str, list[str]], answer: Any) -> Principal:
    """The principal of what a verifier answered."""
    if answer is None:
        raise stranger("unauthenticated")
    if not isinstance(answer, dict):
        raise stranger("verifier_failed", 503)
    tenant_text, user_text = answer.get("tenant"), answer.get("user")
    claimed = answer.get("roles")
    texts = ["" if text is None else text for text in (tenant_text, user_text)]
    listed = [] if claimed is None else claimed
    if not isinstance(listed, list) or len(listed) > CLAIMED_ROLES_MOST:
        raise stranger("verifier_failed", 503)
    if not all(isinstance(text, str) for text in [*texts, *listed]):
        raise stranger("verifier_failed", 503)
    tenant, user = tenant_id(texts[0]), user_id(texts[1])
    if tenant is None:
        raise stranger(wrong_tenant(texts[0]))
    if user is None:
        raise stranger("malformed_id")
    names: set[str] = set()
    for role in [*(role for role in listed if role not in KINDS), "user"]:
        if role in roles:
            names |= {role, *roles[role]}
    return Principal(tenant, "user", user, frozenset(names))


def require(who: Principal, need: str, tenant: str | None, operation: str) -> str:
    """The tenant of the scope."""
    if tenant is None or tenant_id(tenant) != who.tenant:
        raise Denied(403, wrong_tenant(tenant), operation, who)
    if need not in who.names:
        raise Denied(403, "forbidden", operation, who)
    return who.tenant


def own(who: Principal, is_there: bool, tenant: str | None, operation: str) -> None:
    """Whether what was looked up is handed on."""
    if not is_there:
        raise Denied(404, None, operation, who)
    if tenant is None or tenant_id(tenant) != who.tenant:
        raise Denied(404, wrong_tenant(tenant), operation, who)
