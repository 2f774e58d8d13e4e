"""Which effect of the gate the bytes are that a backend sends to an engine.

The clients differ in how they send a statement (prepared or not, named or not), so it is known by
what its request holds: the members are those of docs/stores.md in every language.
"""

import re

SCRIPT = re.compile(rb"\r\nEVAL(SHA)?\r\n", re.IGNORECASE)
SETTLING = (b"$6\r\ncommit\r\n", b"$7\r\nrelease\r\n")

# The first whose member occurs.
REQUESTS = (
    ("record", b'"signature_hash"'),
    ("enqueue", b'"session_version"'),
    ("put", b'"expected"'),
    ("settle", b'"action"'),
    ("admit", b'"claims"'),
    ("find", b'"pseudonym"'),
    ("find_call", b'"call_id"'),
)

# In the order in which a story meets them.
EFFECTS = ("put", "admit", "find", "record", "settle", "find_call", "enqueue")
OF_ADMISSION = ("admit", "settle")


def redis_effect(sent: bytes) -> str | None:
    if not SCRIPT.search(sent):
        return None
    return "settle" if any(word in sent for word in SETTLING) else "admit"


def postgres_effect(sent: bytes) -> str | None:
    return next((name for name, member in REQUESTS if member in sent), None)


EFFECT_OF = {"redis": redis_effect, "postgres": postgres_effect}
