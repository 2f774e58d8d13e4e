from collections.abc import Sequence
from typing import Any, final

from .types import (
    Body,
    Clock,
    Counters,
    Flow,
    Headers,
    Ip,
    Marketing,
    Outcome,
    Reason,
    Role,
    Scheme,
    Secret,
    Stage,
)

__all__ = [
    "FLOWS",
    "MARKETING",
    "OUTCOMES",
    "REASONS",
    "SCHEMES",
    "STAGES",
    "Ask",
    "Core",
    "Decision",
    "Verified",
    "sign",
    "verify",
]

FLOWS: tuple[Flow, ...]
MARKETING: tuple[Marketing, ...]
OUTCOMES: tuple[Outcome, ...]
REASONS: tuple[Reason, ...]
SCHEMES: tuple[Scheme, ...]
STAGES: tuple[Stage, ...]

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
    def marketing(self) -> Marketing | None: ...
    def __bool__(self) -> bool: ...

@final
class Verified:
    """A request whose signature and time are right."""

    @property
    def id(self) -> str | None: ...
    @property
    def timestamp(self) -> int | None: ...
    @property
    def key_index(self) -> int: ...

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
    def answer(self, reply: object) -> Decision | Ask: ...
    def fail(self, error: BaseException) -> Decision | Ask: ...
    def time_out(self) -> Decision | Ask: ...
    def abandon(self) -> Ask | None: ...

@final
class Core:
    """The gate: decides as far as it can, and asks for the rest."""

    def __new__(
        cls,
        config: bytes,
        roles: tuple[bool, bool, bool],
        one_store: bool,
        clock: Clock | None,
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
    ) -> Decision | Ask: ...
    def sync_session(
        self, site: str, headers: Headers, body: Body, ip: Ip | None, now: float | None
    ) -> Decision | Ask: ...
    def confirm_sale(self, site: str, call_id: str, now: float | None) -> Decision | Ask: ...
    def erase(self, site: str, fingerprint: str, now: float | None) -> Decision | Ask: ...
    def set_site(self, site: str, config: bytes) -> None: ...
    def remove_site(self, site: str) -> None: ...
    def metrics(self) -> str: ...
    def counters(self) -> Counters: ...
    @property
    def body_bytes_max(self) -> int: ...
    def close(self) -> None: ...
