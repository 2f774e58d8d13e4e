"""Claims and buckets in Redis, through the client that the host already has.

What is decided, the shared scripts decide; here a request becomes their keys and arguments, and
their reply the store's.
"""

from __future__ import annotations

from hashlib import sha1
from typing import TYPE_CHECKING, Any, TypeAlias, overload

from . import _native
from ._clients import is_a
from .errors import ConfigError
from .stores import Admit, AdmitReply, Bucket, Purge, PurgeReply, Settle, SettleReply

if TYPE_CHECKING:
    import redis as clients
    import redis.asyncio as asyncio_clients

__all__ = ["AsyncRedisStore", "RedisStore", "redis"]

Words: TypeAlias = tuple[bytes | int | str, ...]
Nodes: TypeAlias = dict[str, str]

# A server that stalls must have been given up long before a lease is over.
_WAIT_S_MAX = 10


class _Script:
    """The hash goes over the wire; only a server that has forgotten the text is told it again."""

    __slots__ = ("sha", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.sha = sha1(text.encode(), usedforsecurity=False).hexdigest()

    def by_hash(self, words: Words) -> Words:
        return ("EVALSHA", self.sha, *words)

    def by_text(self, words: Words) -> Words:
        """Runs it and loads it, both on the node that keeps the keys."""
        return ("EVAL", self.text, *words)


_ADMIT = _Script(_native.ADMIT_LUA)
_SETTLE = _Script(_native.SETTLE_LUA)

# Ids are raw bytes, whatever the client makes of other replies.
_RAW: dict[str, Any] = {"NEVER_DECODE": []}

_PRIMARIES: Nodes = {"target_nodes": "primaries"}


def _keys(request: Admit | Settle, buckets: list[Bucket]) -> list[bytes]:
    """All in one slot: the braces are the hash tag of the cluster."""
    site = b"cg1:{%s}:" % request["site"].encode()
    claims = [claim.split(":") for claim in request["claims"]]
    return [
        site + b"n",
        *(site + b"c:" + kind.encode() + bytes.fromhex(digest) for kind, digest in claims),
        *(site + b"b:" + bytes.fromhex(bucket["key"]) for bucket in buckets),
    ]


def _rates(buckets: list[Bucket]) -> list[int]:
    return [n for bucket in buckets for n in (bucket["interval_ms"], bucket["burst"])]


def _admit(request: Admit) -> Words:
    keys = _keys(request, request["buckets"])
    limits = (request["lease_ms"], request["keep_ms"], request["claims_per_site_max"])
    owner, claims = bytes.fromhex(request["owner"]), len(request["claims"])
    return (len(keys), *keys, owner, *limits, claims, *_rates(request["buckets"]))


def _settle(request: Settle) -> Words:
    owner, claims = bytes.fromhex(request["owner"]), len(request["claims"])
    if request["action"] == "release":
        keys = _keys(request, request["refund"])
        return (len(keys), *keys, owner, claims, "release", *_rates(request["refund"]))
    keys = _keys(request, [])
    call_id = bytes.fromhex(request["call_id"] or "")
    ending = ("commit", request["result"], call_id, request["keep_ms"])
    return (len(keys), *keys, owner, claims, *ending)


def _admitted(reply: Any) -> AdmitReply:
    match reply:
        case [b"admitted", takeover]:
            return {"outcome": "admitted", "takeover": takeover == 1}
        case [b"done", b"accepted", call_id]:
            return {"outcome": "done", "result": "accepted", "call_id": call_id.hex()}
        case [b"done", b"refused"]:
            return {"outcome": "done", "result": "refused"}
        case [b"held", retry_ms]:
            return {"outcome": "held", "retry_ms": retry_ms}
        case [b"limited", retry_ms, bucket]:
            return {"outcome": "limited", "retry_ms": retry_ms, "bucket": bucket}
        case [b"full"]:
            return {"outcome": "full"}
    raise ValueError("the script for `admit` replied what it never does")


def _settled(reply: Any) -> SettleReply:
    match reply:
        case [b"settled"]:
            return {"outcome": "settled"}
        case [b"lost"]:
            return {"outcome": "lost"}
    raise ValueError("the script for `settle` replied what it never does")


def _says(error: Exception, kind: str) -> bool:
    """Clients know these errors by a class of their own, or leave the server's word."""
    known = {"NOSCRIPT": "NoScriptError", "OOM": "OutOfMemoryError"}
    return type(error).__name__ == known[kind] or str(error).startswith(f"{kind} ")


class _Eviction:
    """What is known of the servers' `maxmemory-policy`: only a good answer is remembered."""

    __slots__ = ("is_right",)

    def __init__(self, allowed: bool) -> None:
        self.is_right = allowed

    def take(self, told: dict[str, Any]) -> None:
        """`told` is one server's `INFO memory`, or that of each node."""
        nodes = [node for node in told.values() if isinstance(node, dict)]
        found = {str(server.get("maxmemory_policy")) for server in nodes or [told]}
        if found != {"noeviction"}:
            problem = (
                f"is a Redis whose `maxmemory-policy` is `{min(found - {'noeviction'})}`: it may "
                "forget live claims; set `noeviction`, or say `allow_eviction=True`"
            )
            raise ConfigError([("stores.admission", problem)])
        self.is_right = True


class RedisStore:
    """The role `admission`, for `Gate`. Made by `redis(client)`."""

    def __init__(self, client: Any, nodes: Nodes, *, allow_eviction: bool) -> None:
        self._client, self._nodes = client, nodes
        self._eviction = _Eviction(allow_eviction)
        try:
            self._look()
        except ConfigError:
            raise
        except Exception:
            # Redis is away, and must not keep the host from starting: the first request looks.
            return

    @property
    def admission(self) -> RedisStore:
        return self

    def admit(self, request: Admit, timeout_s: float, /) -> AdmitReply:
        try:
            return _admitted(self._run(_ADMIT, _admit(request)))
        except Exception as error:
            if _says(error, "OOM"):
                return {"outcome": "full"}
            raise

    def settle(self, request: Settle, timeout_s: float, /) -> SettleReply:
        return _settled(self._run(_SETTLE, _settle(request)))

    def purge(self, request: Purge, timeout_s: float, /) -> PurgeReply:
        """Redis drops by itself what is over."""
        return {"outcome": "purged", "removed": 0}

    def _look(self) -> None:
        if not self._eviction.is_right:
            self._eviction.take(self._client.info("memory", **self._nodes))

    def _run(self, script: _Script, words: Words) -> Any:
        self._look()
        try:
            return self._client.execute_command(*script.by_hash(words), **_RAW)
        except Exception as error:
            if not _says(error, "NOSCRIPT"):
                raise
        return self._client.execute_command(*script.by_text(words), **_RAW)


class AsyncRedisStore:
    """The role `admission`, for `AsyncGate`. Made by `redis(client)`."""

    def __init__(self, client: Any, nodes: Nodes, *, allow_eviction: bool) -> None:
        self._client, self._nodes = client, nodes
        self._eviction = _Eviction(allow_eviction)

    @property
    def admission(self) -> AsyncRedisStore:
        return self

    async def admit(self, request: Admit, timeout_s: float, /) -> AdmitReply:
        try:
            return _admitted(await self._run(_ADMIT, _admit(request)))
        except Exception as error:
            if _says(error, "OOM"):
                return {"outcome": "full"}
            raise

    async def settle(self, request: Settle, timeout_s: float, /) -> SettleReply:
        return _settled(await self._run(_SETTLE, _settle(request)))

    async def purge(self, request: Purge, timeout_s: float, /) -> PurgeReply:
        """Redis drops by itself what is over."""
        return {"outcome": "purged", "removed": 0}

    async def _run(self, script: _Script, words: Words) -> Any:
        if not self._eviction.is_right:
            self._eviction.take(await self._client.info("memory", **self._nodes))
        try:
            return await self._client.execute_command(*script.by_hash(words), **_RAW)
        except Exception as error:
            if not _says(error, "NOSCRIPT"):
                raise
        return await self._client.execute_command(*script.by_text(words), **_RAW)


def _gives_up(settings: dict[str, Any], retry: Any) -> None:
    """A plain call ends only by the client's own doing, so it must end soon."""
    timeout_s = settings.get("socket_timeout")
    attempts = 1 + (0 if retry is None else retry.get_retries())
    if timeout_s is not None and timeout_s * attempts <= _WAIT_S_MAX:
        return
    wait = "for ever" if timeout_s is None else f"{timeout_s * attempts:g} s"
    raise ValueError(
        f"the client waits {wait} for a Redis that stalls; give it a `socket_timeout` and a "
        f"`retry` that come to {_WAIT_S_MAX} s at most, as in "
        "`Redis(…, socket_timeout=1, retry=Retry(NoBackoff(), 0))`"
    )


@overload
def redis(
    client: clients.Redis | clients.RedisCluster, *, allow_eviction: bool = False
) -> RedisStore: ...
@overload
def redis(
    client: asyncio_clients.Redis | asyncio_clients.RedisCluster, *, allow_eviction: bool = False
) -> AsyncRedisStore: ...
def redis(client: Any, *, allow_eviction: bool = False) -> RedisStore | AsyncRedisStore:
    """A store for the role `admission` over a client of the package `redis`.

    `Redis` or `RedisCluster` for `Gate`, those of `redis.asyncio` for `AsyncGate`. A server that
    may evict keys is refused with `ConfigError`, unless `allow_eviction`: a plain client's at once,
    an asyncio client's at its first request. A plain client that waits too long for a server that
    stalls is a `ValueError`.
    """
    if is_a(client, "redis", "Redis"):
        settings = client.connection_pool.connection_kwargs
        _gives_up(settings, settings.get("retry"))
        return RedisStore(client, {}, allow_eviction=allow_eviction)
    if is_a(client, "redis", "RedisCluster"):
        _gives_up(client.nodes_manager.connection_kwargs, client.retry)
        return RedisStore(client, _PRIMARIES, allow_eviction=allow_eviction)
    if is_a(client, "redis.asyncio", "Redis"):
        return AsyncRedisStore(client, {}, allow_eviction=allow_eviction)
    if is_a(client, "redis.asyncio", "RedisCluster"):
        return AsyncRedisStore(client, _PRIMARIES, allow_eviction=allow_eviction)
    raise TypeError(
        "`client` must be a Redis or RedisCluster of the package `redis`, or of `redis.asyncio`, "
        f"not {type(client).__name__}"
    )
