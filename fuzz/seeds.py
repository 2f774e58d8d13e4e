"""Rewrites `seeds/*` from the shared vectors and choices spelled out; `--check` only compares.

What a fuzzer found is a seed whose name begins with `found-`: put there by hand, left alone here.
"""

from __future__ import annotations

import base64
import json
import re
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
VECTORS = HERE.parent / "conformance" / "vectors"
BYTES_MAX = 2048
Seeds = dict[str, bytes]


def cases(name: str) -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = json.loads((VECTORS / f"{name}.json").read_bytes())["cases"]
    return loaded


def decoded(text: str) -> bytes:
    return base64.b64decode(text)


def spread(seeds: Seeds, most: int) -> Seeds:
    """At most so many of them, evenly from first to last."""
    names = [name for name, data in seeds.items() if len(data) <= BYTES_MAX]
    step = max(1, -(-len(names) // most))
    return {name: seeds[name] for name in names[::step]}


def headers() -> Seeds:
    """Requests of every scheme as text; what has a line break in a header cannot be written so."""
    seeds: Seeds = {}
    for file in ("signature", "schemes"):
        own: Seeds = {}
        for case in cases(file):
            if case.get("kind") == "secret" or case["now_ms"] % 1000:
                continue
            pairs = [(name.encode(), decoded(value)) for name, value in case["headers"]]
            if any(b"\n" in name + value or b":" in name for name, value in pairs):
                continue
            scheme = case.get("scheme", "standard-webhooks")
            lines = [f"{scheme} {case['now_ms'] // 1000}".encode()]
            lines += [name + b": " + value for name, value in pairs]
            own[f"{scheme} {case['name']}"] = b"\n".join([*lines, b"", decoded(case["body_b64"])])
        seeds |= spread(own, 40)
    return seeds


def body() -> Seeds:
    """A line for each pointer, then the payload."""
    seeds: Seeds = {}
    for case in cases("payload"):
        pointers = [case["pointer"], case.get("event_id_pointer", "")]
        if all("\n" not in pointer for pointer in pointers):
            text = "".join(f"{pointer}\n" for pointer in pointers)
            seeds[case["name"]] = text.encode() + decoded(case["body_b64"])
    return spread(seeds, 80)


KEY = {"id": "k1", "secret": "whsec_fMmSxQofOmJpKSBHv4PcGmHSpqlKvJe648mnabUNLzs="}
FAULTY: list[dict[str, Any]] = [
    {"keys": []},
    {"keys": [KEY, KEY]},
    {"keys": [{"id": "k1", "secret": "short"}], "scheme": "slack"},
    {"keys": [{"id": "k1", "secret": {"base64": "AAAA"}}], "scheme": "github"},
    {"keys": [KEY], "rate": {"capacity": 0, "strict": True}, "tolerance_s": 3601},
    {"keys": [KEY], "sync": {"per_ip": {"capacity": 5}}, "consent": {"months": 14, "record": []}},
    {"keys": [KEY], "fingerprint_pointer": "~", "origins": ["HTTPS://acme.example/"]},
    {"keys": [KEY], "event_id_pointer": "/id", "other": None},
]


def config() -> Seeds:
    found = {json.dumps(case["config"], indent=1) for case in cases("sequences")}
    found |= {json.dumps(case["config"], indent=1) for case in cases("transcripts")}
    seeds = {f"from vectors {n:02}": text.encode() for n, text in enumerate(sorted(found))}
    seeds = spread(seeds, 24)
    for n, site in enumerate(FAULTY):
        seeds[f"faulty site {n}"] = json.dumps({"sites": {"acme": site}}).encode()
    common = {"claim": {"ttl_s": 599, "lease_s": 4}, "caps": {"claims_max": 1, "sites_max": 2}}
    seeds["faulty common"] = json.dumps({**common, "sites": {"a": FAULTY[1]}}).encode()
    seeds["doubled key"] = b'{"sites":{},"sites":{}}'
    return seeds


def rfc3339() -> Seeds:
    return spread({case["name"]: case["text"].encode() for case in cases("timestamps")}, 60)


def tenant() -> Seeds:
    """The tenant claimed, the user claimed and the tenant asked for; or a record's line."""
    line = (
        f'{{"writer":"{"ab" * 16}","sequence":7,"at":"1970-01-01T00:00:00.000Z","tenant":"acme",'
        '"kind":"cross_tenant","operation":"message","severity":"critical",'
        f'"subject":"{"cd" * 16}","outcome":"hidden"}}'
    )
    lines = {"record": line.encode(), "record torn": line[:-9].encode()}
    seeds: Seeds = {}
    for case in cases("tenant"):
        claims = case.get("claims")
        if case["kind"] == "id":
            texts = [case["text"], "alice", "acme"]
            texts = texts if case["of"] == "tenant" else ["acme", case["text"], "acme"]
        elif case["kind"] in ("require", "own"):
            texts = [claims["tenant"], claims["user"], case["tenant"] or ""]
        else:
            continue
        seeds[case["name"]] = b"\xff".join(text.encode() for text in texts)
    return {**spread(seeds, 80), **lines}


def verify() -> Seeds:
    """The choices of `src/verify.rs`: scheme, body, id, keys listed, who signs; then changes."""
    seeds: Seeds = {}
    changes = {
        "unchanged": b"",
        "late": bytes([0, 0, 3]),
        "too late": bytes([0, 0, 4]),
        "early": bytes([1, 0, 3]),
        "too early": bytes([1, 0, 4]),
        "a millisecond": bytes([0, 0, 3, 2, 0, 0]),
        "another body": bytes([3, 0, 0, 2]) + b"{}",
        "upper case": bytes([4, 0, 0]),
        "another value": bytes([5, 1, 0, 2]) + b"01",
        "a byte": bytes([6, 2, 0, 9]) + b"x",
        "cut": bytes([7, 0, 0, 20]),
        "more after": bytes([8, 2, 0, 5]) + b" v1,x",
        "more before": bytes([9, 2, 0, 5]) + b"v1,x ",
        "doubled": bytes([10, 0, 0, 0]),
        "too many": bytes([10, 0, 0, 3]),
        "one gone": bytes([11, 0, 0]),
    }
    for n, scheme in enumerate(("standard", "github", "stripe", "slack", "shopify")):
        for name, change in list(changes.items())[:: 1 if n == 0 else 3]:
            start = bytes([n, 7]) + b'{"a":1}' + bytes([4]) + b"ev_1" + bytes([n % 3, n % 2])
            seeds[f"{scheme} {name}"] = start + change
    changes["junk before"] = bytes([9, 2, 0, 6]) + b"v1a,x "
    for name, change in changes.items():
        # All four senders listed, and signed by the one that has a private key.
        start = bytes([0, 7]) + b'{"a":1}' + bytes([4]) + b"ev_1" + bytes([3, 3])
        seeds[f"v1a {name}"] = start + change
    return seeds


EVENT, SYNC, SALE, ERASE, TAKE, FINISH, SITE, PURGE, BACK, FORWARD, MINUTES = (
    *(0, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15),
)
GRANT = [SYNC, 0, 0x30, 2]
WITHDRAWAL = [SYNC, 0, 0x00, 0]
SEQUENCES: dict[str, list[list[int]]] = {
    "accepted, copied, re-signed": [
        GRANT,
        [EVENT, 0, 1, 1],
        [EVENT, 0, 1, 0],
        [FORWARD, 0, 9],
        [EVENT, 0, 1, 3],
        [MINUTES, 0, 11],
        [EVENT, 0, 1, 1],
    ],
    "refused, then consent": [
        [EVENT, 0, 1, 1],
        GRANT,
        [EVENT, 0, 1, 0],
        [EVENT, 0, 2, 1],
        [MINUTES, 0, 11],
        [EVENT, 0, 1, 1],
    ],
    "withdrawn": [GRANT, [EVENT, 0, 1, 1], WITHDRAWAL, [EVENT, 0, 2, 1], [SALE, 0, 0], GRANT],
    "rotation": [
        GRANT,
        [EVENT, 0, 1, 1],
        [SITE, 0, 99],
        [EVENT, 0, 1, 2],
        [SITE, 0, 99],
        [EVENT, 0, 1, 0],
        [EVENT, 0, 1, 2],
        [EVENT, 0, 3, 2],
        [SITE, 0, 99],
        [SITE, 0, 99],
    ],
    "removed": [
        GRANT,
        [EVENT, 0, 1, 1],
        [SITE, 0, 0],
        [EVENT, 0, 1, 0],
        [ERASE, 0, 0],
        [SITE, 0, 99],
        [EVENT, 0, 1, 0],
    ],
    "erased": [
        GRANT,
        [EVENT, 0, 1, 1],
        [ERASE, 0, 0],
        [SALE, 0, 0],
        [EVENT, 0, 1, 0],
        GRANT,
        [FORWARD, 0, 9],
        GRANT,
        [EVENT, 0, 2, 1],
    ],
    "sale": [
        [SYNC, 0, 0x10, 2],
        [EVENT, 0, 1, 1],
        [SALE, 0, 0],
        [FORWARD, 0, 9],
        GRANT,
        [SALE, 0, 0],
        [SALE, 0, 0],
        [MINUTES, 0, 5],
        [TAKE, 0, 0],
        [FINISH, 0, 0, 0],
    ],
    "queue": [
        GRANT,
        [EVENT, 0, 1, 1],
        [TAKE, 0, 0],
        [MINUTES, 0, 1],
        [TAKE, 0, 0],
        [FINISH, 0, 0, 2],
        [MINUTES, 0, 3],
        [TAKE, 0, 0],
        [MINUTES, 0, 3],
        [TAKE, 0, 0],
        [FINISH, 0, 0, 0],
        [FINISH, 0, 2, 2],
        [TAKE, 0, 0],
    ],
    "cancelled": [GRANT, [EVENT, 0, 1, 1], WITHDRAWAL, [MINUTES, 0, 1], [TAKE, 0, 0]],
    "two sites": [
        GRANT,
        [SYNC, 1, 0x30, 2],
        [EVENT, 1, 1, 1],
        [EVENT, 0, 1, 1],
        [EVENT, 1, 1, 0],
        [SALE, 1, 0],
        [MINUTES, 0, 1],
        [TAKE, 1, 0],
        [FINISH, 1, 0, 0],
    ],
    "limited": [
        [SYNC, 1, 0x30, 2],
        *([EVENT, 1, n, 1] for n in range(5)),
        [FORWARD, 0, 30],
        [EVENT, 1, 4, 0],
        [EVENT, 1, 5, 1],
    ],
    "clock back": [
        GRANT,
        [EVENT, 0, 1, 1],
        [BACK, 0, 80],
        [EVENT, 0, 1, 0],
        [EVENT, 0, 2, 1],
        [FORWARD, 0, 200],
        [EVENT, 0, 2, 0],
        [EVENT, 0, 3, 1],
    ],
    "purged": [
        GRANT,
        [EVENT, 0, 1, 1],
        [MINUTES, 0, 130],
        [PURGE, 0, 9],
        [EVENT, 0, 1, 1],
        [SALE, 0, 0],
        [MINUTES, 0, 200],
        [PURGE, 0, 1],
        [PURGE, 0, 200],
    ],
    "stale and wrong": [
        GRANT,
        [EVENT, 0, 1, 4],
        [EVENT, 0, 1, 1],
        [MINUTES, 0, 6],
        [EVENT, 0, 1, 0],
    ],
}


def sequence() -> Seeds:
    """The choices of `src/sequence.rs`: kind, site, argument, and what some kinds take."""
    return {name: b"".join(map(bytes, steps)) for name, steps in SEQUENCES.items()}


def good(outcome: int, *, session: int = 0, call: int = 0, jobs: int = 0, last: int = 0) -> bytes:
    """A good reply as `src/host_reply.rs` chooses it, and the byte that says whether to go on."""
    return bytes([0, 0, outcome, 0, 0, 0, session, 0, call, jobs, 0, last])


def host_reply() -> Seeds:
    raises, unwritten = bytes([7, 0, 0]), bytes([7, 1, 0])
    nearly = bytes([4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 3]) + b"abc" + bytes([0])
    nested = bytes([6, 7, 2, 1, 97, 6, 1, 0, 1, 98, 2, *[255] * 8, 0])
    return {
        "event accepted": bytes([0]) + good(0) * 4,
        "event duplicate": bytes([0]) + good(1),
        "event held": bytes([0]) + good(2),
        "event limited": bytes([0]) + good(3),
        "event exists": bytes([0]) + good(0) + good(0) + good(1) + good(0),
        "event moved": bytes([0]) + good(0) + (good(0) + good(2)) * 3 + good(0),
        "event without session": bytes([0]) + good(0) + good(0, session=1) + good(0),
        "event, record raises": bytes([0]) + good(0) + good(0) + raises,
        "event, record unwritten": bytes([0]) + good(0) + good(0) + unwritten + good(0),
        "event, nonsense": bytes([0]) + good(0) + nested,
        "event, nearly": bytes([0]) + good(0) + nearly,
        "event abandoned": bytes([0]) + good(0) + good(0, last=255),
        "statement": bytes([1]) + good(0) * 3,
        "statement in conflict": bytes([1]) + good(0) + (good(0) + good(2)) * 4,
        "sale": bytes([2]) + good(0) * 3,
        "sale of nothing": bytes([2]) + good(0, call=1),
        "sale moved": bytes([2]) + good(0) * 2 + good(2) + good(0) * 2,
        "erasure": bytes([3]) + good(0) * 2,
        "erasure without room": bytes([3]) + good(1),
        "three taken": bytes([4]) + good(0, jobs=3) + good(0) * 3,
        "too many taken": bytes([4]) + good(0, jobs=4),
        "taken, cancelled": bytes([4]) + good(0, jobs=2) + good(0, session=1) + good(0) * 2,
        "purge": bytes([5]) + good(0) * 3,
        "purge raises": bytes([5]) + raises * 3,
    }


MAKERS = (body, config, headers, host_reply, rfc3339, sequence, tenant, verify)


def main(arguments: list[str]) -> int:
    differing = 0
    for maker in MAKERS:
        folder = HERE / "seeds" / maker.__name__
        folder.mkdir(parents=True, exist_ok=True)
        names = {re.sub("[^a-z0-9]+", "-", name.lower()).strip("-")[:60]: name for name in maker()}
        seeds = {slug: maker()[name] for slug, name in names.items()}
        there = {p.name: p for p in folder.iterdir() if not p.name.startswith("found-")}
        if "--check" in arguments:
            differing += {name: path.read_bytes() for name, path in there.items()} != seeds
        else:
            for path in there.values():
                path.unlink()
            for name, data in seeds.items():
                (folder / name).write_bytes(data)
        print(f"{folder.name}: {len(seeds)} seeds")
    if differing:
        print("the seeds are not what the vectors say: run fuzz/seeds.py")
    return min(differing, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
