"""The executable specification, written from docs/decisions.md and never from the core."""
