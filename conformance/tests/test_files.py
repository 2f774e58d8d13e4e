"""The files: whole, unique, generated."""

from __future__ import annotations

import subprocess
import sys
import unittest
from pathlib import Path
from typing import Any

from tests.load import VECTORS, cases, unb64

LEAST = {
    "signature": 150,
    "schemes": 600,
    "secrets": 40,
    "hmac": 6,
    "ed25519": 80,
    "payload": 120,
    "bucket": 40,
    "consent": 100,
    "timestamps": 60,
    "sync": 100,
    "breaker": 60,
    "device": 200,
    "tenant": 250,
    "wire": 60,
    "sequences": 40,
    "random": 60,
    "faults": 40,
    "transcripts": 100,
}


def binaries(value: Any) -> list[str]:
    """Every text under a name that ends in `_b64`."""
    if isinstance(value, list):
        return [text for item in value for text in binaries(item)]
    if not isinstance(value, dict):
        return []
    own = [v for k, v in value.items() if k.endswith("_b64")]
    return own + [text for item in value.values() for text in binaries(item)]


class Files(unittest.TestCase):
    def test_names_notes_counts(self) -> None:
        self.assertEqual({path.stem for path in VECTORS.glob("*.json")}, set(LEAST))
        for name, least in LEAST.items():
            found = cases(name)
            self.assertGreaterEqual(len(found), least, name)
            self.assertEqual(len({case["name"] for case in found}), len(found), name)
            for case in found:
                self.assertTrue(case["note"], case["name"])
                for text in binaries(case):
                    unb64(text)

    def test_generated(self) -> None:
        script = Path(__file__).resolve().parent.parent / "generate.py"
        subprocess.run([sys.executable, str(script), "--check"], check=True, capture_output=True)


if __name__ == "__main__":
    unittest.main()
