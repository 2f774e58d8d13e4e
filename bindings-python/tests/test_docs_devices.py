"""The programs of docs/devices.md do what they say."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "devices.md"


def test_programs() -> None:
    (program,) = re.findall(r"```python\n(.+?)```", PAGE.read_text(), re.DOTALL)
    assert program.count("assert ") == 2
    exec(program, {})
