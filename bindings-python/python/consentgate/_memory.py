"""Says which role the process itself keeps."""

from __future__ import annotations

__all__ = ["Memory", "memory"]


class Memory:
    """Says that a role is kept in the memory of this process. Made by `memory()`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "memory()"


_MEMORY = Memory()


def memory() -> Memory:
    """This role is kept in the memory of this process: `stores={"admission": memory(), …}`."""
    return _MEMORY
