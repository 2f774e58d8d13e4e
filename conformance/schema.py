"""The JSON Schema of the vector files, `vectors.schema.json`: a definition for each file.

Every object is closed: a member that nobody consumes is a check that is not made. A new flow is a
new entry of STEPS; a new file is a new entry of CASES.
"""

from __future__ import annotations

import json
from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
POSITIVE: Schema = {"type": "integer", "minimum": 1}
BASE64 = "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"


def ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def null_or(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def one_of(*schemas: Schema) -> Schema:
    return {"oneOf": list(schemas)}


def array(items: Schema, **more: Any) -> Schema:
    return {"type": "array", "items": items, **more}


def pairs(name: Schema, value: Schema, description: str) -> Schema:
    pair = {"type": "array", "prefixItems": [name, value], "minItems": 2, "maxItems": 2}
    return array(pair, description=description)


def closed(members: Schema, optional: Schema | None = None) -> Schema:
    """An object of these members, of which the optional ones may be missing, and of no others."""
    return {
        "type": "object",
        "properties": {**members, **(optional or {})},
        "required": sorted(members),
        "additionalProperties": False,
    }


def case(members: Schema, optional: Schema | None = None) -> Schema:
    named = {"type": "string", "minLength": 1}
    return closed({"name": named, "note": named, **members}, optional)


def refused(*reasons: str) -> Schema:
    return closed({"ok": {"const": False}, "reason": {"enum": list(reasons)}})


COUNT, BYTES, CODE = ref("count"), ref("base64"), ref("code")
REQUEST = {"headers": ref("headers_in"), "body_b64": BYTES}
VERIFY = {"secrets": array(TEXT, minItems=1), **REQUEST, "now_ms": COUNT, "tolerance_s": COUNT}
SIGNATURE = ("malformed_header", "bad_signature", "stale_timestamp", "future_timestamp")
PAYLOAD = (
    *("malformed_json", "malformed_fingerprint", "malformed_event_id"),
    *("consent_in_payload", "wrong_site"),
)


def verified(event_id: Schema, timestamp: Schema) -> Schema:
    found = {"ok": {"const": True}, "id": event_id, "timestamp_s": timestamp, "key_index": COUNT}
    return one_of(closed(found), refused(*SIGNATURE))


def guarded(more: Schema) -> Schema:
    """What the guard answers."""
    violation = {
        "kind": CODE,
        "severity": {"enum": ["low", "medium", "high", "critical"]},
        "operation": CODE,
        "tenant": null_or(TEXT),
        "has_subject": FLAG,
    }
    denied = {"status": {"enum": [401, 403, 404, 503]}, "violation": null_or(closed(violation))}
    return one_of(
        closed({"ok": {"const": True}, "tenant": TEXT, **more}),
        closed({"ok": {"const": False}, **denied}),
    )


SECRET = one_of(
    closed({"ok": {"const": True}, "key_b64": BYTES}),
    refused("empty", "not_base64", "too_short", "too_long", "public_key", "private_key"),
)
PUBLIC_KEY = one_of(
    closed({"ok": {"const": True}, "public_b64": BYTES}),
    refused("not_public_key", "weak_public_key", "private_key", "not_base64"),
)
SIGNED = one_of(
    closed({"ok": {"const": True}, "signature": TEXT}),
    refused("not_private_key", "halves_differ", "public_key"),
)
SITE: Schema = {"site": TEXT}
STEPS: dict[str, Schema] = {
    "call_event": {**SITE, **REQUEST},
    "sync_session": {**SITE, **REQUEST, "ip": null_or(TEXT)},
    "confirm_sale": {**SITE, "call_id": TEXT},
    "erase": {**SITE, "fingerprint": TEXT},
    "take_conversions": {**SITE, "limit": COUNT},
    "finish_conversion": {
        "job": COUNT,
        "result": {"enum": ["sent", "failed", "retry"]},
        "retry_in_ms": null_or(COUNT),
    },
    "purge": {"limit": COUNT},
    "admit": {**SITE, **REQUEST, "settle": {"enum": ["commit", "release", None]}},
    "device": {**SITE, "method": TEXT, "url": TEXT, **REQUEST, "ip": null_or(TEXT)},
    "set_site": {**SITE, "site_config": ref("site")},
    "remove_site": SITE,
}
# They decide nothing.
SILENT = ("set_site", "remove_site")
BROUGHT: dict[str, Schema] = {
    "take_conversions": {"conversions": array(ref("conversion")), "cancelled": COUNT},
    "purge": {"removed": COUNT},
    "device": {"device_id": null_or(TEXT), "key_id": null_or(TEXT)},
}
EFFECTS: Schema = {"effects": array(ref("effect"))}


def expected(do: str) -> Schema:
    """What a step of this kind comes to."""
    if do in SILENT:
        return {"type": "null"}
    return ref(f"decision_of_{do}") if do in BROUGHT else ref("decision")


def step(do: str, more: Schema) -> Schema:
    return closed({"do": {"const": do}, **STEPS[do], "now_ms": COUNT, **more})


def transcript(do: str) -> Schema:
    own = {"config": ref("configuration"), "before": array(ref("change")), "do": {"const": do}}
    then = {"then": array(ref("step_with_effects"))}
    step = {**STEPS[do], "now_ms": COUNT, **EFFECTS, "expect": expected(do)}
    return case({**own, **step}, then)


ASKED: Schema = {"role": {"enum": ["admission", "sessions", "calls"]}, "method": CODE}


def effect(answer: str, schema: Schema) -> Schema:
    return closed(
        {**ASKED, "args": {"type": "object"}, answer: schema},
        {"nonsense_reply": {}} if answer == "nonsense" else None,
    )


DECISION: Schema = {
    "outcome": ref("outcome"),
    "stage": CODE,
    "reason": CODE,
    "status": ref("status"),
    "headers": ref("headers_out"),
    "body": TEXT,
    "marketing": {"enum": ["enqueued", "skipped", None]},
    "retry_after": null_or(POSITIVE),
}
SESSION: Schema = {
    "scopes": array(TEXT),
    "granted_at_ms": COUNT,
    "changed_at_ms": COUNT,
    "policy_version": null_or(COUNT),
    "gpc": FLAG,
    "narrowed": FLAG,
}
CONVERSION: Schema = {
    "call_id": TEXT,
    "fingerprint": TEXT,
    "event_id": null_or(TEXT),
    "received_at_ms": COUNT,
    "body_b64": BYTES,
    "attempts": POSITIVE,
}
YES: Schema = {"const": True}
DEFINITIONS: Schema = {
    "count": {"type": "integer", "minimum": 0},
    "base64": {"type": "string", "contentEncoding": "base64", "pattern": BASE64},
    "code": {"type": "string", "pattern": "^[a-z0-9_]+$"},
    "status": {"type": "integer", "minimum": 200, "maximum": 599},
    "outcome": {"enum": ["accepted", "noop", "no_consent", "rejected", "unavailable"]},
    "headers_in": pairs(TEXT, BYTES, "raw pairs of name and value, in order, names as they came"),
    "headers_out": pairs({"type": "string", "pattern": "^[a-z-]+$"}, TEXT, "as sent, in order"),
    "configuration": {"type": "object", "required": ["sites"], "description": "the product's own"},
    "site": {"type": "object", "required": ["keys"], "description": "one site of a configuration"},
    "session": closed(SESSION),
    "conversion": closed(CONVERSION),
    "decision": closed(DECISION),
    **{f"decision_of_{do}": closed({**DECISION, **own}) for do, own in BROUGHT.items()},
    "effect": one_of(
        effect("reply", {"type": "object"}),
        *(effect(answer, YES) for answer in ("raise", "raise_not_written", "nonsense")),
    ),
    "asked": one_of(
        closed(ASKED),
        *(
            closed({**ASKED, fault: YES, "written": FLAG})
            for fault in ("raise", "raise_not_written", "timeout", "nonsense")
        ),
    ),
    "step": one_of(*(step(do, {"expect": expected(do)}) for do in STEPS)),
    "change": one_of(*(step(do, {}) for do in SILENT)),
    "failing_step": one_of(
        *(step(do, {"effects": array(ref("asked")), "expect": expected(do)}) for do in STEPS)
    ),
    "step_with_effects": one_of(
        *(step(do, {**EFFECTS, "expect": expected(do)}) for do in ("finish_conversion", *SILENT))
    ),
}
NOW: Schema = {"now_ms": COUNT}
SYNCED: Schema = {
    "status": ref("status"),
    "code": null_or(CODE),
    "reason": CODE,
    "session": null_or(ref("session")),
    "floor_ms": null_or(COUNT),
}
LIMIT = closed({"name": CODE, "burst": COUNT, "interval_ms": COUNT})
TAKEN = one_of(
    closed({"allowed": YES}), closed({"allowed": {"const": False}, "retry_ms": POSITIVE})
)
PLAYED: Schema = {"config": ref("configuration"), "steps": array(ref("step"), minItems=1)}
SEQUENCE = case(PLAYED)
DEVICE: Schema = {"site": TEXT, "device_id": TEXT}
CASES: dict[str, Schema] = {
    "signature": case({**VERIFY, "expect": verified(TEXT, COUNT)}),
    "schemes": one_of(
        case(
            {
                "kind": {"const": "verify"},
                "scheme": CODE,
                **VERIFY,
                "expect": verified({"type": "null"}, null_or(COUNT)),
            }
        ),
        case({"kind": {"const": "secret"}, "scheme": CODE, "text": TEXT, "expect": SECRET}),
    ),
    "secrets": one_of(
        case({"kind": {"const": "parse"}, "text": TEXT, "expect": SECRET}),
        case({"kind": {"const": "equal"}, "a_b64": BYTES, "b_b64": BYTES, "equal": FLAG}),
        case({"kind": {"const": "public"}, "text": TEXT, "expect": PUBLIC_KEY}),
        case(
            {
                "kind": {"const": "private"},
                "text": TEXT,
                "id": TEXT,
                "timestamp_s": COUNT,
                "body_b64": BYTES,
                "expect": SIGNED,
            }
        ),
    ),
    "hmac": case({"key_b64": BYTES, "data_b64": BYTES, "mac_b64": BYTES}),
    "ed25519": case(
        {"public_b64": BYTES, "message_b64": BYTES, "signature_b64": BYTES, "valid": FLAG}
    ),
    "payload": case(
        {
            "site": TEXT,
            "pointer": TEXT,
            "body_b64": BYTES,
            "expect": one_of(
                closed({"ok": YES, "fingerprint": TEXT}, {"event_id": TEXT}), refused(*PAYLOAD)
            ),
        },
        {"event_id_pointer": TEXT},
    ),
    "bucket": case(
        {
            "rate": {"type": "object"},
            "steps": array(
                one_of(
                    closed({**NOW, "op": {"const": "take"}, "expect": TAKEN}),
                    closed({**NOW, "op": {"const": "refund"}}),
                )
            ),
        }
    ),
    "breaker": case(
        {
            "failures": COUNT,
            "rest_ms": COUNT,
            "steps": array(
                one_of(
                    closed(
                        {
                            **NOW,
                            "op": {"enum": ["ask", "rest"]},
                            "expect": closed({"rest_ms": null_or(COUNT)}),
                        }
                    ),
                    closed({**NOW, "op": {"enum": ["succeeded", "failed"]}}),
                )
            ),
        }
    ),
    "consent": case(
        {
            "session": null_or({"type": "object"}),
            "needed": array(TEXT),
            "months": COUNT,
            "policy_version_min": null_or(COUNT),
            "tolerance_s": COUNT,
            **NOW,
            "expect": CODE,
        }
    ),
    "timestamps": case({"text": TEXT, "ms": null_or(COUNT)}),
    "sync": case(
        {
            "site_config": ref("site"),
            "watch": TEXT,
            "steps": array(
                closed({**NOW, **REQUEST, "ip": null_or(TEXT), "expect": closed(SYNCED)})
            ),
        }
    ),
    "device": one_of(
        case({"kind": {"const": "steps"}, **PLAYED}),
        case(
            {
                "kind": {"const": "derive"},
                "master": TEXT,
                **DEVICE,
                "generation": COUNT,
                "expect": TEXT,
            }
        ),
        case(
            {
                "kind": {"const": "sign"},
                "secret": TEXT,
                **DEVICE,
                "method": TEXT,
                "url": TEXT,
                "body_b64": BYTES,
                "nonce": TEXT,
                **NOW,
                "expect": pairs(TEXT, TEXT, "the headers to send"),
            }
        ),
    ),
    "tenant": one_of(
        case(
            {
                "kind": {"const": "id"},
                "of": {"enum": ["tenant", "user"]},
                "text": TEXT,
                "expect": null_or(TEXT),
            }
        ),
        case({"kind": {"const": "roles"}, "roles": {}, "expect": array(TEXT)}),
        case({"kind": {"const": "claims"}, "claims": {}, "expect": guarded({"user": TEXT})}),
        case(
            {
                "kind": {"const": "require"},
                "roles": {"type": "object"},
                "claims": {"type": "object"},
                "need": TEXT,
                "tenant": null_or(TEXT),
                "operation": CODE,
                "expect": guarded({}),
            }
        ),
        case(
            {
                "kind": {"const": "own"},
                "claims": {"type": "object"},
                "is_there": FLAG,
                "tenant": null_or(TEXT),
                "operation": CODE,
                "expect": guarded({}),
            }
        ),
    ),
    "wire": case(
        {
            "reason": CODE,
            "call_id": null_or(TEXT),
            "retry_ms": null_or(COUNT),
            "limit": null_or(LIMIT),
            **{name: DECISION[name] for name in ("outcome", "status", "headers", "body")},
            "retry_after": null_or(POSITIVE),
        }
    ),
    "sequences": SEQUENCE,
    "random": SEQUENCE,
    "faults": case({**PLAYED, "steps": array(ref("failing_step"), minItems=1)}),
    "transcripts": one_of(
        *(transcript(do) for do in STEPS if do not in ("finish_conversion", *SILENT))
    ),
}


def text() -> str:
    """The document."""
    files = {
        name: closed({"about": TEXT, "count": COUNT, "cases": array(own, minItems=1)})
        for name, own in CASES.items()
    }
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The shared vectors of consentgate",
        "description": "`files` has a schema for each file of `vectors`; definitions are shared.",
        "$defs": DEFINITIONS,
        "files": files,
    }
    return json.dumps(document, indent=1) + "\n"
