"""The scaffolding of sequences.json: a gate, a clock, and the steps written down."""

from __future__ import annotations

from typing import Any

from oracle.devices import Request
from oracle.gate import Gate, ip_group

from .common import (
    NOW_MS,
    ORIGIN,
    Collector,
    Pairs,
    b64,
    compact,
    pairs_json,
    private_of,
    public_of,
    secret_of,
    signed_headers,
)
from .sync_cases import at

A, M = "analytics", "marketing"
K1, K2, K3, OTHER = (secret_of(label) for label in ("a", "b", "c", "other site"))

P1, P2 = (private_of(label) for label in ("a", "b"))
Q1, Q2 = (public_of(label) for label in ("a", "b"))


def site(*secrets: str, **more: Any) -> dict[str, Any]:
    """A site with the keys given; the same secret always has the same key id."""
    names = {K1: "k1", K2: "k2", K3: "k3", OTHER: "o1", Q1: "q1", Q2: "q2"}
    keys = [{"id": names[s], "secret": s} for s in secrets or (K1,)]
    return {"keys": keys, "origins": [ORIGIN], **more}


class Run:
    """One sequence. `s` and `ms` below are times from NOW_MS on."""

    def __init__(self, config: dict[str, Any] | None = None, **acme: Any) -> None:
        self.config = config or {"sites": {"acme": site(**acme)}}
        self.gate = Gate(self.config)
        self.now_ms = NOW_MS
        self.steps: list[dict[str, Any]] = []

    def at_s(self, s: float) -> Run:
        self.now_ms = NOW_MS + round(s * 1000)
        return self

    def put(self, do: str, args: dict[str, Any], expect: dict[str, Any] | None,
            want: str | None) -> None:
        if want is not None and expect is not None:
            got = f"{expect['reason']}@{expect['stage']}"
            if want not in (got, expect["reason"]):
                raise AssertionError(f"step {len(self.steps)}: {got}, the case says {want}")
        self.steps.append({"do": do, **args, "now_ms": self.now_ms, "expect": expect})

    def call(self, want: str | None, event_id: str = "e1", *, sent_s: int = 0,
             keys: tuple[str, ...] = (K1,), who: str = "f", name: str = "acme",
             headers: Pairs | None = None, body: bytes | None = None) -> None:
        """An event signed at `sent_s`; want is `reason` or `reason@stage`."""
        body = compact({"fingerprint": who}) if body is None else body
        if headers is None:
            headers = signed_headers(list(keys), event_id, NOW_MS // 1000 + sent_s, body)
        decision = self.gate.call_event(name, headers, body, self.now_ms)
        self.put("call_event", {"site": name, "headers": pairs_json(headers),
                                "body_b64": b64(body)}, decision, want)

    def admit(self, want: str | None, event_id: str = "e1", *, settle: str | None = "commit",
              sent_s: int = 0, keys: tuple[str, ...] = (K1,), name: str = "acme",
              headers: Pairs | None = None, body: bytes = b"a=b") -> None:
        """An event for the host's own work, which ends at once; without `settle` by a crash."""
        if headers is None:
            headers = signed_headers(list(keys), event_id, NOW_MS // 1000 + sent_s, body)
        decision = self.gate.admit(name, headers, body, settle, self.now_ms)
        self.put("admit", {"site": name, "headers": pairs_json(headers), "body_b64": b64(body),
                           "settle": settle}, decision, want)

    def device(self, name: str, value: str, method: str, url: str, body: bytes,
               ip: str | None) -> None:
        """A device's request, whatever comes of it."""
        headers: Pairs = [("X-Device-Auth", value.encode())]
        group = None if ip is None else ip_group(ip)
        decision = self.gate.device(name, Request(headers, method, url, body, group), self.now_ms)
        self.put("device", {"site": name, "method": method, "url": url,
                            "headers": pairs_json(headers), "body_b64": b64(body), "ip": ip},
                 decision, None)

    def sync(self, want: str | None, scopes: list[str], at_ms: int = -1000, *, who: str = "f",
             name: str = "acme", headers: Pairs | None = None, ip: str | None = None,
             body: bytes | None = None, **more: Any) -> None:
        body = body or compact({"fingerprint": who, "consent_scopes": scopes,
                                "consent_at": at(at_ms), **more})
        headers = [("origin", ORIGIN.encode())] if headers is None else headers
        decision = self.gate.sync_session(name, headers, body, ip, self.now_ms)
        self.put("sync_session", {"site": name, "headers": pairs_json(headers),
                                  "body_b64": b64(body), "ip": ip}, decision, want)

    def sale(self, want: str | None, call_id: str = "$call:1", name: str = "acme") -> None:
        decision = self.gate.confirm_sale(name, call_id, self.now_ms)
        self.put("confirm_sale", {"site": name, "call_id": call_id}, decision, want)

    def take(self, *want: tuple[int, int] | None, cancelled: int = 0, limit: int = 10,
             name: str = "acme", reason: str | None = "taken@take") -> None:
        """`want`: number of the call and attempts of each conversion, in order; or one `None`."""
        decision = self.gate.take_conversions(name, limit, self.now_ms)
        jobs = decision["conversions"]
        got = [(int(job["call_id"].removeprefix("$call:")), job["attempts"]) for job in jobs]
        if want == (None,):
            reason = None
        elif (got, decision["cancelled"]) != (list(want), cancelled):
            raise AssertionError(f"step {len(self.steps)}: {got}, {decision['cancelled']}")
        shown = [{**{k: v for k, v in job.items() if k != "body"}, "body_b64": b64(job["body"])}
                 for job in jobs]
        self.put("take_conversions", {"site": name, "limit": limit},
                 {**decision, "conversions": shown}, reason)

    def finish(self, want: str | None, result: str, job: int = 0,
               retry_in_ms: int | None = None) -> None:
        """`job` is the conversion's place among all that the steps before handed out."""
        decision = self.gate.finish_conversion(job, result, retry_in_ms, self.now_ms)
        self.put("finish_conversion", {"job": job, "result": result, "retry_in_ms": retry_in_ms},
                 decision, want and f"{want}@finish")

    def purge(self, want: int | None, limit: int = 1000) -> None:
        decision = self.gate.purge(limit, self.now_ms)
        if want not in (None, decision["removed"]):
            raise AssertionError(f"step {len(self.steps)}: {decision['removed']} dropped")
        self.put("purge", {"limit": limit}, decision, "purged@purge")

    def erase(self, who: str = "f", name: str = "acme") -> None:
        decision = self.gate.erase(name, who, self.now_ms)
        self.put("erase", {"site": name, "fingerprint": who}, decision, "erased")

    def set_site(self, config: dict[str, Any], name: str = "acme") -> None:
        self.gate.set_site(name, config, self.now_ms)
        self.put("set_site", {"site": name, "site_config": config}, None, None)

    def remove_site(self, name: str = "acme") -> None:
        self.gate.remove_site(name, self.now_ms)
        self.put("remove_site", {"site": name}, None, None)


out = Collector(
    "Sequences against one gate with every role in memory and its clock set to each step's "
    "`now_ms`. `$call:N` is the N-th call id seen, bound at first sight. `job` counts the "
    "conversions that the steps before handed out, from 0."
)
BOTH = [A, M]


def done(name: str, note: str, run: Run) -> None:
    out.add(name, note, config=run.config, steps=run.steps)


def consented(config: dict[str, Any] | None = None, **acme: Any) -> Run:
    """A gate whose person `f` consented to everything a second ago."""
    run = Run(config, **acme)
    run.sync("stored@store", BOTH)
    return run
