"""A tiny sequential gate over an in-memory model store: it decides whole sequences.

Slow and obvious. One thread. Stores are asked as a gate asks them, one effect after the other, and
fail as they are told to (`stores.py`).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from . import devices, wire
from .admission import Delivery, Rules
from .bucket import Rate
from .conversions import Queue, not_taken
from .keys import same, signature_hash
from .payload import event_id_of, judge_payload, normalise_site, read_object, resolve
from .purge import purge
from .schemes import Verified, verify
from .session_merge import check_origin, read_statement
from .signature import Headers, Key, Refused
from .state import Data, Job, Row, Site, event_claim, signature_claim
from .statements import Keeps, spend, take_in
from .stores import ROLES, Failed, Stores

Decision = dict[str, Any]


class Gate:
    """The methods of the contract, one call after the other."""

    def __init__(self, config: dict[str, Any]) -> None:
        claim = {"ttl_s": 600, "lease_s": 30, **config.get("claim", {})}
        caps = config.get("caps", {})
        self.ttl_ms = claim["ttl_s"] * 1000
        self.lease_ms = claim["lease_s"] * 1000
        self.body_bytes_max = caps.get("body_bytes_max", 65536)
        claims_max = caps.get("claims_per_site_max", 1 << 40)
        self.rules = Rules(self.ttl_ms, self.lease_ms, claims_max)
        retention = {"calls_s": 86400, "floors_s": 3600, **config.get("retention", {})}
        self.calls_ms = retention["calls_s"] * 1000
        self.floors_ms = retention["floors_s"] * 1000
        self.stores = Stores(config.get("breaker", {}))
        self.fallback = config.get("admission_fallback") == "local"
        self.local: dict[str, Data] = {}
        self.queue = Queue(config.get("conversion", {}), self.stores, self.see)
        self.sites: dict[str, Site] = {}
        self.data: dict[str, Data] = {}
        self.seen: list[Row] = []
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
        needed = [role for role in ROLES if role != "admission" or not self.fallback]
        rest_ms = self.stores.rest(needed, now_ms)
        if rest_ms is not None:
            return wire.decision("store_resting", "replay", retry_ms=rest_ms)
        event_id = verified.id or event.event_id
        bucket = ("fingerprint", event.fingerprint, site.rate)
        known, delivery = self.delivery(site, data, verified, event_id, bucket, now_ms)
        try:
            refusal = self.ask_to_admit(delivery, now_ms)
        except Failed as failed:
            local = self.stand_in(site_id, failed)
            if local is None:
                return failed.at("replay")
            delivery = replace(delivery, data=local, bucket=local.bucket(*bucket), is_local=True)
            refusal = delivery.admit(now_ms)
        if refusal is not None:
            return refusal
        # Without an id each key's hash keeps the row single (law 3); with one the first is enough.
        hashes = known if event_id is None else known[:1]
        row = Row(event.fingerprint, hashes, event_id, now_ms, body, None, now_ms + self.calls_ms)
        return self.judge_and_record(site, data, delivery, row, now_ms)

    def delivery(
        self,
        site: Site,
        data: Data,
        verified: Verified,
        event_id: str | None,
        limit: tuple[str, str, Rate],
        now_ms: int,
    ) -> tuple[list[str], Delivery]:
        """Its hash under every claiming key; and all its names, and how long they are kept."""
        keys = self.claiming_keys(site, data, now_ms)
        known = list(dict.fromkeys(signature_hash(key, verified.content) for key in keys))
        names = [signature_claim(each) for each in known]
        keep_ms = self.ttl_ms
        if event_id is not None:
            names.append(event_claim(event_id))
            first = names[-1]
        else:
            first = signature_claim(signature_hash(site.keys[verified.key_index], verified.content))
        if verified.timestamp_s is not None:
            rest_ms = (verified.timestamp_s + site.tolerance_s) * 1000 + self.lease_ms - now_ms
            keep_ms = max(keep_ms, rest_ms)
        name, bucket = limit[0], data.bucket(*limit)
        return known, Delivery(self.rules, data, names, first, keep_ms, name, bucket)

    def ask_to_admit(self, delivery: Delivery, now_ms: int) -> Decision | None:
        self.last_write_ms = now_ms
        return self.stores.ask("admission", "admit", now_ms, lambda: delivery.admit(now_ms))

    def stand_in(self, site_id: str, failed: Failed) -> Data | None:
        """The memory of the process, while the store of `admission` rests, where it may."""
        if failed.reason != "store_resting" or not self.fallback:
            return None
        return self.local.setdefault(site_id, Data())

    def settle(self, delivery: Delivery, now_ms: int, step: Callable[[], None]) -> None:
        """By who admitted it. Where that fails, no answer of the gate changes."""
        if delivery.is_local:
            step()
            return
        with suppress(Failed):
            self.stores.ask("admission", "settle", now_ms, step)

    def judge_and_record(
        self, site: Site, data: Data, delivery: Delivery, row: Row, now_ms: int
    ) -> Decision:
        """Stages 4 to 7, and settle: by what is certain."""

        def commit(*, accepted: bool) -> None:
            keep_ms = delivery.keep_ms
            self.settle(
                delivery,
                now_ms,
                lambda: delivery.commit(
                    delivery.names, accepted=accepted, keep_ms=keep_ms, now_ms=now_ms
                ),
            )

        try:
            session, _ = self.stores.find(data, row.fingerprint, now_ms)
        except Failed as failed:
            self.settle(delivery, now_ms, delivery.release)
            return failed.at("session")
        verdict = site.granted(session, "record", now_ms)
        if verdict != "granted":
            commit(accepted=False)
            return wire.decision(verdict, "session" if verdict == "no_session" else "consent")
        convert = site.granted(session, "convert", now_ms) == "granted"
        row.job = Job(now_ms + self.queue.delay_ms) if convert else None
        try:
            known = self.stores.ask("calls", "record", now_ms, lambda: data.record(row, now_ms))
        except Failed as failed:
            if failed.unwritten:
                self.settle(delivery, now_ms, delivery.release)
            return failed.at("insert")
        commit(accepted=True)
        if known is not None:
            return wire.decision("duplicate", "insert", marketing=known.marketing)
        call_id = self.see(row)
        return wire.decision("accepted", "marketing", call_id=call_id, marketing=row.marketing)

    def see(self, row: Row) -> str:
        """Its name: an answer or a conversion shows it."""
        if row not in self.seen:
            self.seen.append(row)
        return f"$call:{self.seen.index(row) + 1}"

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
        bucket = ("admit", "", site.admit)
        _, delivery = self.delivery(site, data, verified, event_id, bucket, now_ms)
        try:
            refusal = self.ask_to_admit(delivery, now_ms)
        except Failed as failed:
            return failed.at("replay")
        if refusal is not None:
            return refusal
        if settle == "release":
            self.settle(delivery, now_ms, delivery.release)
        if settle != "commit":
            return wire.decision("uncommitted", "settle")
        # There is no row: the claims are all that keeps the event single.
        keep_ms = max(delivery.keep_ms, self.calls_ms)

        def commit(names: list[str]) -> None:
            delivery.commit(names, accepted=True, keep_ms=keep_ms, now_ms=now_ms)

        try:
            self.stores.ask("admission", "settle", now_ms, lambda: commit([delivery.first]))
        except Failed as failed:
            return failed.at("settle")
        if len(delivery.names) > 1:
            self.settle(delivery, now_ms, lambda: commit(delivery.names))
        return wire.decision("committed", "settle")

    # -- device ----------------------------------------------------------------------------------

    def device(self, site_name: str, request: devices.Request, now_ms: int) -> Decision:
        if len(request.body) > self.body_bytes_max:
            return devices.refusal("too_large")
        site_id = normalise_site(site_name)
        if site_id is None or site_id not in self.sites:
            return devices.refusal("unknown_site")
        site, used = self.sites[site_id], self.data[site_id].devices
        keep_ms = max(self.ttl_ms, 2 * site.tolerance_s * 1000 + self.lease_ms)
        try:
            verified = devices.verify(site.devices, site_id, request, site.tolerance_s, now_ms)
        except Refused as refused:
            return devices.refusal(refused.reason)
        self.last_write_ms = now_ms
        limits = devices.limits(site.devices, used, verified, request.ip_group)
        try:
            decision = self.stores.ask(
                "admission",
                "admit",
                now_ms,
                lambda: devices.let_in(used, verified, limits, keep_ms, now_ms),
            )
        except Failed as failed:
            decision = failed.at("replay")
        return {**decision, **verified.brought()}

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
        keeps = Keeps(self.ttl_ms, self.floors_ms)
        group = None if ip is None else ip_group(ip)

        def spend_locally(failed: Failed) -> Decision | None:
            local = self.stand_in(site_id, failed)
            return failed.at("rate_limit") if local is None else spend(site, local, group, now_ms)

        return take_in(self.stores, site, data, statement, group, keeps, spend_locally, now_ms)

    # -- confirm_sale and erase ----------------------------------------------------------------

    def confirm_sale(self, site_name: str, call_id: str, now_ms: int) -> Decision:
        site_id = normalise_site(site_name)
        assert site_id is not None and site_id in self.sites, "not pinned for unknown sites"
        site, data = self.sites[site_id], self.data[site_id]
        row = self.row_of(call_id)
        stage = "call"
        try:
            found = self.stores.ask("calls", "find", now_ms, lambda: data.has(row, now_ms))
            if row is None or not found:
                return wire.decision("not_found", "call")
            stage = "session"
            session, _ = self.stores.find(data, row.fingerprint, now_ms)
            verdict = site.granted(session, "convert", now_ms)
            if verdict != "granted":
                stage = "session" if verdict == "no_session" else "consent"
                return wire.decision("skipped", stage, marketing="skipped")
            stage = "enqueue"
            is_new = self.stores.ask("calls", "enqueue", now_ms, lambda: self.enqueue(row, now_ms))
        except Failed as failed:
            return failed.at(stage)
        reason = "enqueued" if is_new else "already_enqueued"
        return wire.decision(reason, "enqueue", marketing="enqueued")

    def row_of(self, call_id: str) -> Row | None:
        number = call_id.removeprefix("$call:")
        return self.seen[int(number) - 1] if number != call_id else None

    def enqueue(self, row: Row, now_ms: int) -> bool:
        """One queue entry a call, ever."""
        if row.job is not None:
            return False
        row.job = Job(now_ms + self.queue.delay_ms)
        row.until_ms = max(row.until_ms, now_ms + self.calls_ms)
        return True

    def erase(self, site_name: str, fingerprint: str, now_ms: int) -> Decision:
        site_id = normalise_site(site_name)
        assert site_id is not None and site_id in self.data, "not pinned for sites never seen"
        data = self.data[site_id]
        self.last_write_ms = now_ms
        try:
            session, floor_ms = self.stores.find(data, fingerprint, now_ms)
            dated = [now_ms] if session is None else [now_ms, session.changed_at_ms]
            at_ms = max(dated if floor_ms is None else [*dated, floor_ms])
            self.stores.ask("sessions", "delete", now_ms, lambda: data.delete(fingerprint, at_ms))
            self.stores.ask("calls", "erase", now_ms, lambda: data.erase(fingerprint, at_ms))
        except Failed as failed:
            return failed.at("erase")
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
        return purge(list(self.data.values()), self.stores, limit, self.last_write_ms, now_ms)


def ip_group(ip: str) -> str:
    """IPv4, also when mapped into IPv6, by address; other IPv6 by /64 (field 33)."""
    address = ipaddress.ip_address(ip)
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((int(address) >> 64 << 64, 64)))
    return str(address)
