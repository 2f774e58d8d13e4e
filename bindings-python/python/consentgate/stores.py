"""What stores of your own are asked, and what they answer: `docs/stores.md` as types.

A store is any object with the methods of its role. `Gate` takes plain methods, `AsyncGate` takes
`async` ones. Where one store keeps several roles, give it an attribute for each, `admission`,
`sessions`, `calls`, with that role's methods: then a call is recorded in the transaction that looks
at the session, and no withdrawal is overtaken. Or give two views that name it as `store`.
"""

from __future__ import annotations

from typing import Literal, Protocol, TypeAlias, TypedDict

from ._memory import Memory, memory

__all__ = [
    "METHODS",
    "AdmissionStore",
    "Admit",
    "AdmitReply",
    "AsyncAdmissionStore",
    "AsyncCallStore",
    "AsyncSessionStore",
    "Bucket",
    "CallStore",
    "DeleteReply",
    "DeleteSession",
    "Enqueue",
    "EnqueueReply",
    "EraseCalls",
    "EraseReply",
    "FindCall",
    "FindCallReply",
    "FindSession",
    "FindSessionReply",
    "Finish",
    "FinishReply",
    "Floor",
    "FoundCall",
    "Idempotency",
    "Job",
    "Memory",
    "Purge",
    "PurgeReply",
    "PutReply",
    "PutSession",
    "Record",
    "RecordReply",
    "Session",
    "SessionStore",
    "Settle",
    "SettleReply",
    "StoredSession",
    "Take",
    "TakeReply",
    "memory",
]

METHODS = {
    "admission": ("admit", "settle", "purge"),
    "sessions": ("find", "put", "delete", "purge"),
    "calls": ("record", "find", "enqueue", "erase", "take", "finish", "purge"),
}
"""The methods of each role."""


# What every role has.


class Purge(TypedDict):
    limit: int


class PurgeReply(TypedDict):
    outcome: Literal["purged"]
    removed: int


# The role `admission`.


class Bucket(TypedDict):
    name: str
    key: str
    interval_ms: int
    burst: int


class Admit(TypedDict):
    site: str
    claims: list[str]
    owner: str
    lease_ms: int
    keep_ms: int
    claims_per_site_max: int
    buckets_per_site_max: int
    buckets: list[Bucket]


class AdmitAccepted(TypedDict):
    outcome: Literal["done"]
    result: Literal["accepted"]
    call_id: str


class AdmitRefused(TypedDict):
    outcome: Literal["done"]
    result: Literal["refused"]


class AdmitHeld(TypedDict):
    outcome: Literal["held"]
    retry_ms: int


class AdmitLimited(TypedDict):
    outcome: Literal["limited"]
    retry_ms: int
    bucket: int


class AdmitFull(TypedDict):
    outcome: Literal["full"]


class Admitted(TypedDict):
    outcome: Literal["admitted"]
    takeover: bool


AdmitReply: TypeAlias = (
    AdmitAccepted | AdmitRefused | AdmitHeld | AdmitLimited | AdmitFull | Admitted
)


class Commit(TypedDict):
    site: str
    claims: list[str]
    owner: str
    action: Literal["commit"]
    result: Literal["accepted", "refused"]
    call_id: str | None
    keep_ms: int


class Release(TypedDict):
    site: str
    claims: list[str]
    owner: str
    action: Literal["release"]
    refund: list[Bucket]


Settle: TypeAlias = Commit | Release


class SettleReply(TypedDict):
    outcome: Literal["settled", "lost"]


class AdmissionStore(Protocol):
    """Claims and buckets. Provisional."""

    def admit(self, request: Admit, timeout_s: float, /) -> AdmitReply: ...
    def settle(self, request: Settle, timeout_s: float, /) -> SettleReply: ...
    def purge(self, request: Purge, timeout_s: float, /) -> PurgeReply: ...


class AsyncAdmissionStore(Protocol):
    """Claims and buckets. Provisional."""

    async def admit(self, request: Admit, timeout_s: float, /) -> AdmitReply: ...
    async def settle(self, request: Settle, timeout_s: float, /) -> SettleReply: ...
    async def purge(self, request: Purge, timeout_s: float, /) -> PurgeReply: ...


# The role `sessions`.


class Session(TypedDict):
    scopes: list[str]
    granted_at_ms: int
    changed_at_ms: int
    policy_version: int | None
    gpc: bool
    narrowed: bool


class StoredSession(Session):
    version: int


class Floor(TypedDict):
    at_ms: int
    keep_ms: int


class Idempotency(TypedDict):
    key: str
    keep_ms: int


class FindSession(TypedDict):
    site: str
    fingerprint: str
    pseudonym: str


class FindSessionReply(TypedDict):
    session: StoredSession | None
    floor_ms: int | None


class PutSession(TypedDict):
    site: str
    fingerprint: str
    pseudonym: str
    expected: int | None
    session: Session | None
    floor: Floor | None
    idempotency: Idempotency | None
    narrowing: bool
    keep_ms: int
    sessions_per_site_max: int
    floors_per_site_max: int
    idempotency_per_site_max: int


class PutReply(TypedDict):
    outcome: Literal["stored", "repeated", "conflict", "full"]


class DeleteSession(TypedDict):
    site: str
    fingerprint: str
    pseudonym: str
    tombstone: Floor
    tombstones_per_site_max: int


class DeleteReply(TypedDict):
    outcome: Literal["deleted", "full"]


class SessionStore(Protocol):
    """Sessions, floors and tombstones."""

    def find(self, request: FindSession, timeout_s: float, /) -> FindSessionReply: ...
    def put(self, request: PutSession, timeout_s: float, /) -> PutReply: ...
    def delete(self, request: DeleteSession, timeout_s: float, /) -> DeleteReply: ...
    def purge(self, request: Purge, timeout_s: float, /) -> PurgeReply: ...


class AsyncSessionStore(Protocol):
    """Sessions, floors and tombstones."""

    async def find(self, request: FindSession, timeout_s: float, /) -> FindSessionReply: ...
    async def put(self, request: PutSession, timeout_s: float, /) -> PutReply: ...
    async def delete(self, request: DeleteSession, timeout_s: float, /) -> DeleteReply: ...
    async def purge(self, request: Purge, timeout_s: float, /) -> PurgeReply: ...


# The role `calls`.


class Record(TypedDict):
    site: str
    call_id: str
    signature_hash: str
    more_signature_hashes: list[str]
    event_id: str | None
    fingerprint: str
    pseudonym: str
    session_version: int | None
    changed_at_ms: int
    received_at_ms: int
    marketing: Literal["pending", "skipped"]
    body: bytes
    keep_ms: int
    delay_ms: int
    calls_per_site_max: int
    calls_bytes_per_site_max: int


class Inserted(TypedDict):
    outcome: Literal["inserted"]
    marketing: Literal["enqueued", "skipped"]


class Exists(TypedDict):
    outcome: Literal["exists"]
    call_id: str
    marketing: Literal["enqueued", "skipped"]


class NotRecorded(TypedDict):
    outcome: Literal["moved", "full"]


RecordReply: TypeAlias = Inserted | Exists | NotRecorded


class FindCall(TypedDict):
    site: str
    call_id: str


class FoundCall(TypedDict):
    fingerprint: str


class FindCallReply(TypedDict):
    call: FoundCall | None


class Enqueue(TypedDict):
    site: str
    call_id: str
    fingerprint: str
    pseudonym: str
    session_version: int | None
    scopes: list[str]
    delay_ms: int
    keep_ms: int


class EnqueueReply(TypedDict):
    outcome: Literal["enqueued", "already", "moved", "missing", "full"]


class EraseCalls(TypedDict):
    site: str
    fingerprint: str
    pseudonym: str
    tombstone: Floor
    tombstones_per_site_max: int


class EraseReply(TypedDict):
    outcome: Literal["erased", "full"]


class Take(TypedDict):
    site: str
    owner: str
    limit: int
    lease_ms: int


class Job(TypedDict):
    call_id: str
    fingerprint: str
    event_id: str | None
    received_at_ms: int
    body: bytes
    attempts: int


class TakeReply(TypedDict):
    jobs: list[Job]


class Finish(TypedDict):
    site: str
    call_id: str
    owner: str
    result: Literal["sent", "cancelled", "failed", "retry"]
    delay_ms: int | None


class FinishReply(TypedDict):
    outcome: Literal["finished", "lost"]


class CallStore(Protocol):
    """Calls, and the queue of their conversions."""

    def record(self, request: Record, timeout_s: float, /) -> RecordReply: ...
    def find(self, request: FindCall, timeout_s: float, /) -> FindCallReply: ...
    def enqueue(self, request: Enqueue, timeout_s: float, /) -> EnqueueReply: ...
    def erase(self, request: EraseCalls, timeout_s: float, /) -> EraseReply: ...
    def take(self, request: Take, timeout_s: float, /) -> TakeReply: ...
    def finish(self, request: Finish, timeout_s: float, /) -> FinishReply: ...
    def purge(self, request: Purge, timeout_s: float, /) -> PurgeReply: ...


class AsyncCallStore(Protocol):
    """Calls, and the queue of their conversions."""

    async def record(self, request: Record, timeout_s: float, /) -> RecordReply: ...
    async def find(self, request: FindCall, timeout_s: float, /) -> FindCallReply: ...
    async def enqueue(self, request: Enqueue, timeout_s: float, /) -> EnqueueReply: ...
    async def erase(self, request: EraseCalls, timeout_s: float, /) -> EraseReply: ...
    async def take(self, request: Take, timeout_s: float, /) -> TakeReply: ...
    async def finish(self, request: Finish, timeout_s: float, /) -> FinishReply: ...
    async def purge(self, request: Purge, timeout_s: float, /) -> PurgeReply: ...
