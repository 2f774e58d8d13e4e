"""Rewrites `vectors/*.json` from the oracle, and their schema; `--check` only compares (exit 1)."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

NAMES = (
    "signature",
    "schemes",
    "secrets",
    "hmac",
    "ed25519",
    "payload",
    "bucket",
    "consent",
    "timestamps",
    "sync",
    "breaker",
    "device",
    "tenant",
    "wire",
    "sequences",
    "random",
    "faults",
    "transcripts",
)


def main(arguments: list[str]) -> int:
    check = "--check" in arguments
    differing = []
    texts = {HERE / "vectors.schema.json": importlib.import_module("schema").text()}
    for name in NAMES:
        collector = importlib.import_module(f"cases.{name}_cases").build()
        texts[HERE / "vectors" / f"{name}.json"] = collector.text()
        print(f"{name}.json: {len(collector.cases)} cases")
    for path, text in texts.items():
        if check:
            if not path.exists() or path.read_text(encoding="ascii") != text:
                differing.append(path.name)
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="ascii")
    if differing:
        print("differs from the oracle: " + ", ".join(differing))
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
