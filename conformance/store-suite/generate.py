"""Rewrites `cases/*.json`, if the model agrees with all; `--check` only compares (exit 1)."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE / "python")]

from consentgate_store_suite import report, run  # noqa: E402
from model import Model  # noqa: E402
from written import chance  # noqa: E402

THEMES = (
    "claims",
    "leases",
    "expiry",
    "buckets",
    "refunds",
    "caps",
    "room",
    "sites",
    "sessions",
    "floors",
    "idempotency",
    "withdrawal",
    "versions",
    "record",
    "enqueue",
    "queue",
    "erase",
    "purge",
)


def files() -> dict[str, str]:
    """The text of each file, by its name."""
    texts = {}
    for name in THEMES:
        theme = importlib.import_module(f"written.{name}").theme
        texts[theme.name] = theme.text()
    texts["random"], _ = chance.build()
    return texts


def disagreements(texts: dict[str, str]) -> list[str]:
    """What is wrong with the cases: those that the model does not pass, and doubled names."""
    lines, names = [], set()
    for text in texts.values():
        for case in json.loads(text)["cases"]:
            if case["name"] in names:
                lines.append(f"two cases are called `{case['name']}`")
            names.add(case["name"])
            model = Model()
            failures = run(model, model.set_clock, cases=[case], prefix="")
            lines += [report(failures)] if failures else []
    return lines


def main(arguments: list[str]) -> int:
    texts = files()
    lines = disagreements(texts)
    if lines:
        print("\n".join(lines))
        return 1
    differing = []
    for name, text in texts.items():
        path = HERE / "cases" / f"{name}.json"
        if "--check" in arguments:
            if not path.exists() or path.read_text(encoding="ascii") != text:
                differing.append(path.name)
        else:
            path.write_text(text, encoding="ascii")
        print(f"{path.name}: {json.loads(text)['count']} cases")
    if differing:
        print("differs from what is written: " + ", ".join(differing))
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
