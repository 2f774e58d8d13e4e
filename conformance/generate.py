"""Rewrites `conformance/vectors/*.json` from the oracle; `--check` only compares (exit 1)."""

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
    "payload",
    "bucket",
    "consent",
    "timestamps",
    "sync",
    "breaker",
    "wire",
    "sequences",
    "random",
    "transcripts",
)


def main(arguments: list[str]) -> int:
    check = "--check" in arguments
    differing = []
    for name in NAMES:
        collector = importlib.import_module(f"cases.{name}_cases").build()
        path = HERE / "vectors" / f"{name}.json"
        text = collector.text()
        if check:
            if not path.exists() or path.read_text(encoding="ascii") != text:
                differing.append(path.name)
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="ascii")
        print(f"{path.name}: {len(collector.cases)} cases")
    if differing:
        print("differs from the oracle: " + ", ".join(differing))
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
