"""A configuration as the JSON document that the core reads."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping

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
        return json.dumps(config, default=_plain).encode()
    except (RecursionError, ValueError):
        raise ConfigError([("", "cannot be written as JSON")]) from None


def _plain(value: object) -> object:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"base64": b64encode(value).decode()}
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a configuration cannot hold a {type(value).__name__}")
