"""A flood of violations; Postgres and who writes them down are killed: none lost, none twice."""

import subprocess
import sys
import time
from pathlib import Path

import psycopg
from consentgate import journal, postgres
from engines import ROOT, Engines

NODE = """
const { Gate, journal, memory, postgres } = require('consentgate');
const { Pool } = require('pg');
const { writeSync } = require('node:fs');
const [directory, url] = process.argv.slice(1);
const pool = new Pool({ connectionString: url });
pool.on('error', () => {});
const log = journal(directory);
log.ship(postgres(pool).audit, { everyMs: 20 });
const stores = { admission: memory(), sessions: memory(), calls: memory(), audit: log };
const guard = new Gate({ sites: {} }, stores).guard();
setInterval(() => {
  for (let turn = 0; turn < 20; turn += 1) {
    try {
      guard.authenticate('nobody', Buffer.from('x'));
    } catch {
      writeSync(1, '.');
    }
  }
}, 1);
"""
PYTHON = """
import os, sys, time
from consentgate import Denied, Gate, journal, memory, postgres
from psycopg_pool import ConnectionPool
directory, url = sys.argv[1:]
log = journal(directory)
log.ship(postgres(ConnectionPool(url, open=True)).audit, every_s=0.02)
stores = {role: memory() for role in ("admission", "sessions", "calls")}
guard = Gate({"sites": {}}, {**stores, "audit": log}).guard()
while True:
    time.sleep(0.001)
    for _ in range(20):
        try:
            guard.authenticate("nobody", b"x")
        except Denied:
            os.write(1, b".")
"""


class Writer:
    """A process that says a dot for each denial, once its caller is answered."""

    def __init__(self, language: str, directory: Path, url: str, place: Path) -> None:
        command = ["node", "-e", NODE] if language == "node" else [sys.executable, "-c", PYTHON]
        self.said = place / f"{language}-{time.monotonic_ns()}"
        self._process = subprocess.Popen(
            [*command, str(directory), url],
            cwd=ROOT / "bindings-node",
            stdout=self.said.open("wb"),
            stderr=subprocess.DEVNULL,
        )

    @property
    def answered(self) -> int:
        return self.said.stat().st_size

    def until(self, answered: int) -> None:
        end = time.monotonic() + 30
        while self.answered < answered:
            assert self._process.poll() is None, "it ended by itself"
            assert time.monotonic() < end, f"{self.answered} of {answered}"
            time.sleep(0.01)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


def test_law_11_no_violation_is_lost_or_twice_whoever_is_killed(
    engines: Engines, tmp_path: Path
) -> None:
    engines.empty()
    directory, place = tmp_path / "journal", tmp_path / "said"
    directory.mkdir()
    place.mkdir()
    dead: list[Writer] = []
    for turn in range(3):
        url = f"postgresql://consentgate@127.0.0.1:{engines.port('postgres')}/{engines.database}"
        alive = [Writer(language, directory, url, place) for language in ("python", "node")]
        for writer in alive:
            writer.until(200 + 100 * turn)
        alive[turn % 2].kill()
        engines.kill("postgres")
        last = alive[(turn + 1) % 2]
        last.until(last.answered + 300)
        engines.up()
        last.until(last.answered + 300)
        last.kill()
        dead += alive
    # Whoever comes next brings in what is left, and once more changes nothing.
    url = f"postgresql://consentgate@127.0.0.1:{engines.port('postgres')}/{engines.database}"
    log = journal(directory)
    with psycopg.connect(url) as connection:
        table = postgres(connection).audit
        passes = [log.reconcile(table) for _ in range(2)]
    assert [(left.error, left.foreign, left.unreadable) for left in passes] == [(None, 0, 0)] * 2
    assert passes[1].shipped == 0
    rows = engines.sql(
        "SELECT count(*) FROM consentgate.security_audit_logs GROUP BY writer"
        " HAVING count(*) = max(sequence) ORDER BY 1"
    )
    kept = sorted(int(row) for row in rows)
    answered = sorted(writer.answered for writer in dead)
    assert len(kept) == len(answered), "a writer is missing, or has a gap"
    # The last one of each may be in the journal although its caller was not answered any more.
    assert all(said <= had <= said + 1 for said, had in zip(answered, kept, strict=True))
