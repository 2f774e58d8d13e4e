"""A configuration as the JSON document that the core reads."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from math import isfinite

from .errors import ConfigError
from .types import Config

__all__ = ["to_json"]


def to_json(config: Config) -> bytes:
    """Bytes in a mapping become `{"base64": …}`, which is how JSON spells a secret's raw bytes."""
    if isinstance(config, bytes):
        return config
    if isinstance(config, str):
        # What UTF-8 cannot hold stays visible, and is refused as what it is: no JSON.
        return config.encode(errors="surrogatepass")
    if not isinstance(config, Mapping):
        given = type(config).__name__
        raise TypeError(f"a configuration must be a mapping, or JSON as str or bytes, not {given}")
    try:
        return json.dumps(_plain(config, "")).encode()
    except (RecursionError, ValueError):
        raise ConfigError([("", "cannot be written as JSON")]) from None


def _plain(value: object, path: str) -> object:
    """What JSON has words for. What it has none for must not turn into something else unseen."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"base64": b64encode(value).decode()}
    if isinstance(value, float) and not isfinite(value):
        return "[no number]"  # A fault wherever it stands.
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, Mapping):
        return {_name(name, path): _plain(one, f"{path}.{name}") for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one, f"{path}[{place}]") for place, one in enumerate(value)]
    raise TypeError(f"{_place(path)} cannot be a {type(value).__name__}")


def _name(name: object, path: str) -> str:
    """JSON would make `"null"` of `None`."""
    if isinstance(name, str):
        return name
    given = type(name).__name__
    raise TypeError(f"the members of {_place(path)} must be named by str, not {given}")


def _place(path: str) -> str:
    return f"`{path.removeprefix('.')}`" if path else "the configuration"
