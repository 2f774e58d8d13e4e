"""Reads llvm-cov's summary from stdin: lines reached, of each file under 90 %, and in all."""

import json
import sys

FILE_NAMED_BELOW = 90


def main(least: float, folder: str) -> int:
    [data] = json.load(sys.stdin)["data"]
    files = [
        (file["filename"].removeprefix(folder), file["summary"]["lines"]) for file in data["files"]
    ]
    # Vectors are played by a module of tests inside the core.
    files = [(name, lines) for name, lines in files if not name.startswith("vectors/")]
    for name, lines in sorted(files, key=lambda file: file[1]["percent"]):
        if lines["percent"] < FILE_NAMED_BELOW:
            print(f"{lines['percent']:6.1f} %  {lines['covered']} of {lines['count']}  {name}")
    covered = sum(lines["covered"] for _, lines in files)
    count = sum(lines["count"] for _, lines in files)
    percent = 100 * covered / count
    print(f"{percent:6.1f} %  {covered} of {count} lines of {len(files)} files; least: {least} %")
    return int(percent < least)


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), sys.argv[2]))
