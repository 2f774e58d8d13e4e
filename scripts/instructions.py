#!/usr/bin/env python3
"""Counts the instructions of the hot paths, and holds them against what is written down.

Times differ from machine to machine and from minute to minute; instructions hardly do, so a
regression shows although the machine is noisy. valgrind hides the processor's SHA instructions, so
what SHA-256 costs in software is left out.

    scripts/instructions.py            # fails where a path takes over 3 % more
    scripts/instructions.py --write    # writes down what was counted
"""

import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
WRITTEN = ROOT / "conformance" / "timing" / "instructions.json"
PROGRAM = ROOT / "target" / "release" / "paths"
COUNTS = ROOT / "target" / "logs" / "callgrind.out"
TIMES = 2000
MORE_MAX = 0.03
# Law 2: a site that is unknown is tried with dummy keys, at the cost of a known one's.
ALIKE = ("bad signature", "unknown site")
APART_MAX = 0.02
PATHS = ("accept", "duplicate", "bad signature", "unknown site", "verify", "verify, secret as text")
# A line of callgrind_annotate: "1,234 ( 5.67%)  file:function [object]".
LINE = re.compile(r"^\s*([\d,]+) \([ \d.]+%\)\s+(.*)$")


def count(path: str) -> int:
    """Instructions of one decision, a mean over many."""
    options = [f"--callgrind-out-file={COUNTS}", "--toggle-collect=*paths::counted*"]
    subprocess.run(
        ["valgrind", "--quiet", "--tool=callgrind", *options, PROGRAM, path, str(TIMES)], check=True
    )
    annotate = ["callgrind_annotate", "--threshold=100", "--auto=no", COUNTS]
    said = subprocess.run(annotate, check=True, capture_output=True, text=True).stdout
    lines = [match for match in map(LINE.match, said.splitlines()) if match]
    functions = [(int(n.replace(",", "")), name) for n, name in (line.groups() for line in lines)]
    own = sum(n for n, name in functions if "PROGRAM TOTALS" not in name and "sha2::" not in name)
    return own // TIMES


def main() -> int:
    COUNTS.parent.mkdir(parents=True, exist_ok=True)
    counted = {path: count(path) for path in PATHS}
    if "--write" in sys.argv[1:]:
        WRITTEN.write_text(json.dumps(counted, indent=2) + "\n")
        return 0
    written = json.loads(WRITTEN.read_text())
    failed = written.keys() != counted.keys()
    for path, now in counted.items():
        more = now / written.get(path, now) - 1
        regressed = more > MORE_MAX
        failed |= regressed
        print(f"{'FAILED' if regressed else 'ok    '} {path}: {now} instructions, {more:+.1%}")
    known, unknown = (counted[path] for path in ALIKE)
    apart = abs(unknown / known - 1)
    failed |= apart > APART_MAX
    print(f"{'FAILED' if apart > APART_MAX else 'ok    '} {' and '.join(ALIKE)}: {apart:.1%} apart")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
