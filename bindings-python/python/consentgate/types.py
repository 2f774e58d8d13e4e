"""The names and shapes of what goes in and comes out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Literal, Protocol, TypeAlias, TypedDict

__all__ = [
    "AsyncAuditAppend",
    "AsyncAuditTable",
    "AsyncVerifier",
    "AuditAppend",
    "AuditCounters",
    "AuditOutcome",
    "AuditRecord",
    "AuditTable",
    "Body",
    "Clock",
    "Config",
    "ConversionResult",
    "Count",
    "Counters",
    "Flow",
    "HasItems",
    "Headers",
    "Ip",
    "Marketing",
    "Operation",
    "Outcome",
    "Reason",
    "Role",
    "Scheme",
    "Secret",
    "Severity",
    "Stage",
    "StoreFailures",
    "SubjectKind",
    "Verifier",
    "ViolationKind",
    "Watch",
]

# Each is a union of at least two literals: `mypy.stubtest` takes a single one for a mistake.

Flow: TypeAlias = (
    Literal["call_event", "sync_session", "confirm_sale", "erase"]
    | Literal["take_conversions", "finish_conversion", "purge"]
    | Literal["admit", "device"]
)

Outcome: TypeAlias = Literal["accepted", "noop", "no_consent"] | Literal["rejected", "unavailable"]

Marketing: TypeAlias = Literal["enqueued"] | Literal["skipped"]

ConversionResult: TypeAlias = Literal["sent"] | Literal["failed", "retry"]
"""How sending a conversion went."""

Role: TypeAlias = Literal["admission"] | Literal["sessions", "calls"]

Scheme: TypeAlias = Literal["standard-webhooks"] | Literal["github", "stripe", "slack", "shopify"]
"""How senders sign; `docs/schemes.md` tells what each of them protects."""

Stage: TypeAlias = (
    Literal[
        "signature", "payload", "replay", "rate_limit", "session", "consent", "insert", "marketing"
    ]
    | Literal["origin", "statement", "store", "call", "enqueue", "erase"]
    | Literal["take", "finish", "purge"]
    | Literal["settle"]
)

Reason: TypeAlias = (
    Literal["accepted", "stored", "enqueued", "erased", "taken", "purged", "authenticated"]
    | Literal["conversion_sent", "conversion_failed", "conversion_put_back"]
    | Literal["duplicate", "already_enqueued", "lease_lost"]
    | Literal[
        "refused_before",
        "no_session",
        "consent_missing",
        "consent_withdrawn",
        "consent_from_future",
        "consent_expired",
        "consent_policy_version",
        "refused",
        "skipped",
    ]
    | Literal[
        "too_large",
        "unknown_site",
        "malformed_header",
        "bad_signature",
        "stale_timestamp",
        "future_timestamp",
        "unknown_device",
        "nonce_used",
        "wrong_origin",
        "malformed_json",
        "malformed_fingerprint",
        "malformed_event_id",
        "malformed_statement",
        "consent_in_payload",
        "wrong_site",
        "in_flight",
        "rate_limited",
        "not_found",
    ]
    | Literal["overloaded", "forked", "contended", "out_of_time"]
    | Literal["store_failed", "store_resting"]
    | Literal["committed", "uncommitted", "commit_lost"]
)
"""Why, by outcome: accepted, noop, no_consent, rejected, unavailable."""

Operation: TypeAlias = (
    Literal["authenticate", "connect", "request"]
    | Literal["create_session", "message", "find_session"]
)
"""The step at which the guard of tenants is asked."""

SubjectKind: TypeAlias = Literal["user"] | Literal["key", "device"]
"""What an identity is."""

Severity: TypeAlias = Literal["low", "medium"] | Literal["high", "critical"]

ViolationKind: TypeAlias = (
    Literal["unauthenticated", "verifier_failed", "malformed_id"]
    | Literal["missing_tenant", "cross_tenant", "forbidden"]
)

AuditOutcome: TypeAlias = Literal["denied"] | Literal["hidden", "unavailable"]
"""What whoever tried was told: 401 or 403; 404; 503."""

Config: TypeAlias = Mapping[str, Any] | str | bytes
"""A mapping (a secret in it may be `bytes`), or its JSON."""

Clock: TypeAlias = Callable[[], float]
"""Gives the time in seconds since 1970. One that is out of bounds is a `ValueError` of the call."""

Secret: TypeAlias = str | bytes | bytearray | memoryview
"""Text is what the sender shows: for `standard-webhooks` base64, with or without `whsec_`; for all
other schemes the text itself. Bytes are taken as they are. For `v1a` of `standard-webhooks`:
`whpk_…`, a public key, where something is verified; `whsk_…`, a private key, for `sign` alone."""

Body: TypeAlias = bytes | bytearray | memoryview
"""The raw bytes as they came: what was signed, before anything parsed it."""

Ip: TypeAlias = str | IPv4Address | IPv6Address
"""The peer's address, as the host trusts it."""

_Text: TypeAlias = str | bytes
_Values: TypeAlias = str | bytes | Sequence[str] | Sequence[bytes]


class HasItems(Protocol):
    """A header class that is no mapping but has its pairs, such as `email.message.Message`."""

    def items(self) -> Iterable[tuple[str, str]]: ...


Headers: TypeAlias = (
    Mapping[str, _Values] | Mapping[bytes, _Values] | Iterable[tuple[_Text, _Values]] | HasItems
)
"""A mapping (a list as value: the header occurs as often) or pairs; names in any case."""


Verifier: TypeAlias = Callable[[Any], Mapping[str, object] | None]
"""Is given a credential and nothing else, and answers whose it is: `tenant`, `user`, and where
there are any `roles`, a list. `None`: nobody's."""

AsyncVerifier: TypeAlias = Callable[
    [Any], Awaitable[Mapping[str, object] | None] | Mapping[str, object] | None
]
"""A `Verifier` that may be `async`."""


class Count(TypedDict):
    """How often one answer was given."""

    flow: Flow
    stage: Stage
    reason: Reason
    outcome: Outcome
    count: int


class StoreFailures(TypedDict):
    """Failures of one role's store."""

    errors: int
    timeouts: int


class Watch(TypedDict):
    """The figures that an operator watches for abuse."""

    call_events: int
    call_events_no_consent: int
    replays_refused: int
    fingerprint_limits_hit: int
    conversions_enqueued: int
    conversions_skipped: int
    conversions_cancelled: int
    admitted_locally: int


class AuditRecord(TypedDict):
    """A violation as it is kept: nothing in it is personal."""

    writer: str
    """32 hex digits. Together with `sequence` the name of the record: a table keeps one."""
    sequence: int
    """The how-manieth of its writer, from 1 on and without a gap."""
    at: str
    """RFC 3339 in UTC with milliseconds."""
    tenant: str | None
    kind: ViolationKind
    operation: Operation
    severity: Severity
    subject: str | None
    outcome: AuditOutcome


AuditAppend: TypeAlias = Callable[[list[AuditRecord]], None]
"""Keeps all of these records or none; what is there already stays as it is and is no error."""

AsyncAuditAppend: TypeAlias = Callable[[list[AuditRecord]], Awaitable[None] | None]
"""An `AuditAppend` that may be `async`."""


class AuditTable(Protocol):
    """Where records are kept and searched."""

    def append(self, records: list[AuditRecord], /) -> None:
        """Keeps all of these records or none; what is there already stays as it is."""


class AsyncAuditTable(Protocol):
    """An `AuditTable` that may be waited for."""

    def append(self, records: list[AuditRecord], /) -> Awaitable[None] | None:
        """Keeps all of these records or none; what is there already stays as it is."""


class AuditCounters(TypedDict):
    """What became of violations that this process recorded or reconciled."""

    written: int
    unwritten: int
    shipped: int
    table_failures: int
    torn: int
    foreign: int
    backlog: int


class Counters(TypedDict):
    """What a gate has decided so far."""

    decisions: list[Count]
    store_failures: dict[Role, StoreFailures]
    watch: Watch
    violations: dict[ViolationKind, int]
    audit: AuditCounters | None
