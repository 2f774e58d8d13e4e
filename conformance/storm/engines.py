"""The storm's own Redis and Postgres: nobody else runs on them, so they can be killed."""

import os
import signal
import subprocess
import uuid
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[2]
# Storms beside each other are told another name each.
STATE = ROOT / "target" / os.environ.get("STORM", "storm")
MIGRATIONS = ROOT / "stores" / "postgres" / "sql"
NAMES = ("redis", "postgres")
URL_NAMES = {"redis": "CONSENTGATE_TEST_REDIS_URL", "postgres": "CONSENTGATE_TEST_POSTGRES_URL"}


class Engines:
    def __init__(self) -> None:
        self._ports: dict[str, int] = {}
        self.database = "consentgate"

    def up(self) -> None:
        """Starts what does not run; what was killed comes back, on a new port if it must."""
        self._script("up", *NAMES)
        lines = (STATE / "env").read_text().splitlines()
        values = dict(line.removeprefix("export ").split("=", 1) for line in lines)
        for name in NAMES:
            port = urlsplit(values[URL_NAMES[name]]).port
            assert port is not None
            self._ports[name] = port

    def down(self) -> None:
        self._script("down")

    def port(self, name: str) -> int:
        return self._ports[name]

    def kill(self, name: str) -> None:
        """No process of the engine does anything any more."""
        if name == "redis":
            pids = [int((self._place() / "redis" / "pid").read_text())]
        else:
            data = self._place() / "postgres" / "data"
            parent = int((data / "postmaster.pid").read_text().split()[0])
            pids = [parent, *children(parent)]
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def empty(self) -> None:
        """A new database with the shipped schema, and nothing in a Redis with all its memory."""
        self.redis("config", "set", "maxmemory", "0")
        self.redis("config", "set", "maxmemory-policy", "noeviction")
        self.redis("flushall")
        self.database = "consentgate"
        name = f"storm_{uuid.uuid4().hex[:8]}"
        self.sql(f"CREATE DATABASE {name}")
        self.database = name
        files = sorted(path for path in MIGRATIONS.glob("*.sql") if path.name[:4].isdigit())
        assert files, f"no migrations in {MIGRATIONS}"
        for path in files:
            self._psql("--quiet", "--file", str(path))

    def sql(self, statement: str) -> list[str]:
        """The lines of the answer, unaligned."""
        return self._psql("--tuples-only", "--no-align", "--command", statement).splitlines()

    def redis(self, *words: str) -> list[str]:
        command = ["redis-cli", "-h", "127.0.0.1", "-p", str(self.port("redis")), *words]
        run = subprocess.run(command, capture_output=True, check=True, timeout=20)
        return run.stdout.decode("utf-8", "backslashreplace").splitlines()

    def _psql(self, *options: str) -> str:
        url = f"postgresql://consentgate@127.0.0.1:{self.port('postgres')}/{self.database}"
        command = ["psql", "--no-psqlrc", "--set", "ON_ERROR_STOP=1", *options, url]
        run = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd="/")
        assert run.returncode == 0, run.stderr
        return run.stdout

    def _place(self) -> Path:
        return Path((STATE / "place").read_text().strip())

    def _script(self, *words: str) -> None:
        environment = os.environ | {"ENGINES_STATE": str(STATE)}
        command = [str(ROOT / "scripts" / "engines.sh"), *words]
        run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
        assert run.returncode == 0, run.stdout + run.stderr


def children(parent: int) -> list[int]:
    command = ["ps", "-o", "pid=", "--ppid", str(parent)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=10)
    return [int(pid) for pid in run.stdout.split()]
