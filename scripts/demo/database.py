"""Makes a database with the schema of the gate: `database.py URL-OF-SERVER URL-OF-DATABASE`."""

import sys
from urllib.parse import urlsplit

import psycopg
from consentgate import postgres

server, url = sys.argv[1:]
name = urlsplit(url).path.removeprefix("/")
with psycopg.connect(server, autocommit=True) as connection:
    connection.execute(f'create database "{name}"')
with psycopg.connect(url) as connection:
    store = postgres(connection)
    store.migrate()
    wrong = [check for check in store.preflight() if not check.ok]
for check in wrong:
    print(f"preflight: {check.name}: {check.found}; {check.mend}", file=sys.stderr)
sys.exit(1 if wrong else 0)
