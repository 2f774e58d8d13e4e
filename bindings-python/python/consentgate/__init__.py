"""consentgate: an embeddable gate for signed events.

One call answers whether an event may be recorded, and what may be done with it: HMAC verify,
replay, rate limit, session, consent, insert, marketing, in an order that cannot be changed.
"""

from __future__ import annotations

from ._admission import Admission, AsyncAdmission
from ._async_gate import AsyncGate
from ._audit import (
    AsyncShipper,
    AuditMemory,
    Journal,
    Reconciled,
    Shipper,
    audit_memory,
    journal,
)
from ._gate import Gate
from ._guard import AsyncGuard, Guard
from ._native import (
    Conversion,
    Decision,
    Principal,
    Scope,
    Verified,
    Violation,
    device_secret,
    sign,
    sign_device,
    verify,
)
from ._postgres import postgres
from ._redis import redis
from ._sqlite import SqliteAudit, sqlite, sqlite_audit
from .errors import ConfigError, Denied, Fault, NotWritten
from .stores import memory

__all__ = [
    "Admission",
    "AsyncAdmission",
    "AsyncGate",
    "AsyncGuard",
    "AsyncShipper",
    "AuditMemory",
    "ConfigError",
    "Conversion",
    "Decision",
    "Denied",
    "Fault",
    "Gate",
    "Guard",
    "Journal",
    "NotWritten",
    "Principal",
    "Reconciled",
    "Scope",
    "Shipper",
    "SqliteAudit",
    "Verified",
    "Violation",
    "audit_memory",
    "device_secret",
    "journal",
    "memory",
    "postgres",
    "redis",
    "sign",
    "sign_device",
    "sqlite",
    "sqlite_audit",
    "verify",
]
