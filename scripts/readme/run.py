"""Runs every Python program of a Markdown page, by default of the README, each in a namespace.

Usage: python scripts/readme/run.py [page.md ...]
"""

import sys
from pathlib import Path


def programs(page: Path) -> list[tuple[int, str]]:
    """The line that each ```python block begins at, and its text."""
    found: list[tuple[int, str]] = []
    block: list[str] | None = None
    lines = page.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, start=1):
        if block is None and line == "```python":
            block, start = [], number
        elif block is not None and line == "```":
            found.append((start, "\n".join(block)))
            block = None
        elif block is not None:
            block.append(line)
    if block is not None:
        sys.exit(f"{page}: the block at line {start} has no end")
    return found


def main() -> None:
    root = Path(__file__).resolve().parents[2]
    for page in [Path(name) for name in sys.argv[1:]] or [root / "README.md"]:
        blocks = programs(page)
        if not blocks:
            sys.exit(f"{page}: no Python program in it")
        for start, text in blocks:
            # Line numbers of a traceback are those of the page.
            code = compile("\n" * start + text, str(page), "exec")
            exec(code, {"__name__": "__main__"})
        print(f"{page.name}: {len(blocks)} Python program(s) ran")


if __name__ == "__main__":
    main()
