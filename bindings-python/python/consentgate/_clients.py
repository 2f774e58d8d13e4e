"""Whose client it is that the host gave, told without importing any."""

from __future__ import annotations

import sys

__all__ = ["is_a"]


def is_a(client: object, module: str, name: str) -> bool:
    """Of a module that was never imported there is no client."""
    known = getattr(sys.modules.get(module), name, None)
    return isinstance(known, type) and isinstance(client, known)
