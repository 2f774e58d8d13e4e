"""The types of the package say what the core says."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from consentgate import Gate, _native, stores, types

from .support import BODY, NOW, ORIGIN, Json, event, host_config, statement
from .test_vectors_wire import CALL_ID, REPLIES


def names(alias: Any) -> set[str]:
    """The texts in a union of literals."""
    parts = get_args(alias)
    return set().union(*({part} if isinstance(part, str) else names(part) for part in parts))


@pytest.mark.parametrize(
    ("alias", "table"),
    [
        (types.Flow, _native.FLOWS),
        (types.Marketing, _native.MARKETING),
        (types.Outcome, _native.OUTCOMES),
        (types.Reason, _native.REASONS),
        (types.Stage, _native.STAGES),
        (types.Role, stores.METHODS),
        (types.Scheme, _native.SCHEMES),
        (types.Operation, _native.OPERATIONS),
        (types.Severity, _native.SEVERITIES),
        (types.SubjectKind, _native.SUBJECTS),
        (types.ViolationKind, _native.VIOLATIONS),
        (types.AuditOutcome, _native.AUDIT_OUTCOMES),
    ],
)
def test_names_are_the_core_s(alias: Any, table: Any) -> None:
    assert names(alias) == set(table)


REQUESTS: dict[tuple[str, str], Any] = {
    ("admission", "admit"): stores.Admit,
    ("sessions", "find"): stores.FindSession,
    ("sessions", "put"): stores.PutSession,
    ("sessions", "delete"): stores.DeleteSession,
    ("calls", "record"): stores.Record,
    ("calls", "find"): stores.FindCall,
    ("calls", "enqueue"): stores.Enqueue,
    ("calls", "erase"): stores.EraseCalls,
}


class Asked:
    """Remembers what each method was asked."""

    def __init__(self) -> None:
        self.requests: dict[tuple[str, str], Json] = {}

    def view(self, role: str) -> object:
        class View:
            store = self

        for name, reply in REPLIES.items():
            own, method = name.split(".")
            if own == role:

                def answer(
                    request: Json, timeout_s: float, key: Any = (role, method), reply: Any = reply
                ) -> Any:
                    self.requests[key] = request
                    return reply

                setattr(View, method, staticmethod(answer))
        return View()


def test_requests_are_as_typed() -> None:
    asked = Asked()
    gate = Gate(host_config(), {role: asked.view(role) for role in stores.METHODS})
    assert gate.call_event("acme", event(), BODY, now=NOW).outcome == "accepted"
    assert set(asked.requests["admission", "settle"]) == stores.Commit.__required_keys__
    gate.sync_session("acme", {"origin": ORIGIN}, statement("analytics"), now=NOW)
    gate.confirm_sale("acme", CALL_ID, now=NOW)
    gate.erase("acme", "f", now=NOW)
    assert set(asked.requests) == {*REQUESTS, ("admission", "settle")}
    for key, typed in REQUESTS.items():
        assert set(asked.requests[key]) == typed.__required_keys__, key
    put = asked.requests["sessions", "put"]
    assert set(put["session"]) == stores.Session.__required_keys__
    assert set(put["idempotency"]) == stores.Idempotency.__required_keys__
    tombstone = asked.requests["calls", "erase"]["tombstone"]
    assert set(tombstone) == stores.Floor.__required_keys__
    (bucket,) = asked.requests["admission", "admit"]["buckets"]
    assert set(bucket) == stores.Bucket.__required_keys__
    assert asked.requests["calls", "record"]["body"] == BODY
