"""A tiny sequential gate over an in-memory model store: it decides whole sequences.

Slow and obvious. One thread, no failures: what fails is told by the transcripts instead.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from . import devices, wire
from .bucket import Bucket, take_all
from .conversions import Queue, not_taken
from .keys import same, signature_hash
from .payload import event_id_of, judge_payload, normalise_site, read_object, resolve
from .purge import purge
from .schemes import Verified, verify
from .session_merge import Merged, Statement, check_origin, covers, merge, read_statement
from .signature import Headers, Key, Refused
from .state import Data, Done, Held, Job, Row, Site, event_claim, signature_claim

Decision = dict[str, Any]

# Longer than 13 calendar months.
LONGEST_CONSENT_MS = 403 * 86_400_000


class Gate:
    """The methods of the contract, one call after the other."""

    def __init__(self, config: dict[str, Any]) -> None:
        claim = {"ttl_s": 600, "lease_s": 30, **config.get("claim", {})}
        caps = config.get("caps", {})
        self.ttl_ms = claim["ttl_s"] * 1000
        self.lease_ms = claim["lease_s"] * 1000
        self.body_bytes_max = caps.get("body_bytes_max", 65536)
        self.claims_per_site_max = caps.get("claims_per_site_max", 1 << 40)
        retention = {"calls_s": 86400, "floors_s": 3600, **config.get("retention", {})}
        self.calls_ms = retention["calls_s"] * 1000
        self.floors_ms = retention["floors_s"] * 1000
        self.queue = Queue(config.get("conversion", {}))
        self.sites: dict[str, Site] = {}
        self.data: dict[str, Data] = {}
        self.calls_seen = 0
        self.last_write_ms = 0
        for name, site in config["sites"].items():
            self.set_site(name, site, 0)

    # -- sites ---------------------------------------------------------------------------------

    def set_site(self, name: str, config: dict[str, Any], now_ms: int) -> None:
        """A key that is no longer listed goes on claiming: it verifies nothing, opens nothing."""
        site_id = normalise_site(name)
        assert site_id is not None
        new = Site.of(config)
        self.retire(site_id, now_ms)
        data = self.data.setdefault(site_id, Data())
        listed = [same(key) for key in new.keys]
        data.retired = [(key, at) for key, at in data.retired if same(key) not in listed]
        self.sites[site_id] = new

    def remove_site(self, name: str, now_ms: int) -> None:
        site_id = normalise_site(name)
        assert site_id is not None
        self.retire(site_id, now_ms)
        self.sites.pop(site_id, None)

    def retire(self, site_id: str, now_ms: int) -> None:
        if site_id in self.sites:
            for key in self.sites[site_id].keys:
                self.data[site_id].retired.append((key, now_ms))

    def claiming_keys(self, site: Site, data: Data, now_ms: int) -> list[Key]:
        for_ms = max(self.ttl_ms, 2 * site.tolerance_s * 1000 + self.lease_ms)
        retired = [key for key, at_ms in data.retired if now_ms - at_ms < for_ms]
        return site.keys + retired

    # -- call_event ----------------------------------------------------------------------------

    def call_event(self, site_name: str, headers: Headers, body: bytes, now_ms: int) -> Decision:
        if len(body) > self.body_bytes_max:
            return wire.decision("too_large", "signature")
        site_id = normalise_site(site_name)
        if site_id is None or site_id not in self.sites:
            return wire.decision("unknown_site", "signature")
        site, data = self.sites[site_id], self.data[site_id]
        try:
            verified = verify(site.scheme, site.keys, headers, body, site.tolerance_s, now_ms)
        except Refused as refused:
            return wire.decision(refused.reason, "signature")
        try:
            event = judge_payload(site_id, site.pointer, body, site.event_id_pointer)
        except Refused as refused:
            return wire.decision(refused.reason, "payload")
        fingerprint, event_id = event.fingerprint, verified.id or event.event_id
        known, names, keep_ms = self.names_of(site, data, verified, event_id, now_ms)
        bucket = data.bucket("fingerprint", fingerprint, site.rate)
        refusal = self.let_in(data, names, "fingerprint", bucket, keep_ms, now_ms)
        if refusal is not None:
            return refusal
        # Without an id each key's hash keeps the row single (law 3); with one the first is enough.
        hashes = known if event_id is None else known[:1]
        decision = self.judge_and_record(site, data, fingerprint, hashes, event_id, body, now_ms)
        accepted = decision["reason"] in ("accepted", "duplicate")
        for name in names:
            data.claims[name] = Done(accepted, now_ms + keep_ms)
        return decision

    def names_of(
        self, site: Site, data: Data, verified: Verified, event_id: str | None, now_ms: int
    ) -> tuple[list[str], list[str], int]:
        """Its hash under every claiming key, all its names, and how long they are kept."""
        keys = self.claiming_keys(site, data, now_ms)
        known = list(dict.fromkeys(signature_hash(key, verified.content) for key in keys))
        names = [signature_claim(each) for each in known]
        keep_ms = self.ttl_ms
        if event_id is not None:
            names.append(event_claim(event_id))
        if verified.timestamp_s is not None:
            rest_ms = (verified.timestamp_s + site.tolerance_s) * 1000 + self.lease_ms - now_ms
            keep_ms = max(keep_ms, rest_ms)
        return known, names, keep_ms

    def let_in(
        self, data: Data, names: list[str], limit: str, bucket: Bucket, keep_ms: int, now_ms: int
    ) -> Decision | None:
        """Replay first, then the bucket; all or nothing. `None` is: go on."""
        self.last_write_ms = now_ms
        live = {n: c for n, c in data.claims.items() if now_ms < c.until_ms}
        met = [live[name] for name in names if name in live]
        done = [claim for claim in met if isinstance(claim, Done)]
        held = [claim for claim in met if isinstance(claim, Held)]
        if done:
            for claim in done:
                claim.until_ms = max(claim.until_ms, now_ms + keep_ms)
            if any(claim.accepted for claim in done):
                return wire.decision("duplicate", "replay")
            return wire.decision("refused_before", "replay")
        rest_ms = max((claim.lease_until_ms - now_ms for claim in held), default=0)
        if rest_ms > 0:
            return wire.decision("in_flight", "replay", retry_ms=rest_ms)
        if len(live) + len(names) > self.claims_per_site_max:
            return wire.decision("overloaded", "replay")
        # A takeover spends no token.
        retry_ms = 0 if held else take_all([bucket], now_ms)
        if retry_ms == 0:
            return None
        return wire.decision(
            "rate_limited", "rate_limit", retry_ms=retry_ms, limit_name=limit, rate=bucket.rate
        )

    # -- admit ---------------------------------------------------------------------------------

    def admit(
        self, site_name: str, headers: Headers, body: bytes, settle: str | None, now_ms: int
    ) -> Decision:
        """The work ends at once: by `commit`, by `release`, or, without a `settle`, by a crash."""
        if len(body) > self.body_bytes_max:
            return wire.decision("too_large", "signature")
        site_id = normalise_site(site_name)
        if site_id is None or site_id not in self.sites:
            return wire.decision("unknown_site", "signature")
        site, data = self.sites[site_id], self.data[site_id]
        try:
            verified = verify(site.scheme, site.keys, headers, body, site.tolerance_s, now_ms)
        except Refused as refused:
            return wire.decision(refused.reason, "signature")
        event_id = verified.id
        if site.event_id_pointer is not None:
            try:
                event_id = event_id_of(resolve(read_object(body), site.event_id_pointer))
            except Refused as refused:
                return wire.decision(refused.reason, "payload")
        _, names, keep_ms = self.names_of(site, data, verified, event_id, now_ms)
        bucket = data.bucket("admit", "", site.admit)
        refusal = self.let_in(data, names, "admit", bucket, keep_ms, now_ms)
        if refusal is not None:
            return refusal
        if settle == "commit":
            # There is no row: the claims are all that keeps the event single.
            until_ms = now_ms + max(keep_ms, self.calls_ms)
            data.claims.update((name, Done(True, until_ms)) for name in names)
            return wire.decision("committed", "settle")
        data.claims.update(
            (name, Held(now_ms + self.lease_ms, now_ms + keep_ms)) for name in names
        )
        if settle == "release":
            for name in names:
                del data.claims[name]
            bucket.refund()
        return wire.decision("uncommitted", "settle")

    def judge_and_record(
        self,
        site: Site,
        data: Data,
        fingerprint: str,
        signature_hashes: list[str],
        event_id: str | None,
        body: bytes,
        now_ms: int,
    ) -> Decision:
        session = data.sessions.get(fingerprint)
        verdict = site.granted(session, "record", now_ms)
        if verdict != "granted":
            return wire.decision(verdict, "session" if verdict == "no_session" else "consent")
        for row in data.live_rows(now_ms):
            same_id = event_id is not None and row.event_id == event_id
            if same_id or not set(signature_hashes).isdisjoint(row.signature_hashes):
                return wire.decision("duplicate", "insert", marketing=row.marketing)
        convert = site.granted(session, "convert", now_ms) == "granted"
        self.calls_seen += 1
        call_id = f"$call:{self.calls_seen}"
        job = Job(now_ms + self.queue.delay_ms) if convert else None
        row = Row(
            call_id,
            fingerprint,
            signature_hashes,
            event_id,
            now_ms,
            body,
            job,
            now_ms + self.calls_ms,
        )
        data.rows[call_id] = row
        return wire.decision("accepted", "marketing", call_id=call_id, marketing=row.marketing)

    # -- device ----------------------------------------------------------------------------------

    def device(self, site_name: str, request: devices.Request, now_ms: int) -> Decision:
        if len(request.body) > self.body_bytes_max:
            return devices.refusal("too_large")
        site_id = normalise_site(site_name)
        if site_id is None or site_id not in self.sites:
            return devices.refusal("unknown_site")
        site, used = self.sites[site_id], self.data[site_id].devices
        self.last_write_ms = now_ms
        keep_ms = max(self.ttl_ms, 2 * site.tolerance_s * 1000 + self.lease_ms)
        return devices.decide(
            site.devices, used, site_id, request, site.tolerance_s, keep_ms, now_ms
        )

    # -- sync_session --------------------------------------------------------------------------

    def sync_session(
        self, site_name: str, headers: Headers, body: bytes, ip: str | None, now_ms: int
    ) -> Decision:
        if len(body) > self.body_bytes_max:
            return wire.decision("too_large", "origin")
        site_id = normalise_site(site_name)
        if site_id is None or site_id not in self.sites:
            return wire.decision("unknown_site", "origin")
        site, data = self.sites[site_id], self.data[site_id]
        try:
            check_origin(site.origins, headers)
        except Refused as refused:
            return wire.decision(refused.reason, "origin")
        try:
            statement = read_statement(body, headers, site.consent)
        except Refused as refused:
            return wire.decision(refused.reason, "statement")
        self.last_write_ms = now_ms
        stored = data.sessions.get(statement.fingerprint)
        floor_ms = data.floor_ms(statement.fingerprint, now_ms)
        merged = merge(stored, floor_ms, statement, site.consent, site.tolerance_s, now_ms)
        if not covers(statement, site.consent):
            self.write(data, statement, merged, now_ms, leaves_key=False)
            return wire.decision("refused", "statement")
        limits = [("site", site.sync_site, data.bucket("site", "", site.sync_site))]
        if ip is not None:
            limits.append(("ip", site.sync_ip, data.bucket("ip", ip_group(ip), site.sync_ip)))
        waits = [bucket.retry_ms(now_ms) for _, _, bucket in limits]
        retry_ms = take_all([bucket for _, _, bucket in limits], now_ms)
        if retry_ms > 0:
            if merged.takes_away:
                self.write(data, statement, merged, now_ms, leaves_key=False)
            name, rate, _ = limits[waits.index(retry_ms)]
            return wire.decision(
                "rate_limited", "rate_limit", retry_ms=retry_ms, limit_name=name, rate=rate
            )
        self.write(data, statement, merged, now_ms, leaves_key=True)
        return wire.decision("stored", "store")

    def write(
        self, data: Data, statement: Statement, merged: Merged, now_ms: int, *, leaves_key: bool
    ) -> None:
        """A grant met again changes nothing, unless it takes something away."""
        known = now_ms < data.statements.get(statement, 0)
        if leaves_key and known and not merged.takes_away:
            return
        if leaves_key:
            ahead_ms = max(0, statement.consent_at_ms - now_ms)
            data.statements[statement] = now_ms + min(self.ttl_ms + ahead_ms, LONGEST_CONSENT_MS)
        who = statement.fingerprint
        if merged.session is not None:
            data.sessions[who] = merged.session
        if merged.floor_at_ms is not None:
            at_ms, until_ms = data.floors.get(who, (-1, 0))
            if now_ms >= until_ms or merged.floor_at_ms >= at_ms:
                data.floors[who] = (merged.floor_at_ms, now_ms + self.floors_ms)

    # -- confirm_sale and erase ----------------------------------------------------------------

    def confirm_sale(self, site_name: str, call_id: str, now_ms: int) -> Decision:
        site_id = normalise_site(site_name)
        assert site_id is not None and site_id in self.sites, "not pinned for unknown sites"
        site, data = self.sites[site_id], self.data[site_id]
        row = next((row for row in data.live_rows(now_ms) if row.call_id == call_id), None)
        if row is None:
            return wire.decision("not_found", "call")
        verdict = site.granted(data.sessions.get(row.fingerprint), "convert", now_ms)
        if verdict != "granted":
            stage = "session" if verdict == "no_session" else "consent"
            return wire.decision("skipped", stage, marketing="skipped")
        if row.job is not None:
            return wire.decision("already_enqueued", "enqueue", marketing="enqueued")
        row.job = Job(now_ms + self.queue.delay_ms)
        row.until_ms = max(row.until_ms, now_ms + self.calls_ms)
        return wire.decision("enqueued", "enqueue", marketing="enqueued")

    def erase(self, site_name: str, fingerprint: str, now_ms: int) -> Decision:
        site_id = normalise_site(site_name)
        assert site_id is not None and site_id in self.data, "not pinned for sites never seen"
        data = self.data[site_id]
        session, floor_ms = data.sessions.get(fingerprint), data.floor_ms(fingerprint, now_ms)
        dated = [now_ms] if session is None else [now_ms, session.changed_at_ms]
        data.tombstones[fingerprint] = max(dated if floor_ms is None else [*dated, floor_ms])
        data.sessions.pop(fingerprint, None)
        self.last_write_ms = now_ms
        data.rows = {i: row for i, row in data.rows.items() if row.fingerprint != fingerprint}
        return wire.decision("erased", "erase")

    # -- the queue's consumer, and purge -------------------------------------------------------

    def take_conversions(self, site_name: str, limit: int, now_ms: int) -> Decision:
        site_id = normalise_site(site_name)
        if site_id is None or site_id not in self.sites:
            return not_taken("unknown_site", "take")
        return self.queue.take(self.sites[site_id], self.data[site_id], limit, now_ms)

    def finish_conversion(
        self, job: int, result: str, retry_in_ms: int | None, now_ms: int
    ) -> Decision:
        """The site need not be configured any more."""
        return self.queue.finish(job, result, retry_in_ms, now_ms)

    def purge(self, limit: int, now_ms: int) -> Decision:
        return purge(list(self.data.values()), limit, self.last_write_ms, now_ms)


def ip_group(ip: str) -> str:
    """IPv4, also when mapped into IPv6, by address; other IPv6 by /64 (field 33)."""
    address = ipaddress.ip_address(ip)
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((int(address) >> 64 << 64, 64)))
    return str(address)
