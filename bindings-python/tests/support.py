"""What several tests share: vectors, times, configurations, signed events."""

from __future__ import annotations

import asyncio
import json
import math
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any, TypeAlias

from consentgate import AsyncGate, Conversion, Decision, Gate, Verified, sign

Json: TypeAlias = dict[str, Any]

VECTORS = Path(__file__).parents[2] / "conformance" / "vectors"
SECRET = "whsec_fMmSxQofOmJpKSBHv4PcGmHSpqlKvJe648mnabUNLzs="
HASH_SECRET = "whsec_5kVzCXeOjogXC23QIRyEOmzrVkvo13mhzCUTPnPOQYI="
ORIGIN = "https://acme.example"
NOW = 1_700_000_000
BODY = b'{"fingerprint":"f"}'


def cases(name: str) -> list[Json]:
    """The cases of a file, all of them."""
    file = json.loads((VECTORS / f"{name}.json").read_bytes())
    found: list[Json] = file["cases"]
    assert set(file) == {"about", "count", "cases"}
    assert len({case["name"] for case in found}) == file["count"] == len(found)
    return found


def seconds(ms: int) -> float:
    """The least number of seconds that is cut to `ms`."""
    if ms % 1000 == 0:
        return ms // 1000
    cut = ms / 1000
    while int(cut * 1000) < ms:
        cut = math.nextafter(cut, math.inf)
    return cut


def raw(headers: list[list[str]]) -> list[tuple[str, bytes]]:
    return [(name, b64decode(value)) for name, value in headers]


def config(**more: Any) -> Json:
    site = {"keys": [{"id": "k1", "secret": SECRET}], "origins": [ORIGIN], **more.pop("site", {})}
    return {"sites": {"acme": site}, **more}


def host_config(**more: Any) -> Json:
    """For stores of the host's: every process must give a person the same name."""
    return config(hash_secret=HASH_SECRET, **more)


def statement(*scopes: str, fingerprint: str = "f", at: str = "2023-11-14T22:00:00Z") -> bytes:
    body = {"fingerprint": fingerprint, "consent_scopes": scopes, "consent_at": at}
    return json.dumps(body).encode()


def event(id: str = "e1", body: bytes = BODY, at: float = NOW) -> dict[str, str]:
    """The headers of a signed event."""
    return sign("standard-webhooks", SECRET, body, id=id, now=at)


def consented(gate: Gate) -> Gate:
    headers = {"origin": ORIGIN}
    decision = gate.sync_session("acme", headers, statement("analytics", "marketing"), now=NOW)
    assert decision.outcome == "accepted", decision
    return gate


def call(gate: Gate | AsyncGate, method: str, /, *args: Any, **named: Any) -> Decision:
    """A decision by either form of the gate."""
    if isinstance(gate, Gate):
        decided: Decision = getattr(gate, method)(*args, **named)
        return decided

    async def wait() -> Decision:
        waited: Decision = await getattr(gate, method)(*args, **named)
        return waited

    return asyncio.run(wait())


def admitted(gate: Gate | AsyncGate, settle: str | None, *args: Any, **named: Any) -> Decision:
    """What an admission comes to, when the host's own work ends like that, or is cut off."""
    if isinstance(gate, Gate):
        admission = gate.admit(*args, **named)
        if admission.admitted:
            assert (admission.decision.reason, admission.decision.status) == ("uncommitted", 503)
            assert settle is None or getattr(admission, settle)() is admission.decision
        return admission.decision

    async def settled() -> Decision:
        admission = await gate.admit(*args, **named)
        if admission.admitted:
            assert (admission.decision.reason, admission.decision.status) == ("uncommitted", 503)
            assert settle is None or await getattr(admission, settle)() is admission.decision
        return admission.decision

    return asyncio.run(settled())


def perform(gate: Gate | AsyncGate, step: Json, **named: Any) -> Decision | None:
    """A step of the sequences and transcripts; the `job` of one is a conversion."""
    do = step["do"]
    if do == "finish_conversion":
        if step["retry_in_ms"] is not None:
            named["retry_in_s"] = seconds(step["retry_in_ms"])
        return call(gate, do, step["job"], step["result"], **named)
    if do == "purge":
        return call(gate, do, step["limit"], **named)
    site = step["site"]
    if do == "take_conversions":
        return call(gate, do, site, step["limit"], **named)
    if do == "set_site":
        gate.set_site(site, step["site_config"])
        return None
    if do == "remove_site":
        gate.remove_site(site)
        return None
    if do == "admit":
        args = raw(step["headers"]), b64decode(step["body_b64"])
        return admitted(gate, step["settle"], site, *args, **named)
    if do == "device":
        named |= {name: step[name] for name in ("site", "method", "url", "ip")}
        return call(gate, do, raw(step["headers"]), b64decode(step["body_b64"]), **named)
    if do in ("call_event", "sync_session"):
        if do == "sync_session":
            named["ip"] = step["ip"]
        return call(gate, do, site, raw(step["headers"]), b64decode(step["body_b64"]), **named)
    return call(gate, do, site, step["call_id" if do == "confirm_sale" else "fingerprint"], **named)


class Calls:
    """Call ids in the order in which they are first seen: `$call:1`, `$call:2`.

    And the conversions that were handed out, in order.
    """

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.jobs: list[Conversion] = []

    def name(self, decision: Decision) -> str:
        body = decision.body.decode()
        call_id = json.loads(body or "{}").get("call_id")
        if call_id is None:
            return body
        assert call_id == decision.call_id
        if call_id not in self.seen:
            self.seen.append(call_id)
        return body.replace(call_id, f"$call:{self.seen.index(call_id) + 1}")

    def meet(self, decision: Decision) -> None:
        """A conversion may show an id before any answer did: its call's answer was lost."""
        new = [job.call_id for job in decision.conversions if job.call_id not in self.seen]
        self.seen += dict.fromkeys(new)

    def name_of(self, call_id: str) -> str:
        """An id that no decision made up is itself."""
        return f"$call:{self.seen.index(call_id) + 1}" if call_id in self.seen else call_id

    def bind(self, step: Json) -> Json:
        if step["do"] == "finish_conversion":
            return {**step, "job": self.jobs[step["job"]]}
        call_id = step.get("call_id", "")
        if not call_id.startswith("$call:"):
            return step
        return {**step, "call_id": self.seen[int(call_id.removeprefix("$call:")) - 1]}


def shown(decision: Decision, calls: Calls) -> Json:
    """A decision as the vectors spell it; the conversions that it brings are kept."""
    told: Json = {
        "outcome": decision.outcome,
        "stage": decision.stage,
        "reason": decision.reason,
        "status": decision.status,
        "headers": [list(pair) for pair in decision.headers.items()],
        "body": calls.name(decision),
        "marketing": decision.marketing,
        "retry_after": decision.retry_after,
    }
    if decision.flow == "take_conversions":
        calls.jobs += decision.conversions
        told["conversions"] = [conversion(job, calls) for job in decision.conversions]
        told["cancelled"] = decision.cancelled
    if decision.flow == "device":
        told["device_id"], told["key_id"] = decision.device_id, decision.key_id
    if decision.flow == "purge":
        told["removed"] = decision.removed
    return told


def conversion(job: Conversion, calls: Calls) -> Json:
    """A conversion as the vectors spell it."""
    return {
        "call_id": calls.name_of(job.call_id),
        "fingerprint": job.fingerprint,
        "event_id": job.event_id,
        "received_at_ms": round(job.received_at * 1000),
        "body_b64": b64encode(job.body).decode(),
        "attempts": job.attempts,
    }


def check_verified(verified: Verified | None, expect: Json) -> None:
    """Holds what `verify` found against what a vector expects."""
    if not expect["ok"]:
        assert verified is None
        return
    assert verified is not None
    found = {"id": verified.id, "timestamp_s": verified.timestamp, "key_index": verified.key_index}
    assert {"ok": True, **found} == expect
