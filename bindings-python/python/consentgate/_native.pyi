from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar, final

from .types import (
    AuditCounters,
    AuditOutcome,
    Body,
    Clock,
    Counters,
    Flow,
    Headers,
    Ip,
    Marketing,
    Operation,
    Outcome,
    Reason,
    Role,
    Scheme,
    Secret,
    Severity,
    Stage,
    SubjectKind,
    ViolationKind,
)

_T = TypeVar("_T")

__all__ = [
    "ADMIT_LUA",
    "AUDIT_OUTCOMES",
    "FLOWS",
    "MARKETING",
    "OPERATIONS",
    "OUTCOMES",
    "POSTGRES_MIGRATIONS",
    "POSTGRES_PREFLIGHT",
    "REASONS",
    "SCHEMES",
    "SETTLE_LUA",
    "SEVERITIES",
    "STAGES",
    "SUBJECTS",
    "VIOLATIONS",
    "Ask",
    "Asking",
    "AuditMemoryCore",
    "Conversion",
    "Core",
    "Decision",
    "GuardCore",
    "Held",
    "JournalCore",
    "Pass",
    "Principal",
    "Scope",
    "Sqlite",
    "SqliteAuditCore",
    "Verified",
    "Violation",
    "Wait",
    "device_secret",
    "sign",
    "sign_device",
    "verify",
]

AUDIT_OUTCOMES: tuple[AuditOutcome, ...]
FLOWS: tuple[Flow, ...]
MARKETING: tuple[Marketing, ...]
OPERATIONS: tuple[Operation, ...]
OUTCOMES: tuple[Outcome, ...]
REASONS: tuple[Reason, ...]
SCHEMES: tuple[Scheme, ...]
SEVERITIES: tuple[Severity, ...]
STAGES: tuple[Stage, ...]
SUBJECTS: tuple[SubjectKind, ...]
VIOLATIONS: tuple[ViolationKind, ...]

ADMIT_LUA: str
SETTLE_LUA: str
POSTGRES_MIGRATIONS: tuple[tuple[str, str], ...]
POSTGRES_PREFLIGHT: str

@final
class Decision:
    """What the gate answers: what to send, and what to log. Neither true nor false."""

    @property
    def outcome(self) -> Outcome: ...
    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> dict[str, str]: ...
    @property
    def body(self) -> bytes: ...
    @property
    def reason(self) -> Reason: ...
    @property
    def stage(self) -> Stage: ...
    @property
    def flow(self) -> Flow: ...
    @property
    def error(self) -> BaseException | None: ...
    @property
    def retry_after(self) -> int | None: ...
    @property
    def call_id(self) -> str | None: ...
    @property
    def event_id(self) -> str | None: ...
    @property
    def key_id(self) -> str | None: ...
    @property
    def device_id(self) -> str | None: ...
    @property
    def marketing(self) -> Marketing | None: ...
    @property
    def conversions(self) -> list[Conversion]: ...
    @property
    def cancelled(self) -> int: ...
    @property
    def removed(self) -> int: ...
    @property
    def admitted_locally(self) -> bool: ...
    def __bool__(self) -> bool: ...

@final
class Conversion:
    """A conversion that is due and consented, leased to whoever took it."""

    @property
    def site(self) -> str: ...
    @property
    def call_id(self) -> str: ...
    @property
    def fingerprint(self) -> str: ...
    @property
    def event_id(self) -> str | None: ...
    @property
    def received_at(self) -> float: ...
    @property
    def body(self) -> bytes: ...
    @property
    def attempts(self) -> int: ...

@final
class Verified:
    """A request whose signature and time are right."""

    @property
    def id(self) -> str | None: ...
    @property
    def timestamp(self) -> int | None: ...
    @property
    def key_index(self) -> int: ...

@final
class Principal:
    """A caller whose credential was verified. The guard makes it, and nothing else does."""

    @property
    def tenant(self) -> str: ...
    @property
    def kind(self) -> SubjectKind: ...
    @property
    def id(self) -> str: ...
    @property
    def subject(self) -> str: ...

@final
class Scope:
    """One tenant, for one principal that may do what it asked for; pass it on in an id's place."""

    @property
    def tenant(self) -> str: ...
    @property
    def subject(self) -> str: ...
    def own(self, value: _T | None, tenant: str | None, operation: Operation | None = None) -> _T:
        """What was looked up, if `tenant`, which its own row names, is this one. Else `Denied`.

        `operation` is `find_session` unless it is given.
        """

@final
class Violation:
    """What was denied, for the record: nothing in it is personal."""

    @property
    def kind(self) -> ViolationKind: ...
    @property
    def severity(self) -> Severity: ...
    @property
    def operation(self) -> Operation: ...
    @property
    def tenant(self) -> str | None: ...
    @property
    def subject(self) -> str | None: ...

@final
class JournalCore:
    """A journal; the package's class `Journal` is made of it."""

    def __new__(cls, directory: str, bytes_max: int | None) -> JournalCore: ...
    def reconciling(self) -> Pass: ...
    def counters(self) -> AuditCounters: ...
    def close(self) -> None: ...

@final
class Pass:
    """A journal on its way into a table."""

    def batch(self) -> str | None: ...
    def kept(self) -> None: ...
    def end(self, failed: bool) -> tuple[int, int, int, int]: ...

@final
class AuditMemoryCore:
    """Violations in memory; the package's class `AuditMemory` is made of it."""

    def __new__(cls, records_max: int) -> AuditMemoryCore: ...
    def records(self) -> str: ...
    def take(self) -> str: ...

@final
class GuardCore:
    """The guard, without the verifiers."""

    def answer(self, verifier: str, answer: object) -> Principal: ...
    def failed(self, verifier: str) -> BaseException: ...
    def principal(self, decision: Decision) -> Principal: ...
    def require(
        self, principal: Principal, need: str, tenant: str | None, operation: str | None
    ) -> Scope: ...

def verify(
    scheme: Scheme,
    secrets: Secret | Sequence[Secret],
    headers: Headers,
    body: Body,
    *,
    method: str | None = None,
    url: str | None = None,
    now: float | None = None,
    tolerance_s: int = 300,
) -> Verified | None: ...
def sign(
    scheme: Scheme,
    secret: Secret,
    body: Body,
    *,
    id: str | None = None,
    now: float | None = None,
) -> dict[str, str]: ...
def sign_device(
    secret: Secret,
    device_id: str,
    body: Body,
    *,
    site: str,
    method: str,
    url: str,
    nonce: str | None = None,
    now: float | None = None,
) -> dict[str, str]: ...
def device_secret(
    master: Secret, site: str, device_id: str, generation: int | None = None
) -> str: ...
@final
class Ask:
    """A decision that waits for a store: go on with exactly one of the methods."""

    @property
    def role(self) -> Role: ...
    @property
    def method(self) -> str: ...
    @property
    def request(self) -> dict[str, Any]: ...
    @property
    def timeout_s(self) -> float: ...
    def answer(self, reply: object) -> Decision | Ask | Wait | Held: ...
    def fail(self, error: BaseException) -> Decision | Ask | Wait | Held: ...
    def time_out(self) -> Decision | Ask | Wait | Held: ...
    def abandon(self) -> Ask | None: ...

@final
class Asking(Coroutine[Any, Any, None]):
    """The host's stores, asked one after the other until it is not their turn: a task's work."""

    def __new__(cls, ask: Ask, methods: dict[str, dict[str, Callable[..., Any]]]) -> Asking: ...
    def begin(self) -> bool: ...
    @property
    def timeout_s(self) -> float: ...
    def tell(self, told: Callable[[float], object] | None) -> None: ...
    def take(self) -> Decision | Ask | Wait | Held: ...
    def __await__(self) -> Asking: ...
    def __iter__(self) -> Asking: ...
    def __next__(self) -> Any: ...
    def send(self, value: None) -> Any: ...
    def throw(self, error: Any, value: Any = None, traceback: Any = None) -> Any: ...
    def close(self) -> None: ...

@final
class Sqlite:
    """All roles in one file. Made by `sqlite()`."""

    def __new__(cls, path: str, wait_s: float | None) -> Sqlite: ...
    def close(self) -> None: ...
    def suspend(self) -> None: ...
    def resume(self) -> None: ...

@final
class SqliteAuditCore:
    """The table of the audit in one file; the package's class `SqliteAudit` is made of it."""

    def __new__(cls, path: str) -> SqliteAuditCore: ...
    def append(self, lines: Sequence[str]) -> None: ...
    def purge(self, before: float, limit: int) -> int: ...
    def close(self) -> None: ...
    def suspend(self) -> None: ...
    def resume(self) -> None: ...

@final
class Wait:
    """A decision that waits for a native store: `perform`, or `submit` and then `take_up`."""

    @property
    def timeout_s(self) -> float: ...
    def perform(self) -> Decision | Ask | Wait | Held: ...
    def submit(self, done: Callable[[], object]) -> None: ...
    def take_up(self) -> Decision | Ask | Wait | Held: ...
    def time_out(self) -> Decision | Ask | Wait | Held: ...
    def abandon(self) -> Ask | None: ...

@final
class Held:
    """An event that was let in, for as long as the host is at work: `commit` or `release`, once."""

    @property
    def decision(self) -> Decision: ...
    def commit(self, now: float | None) -> Decision | Ask | Wait: ...
    def release(self, now: float | None) -> Decision | Ask | Wait: ...

@final
class Core:
    """The gate: decides as far as it can, and asks for the rest."""

    def __new__(
        cls,
        config: bytes,
        roles: tuple[bool | Sqlite, bool | Sqlite, bool | Sqlite],
        one_store: bool,
        clock: Clock | None,
        audit: JournalCore | AuditMemoryCore | None,
    ) -> Core: ...
    def call_event(
        self,
        site: str,
        headers: Headers,
        body: Body,
        method: str | None,
        url: str | None,
        ip: Ip | None,
        now: float | None,
    ) -> Decision | Ask | Wait: ...
    def admit(
        self, site: str, headers: Headers, body: Body, ip: Ip | None, now: float | None
    ) -> Decision | Ask | Wait | Held: ...
    def sync_session(
        self, site: str, headers: Headers, body: Body, ip: Ip | None, now: float | None
    ) -> Decision | Ask | Wait: ...
    def device(
        self,
        headers: Headers,
        body: Body,
        site: str,
        method: str,
        url: str,
        ip: Ip | None,
        now: float | None,
    ) -> Decision | Ask | Wait: ...
    def confirm_sale(self, site: str, call_id: str, now: float | None) -> Decision | Ask | Wait: ...
    def erase(self, site: str, fingerprint: str, now: float | None) -> Decision | Ask | Wait: ...
    def take_conversions(
        self, site: str, limit: int, now: float | None
    ) -> Decision | Ask | Wait: ...
    def finish_conversion(
        self, job: Conversion, result: str, retry_in_s: float | None, now: float | None
    ) -> Decision | Ask | Wait: ...
    def purge(self, limit: int, now: float | None) -> Decision | Ask | Wait: ...
    def guard(self, verifiers: list[str]) -> GuardCore: ...
    def set_site(self, site: str, config: bytes) -> None: ...
    def remove_site(self, site: str) -> None: ...
    def metrics(self) -> str: ...
    def counters(self) -> Counters: ...
    @property
    def body_bytes_max(self) -> int: ...
    def close(self) -> None: ...
