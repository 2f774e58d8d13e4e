"""Law 9: floors are left by anybody, and a site has no more of them in Postgres than it may."""

from __future__ import annotations

from typing import Any

import psycopg
from consentgate import postgres

from .engines import migrated_database

COUNTS = """
select (select count(*) from consentgate.floors),
       (select coalesce(sum(n), 0) from consentgate.usage where what = 'floors')
"""


def refuse(store: Any, person: int, site: str = "a", keep_ms: int = 3_600_000) -> None:
    """A refusal of somebody unknown."""
    request = {
        "site": site,
        "fingerprint": f"f{person}",
        "pseudonym": f"{person:032x}",
        "expected": None,
        "session": None,
        "floor": {"at_ms": 1000 + person, "keep_ms": keep_ms + person},
        "idempotency": None,
        "narrowing": False,
        "keep_ms": 1,
        "sessions_per_site_max": 10,
        "floors_per_site_max": 3,
        "idempotency_per_site_max": 10,
    }
    assert store.sessions.put(request, 5) == {"outcome": "stored"}


def test_law_9_the_floor_that_ends_first_makes_way() -> None:
    with migrated_database() as url, psycopg.connect(url, autocommit=True) as connection:
        store = postgres(connection)
        for person in range(6):
            refuse(store, person)
        refuse(store, 5)
        assert connection.execute(COUNTS).fetchone() == (3, 3)
        left = connection.execute("select at from consentgate.floors order by at").fetchall()
        assert left == [(1003,), (1004,), (1005,)]
        # Law 8: never another site's.
        refuse(store, 9, site="b")
        assert connection.execute(COUNTS).fetchone() == (4, 4)
        connection.execute("update consentgate.floors set until = 1")
        purged = store.sessions.purge({"limit": 10}, 5)
        assert purged == {"outcome": "purged", "removed": 4}
        assert connection.execute(COUNTS).fetchone() == (0, 0)
