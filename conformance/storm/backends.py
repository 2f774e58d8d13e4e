"""The three examples as processes that can be killed."""

import asyncio
import os
import shutil
import socket
import sys
from pathlib import Path
from signal import SIGKILL

from engines import ROOT
from http_line import Answer, Gone, Line

LANGUAGES = ("rust", "python", "node")
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
COMMANDS = {
    "rust": [str(TARGET / "debug" / "consentgate-example-axum")],
    "python": [sys.executable, str(ROOT / "examples" / "fastapi" / "main.py")],
    "node": [shutil.which("node") or "node", str(ROOT / "examples" / "express" / "main.mjs")],
}
START_S = 30


class Backend:
    def __init__(self, name: str, language: str, environment: dict[str, str], logs: Path) -> None:
        self.name = name
        self.language = language
        self.port, metrics_port = free_ports(2)
        # The host's own settings for the examples must not reach them here.
        inherited = {name: value for name, value in os.environ.items() if name[:5] != "GATE_"}
        self._environment = inherited | environment
        self._environment |= {"PORT": str(self.port), "METRICS_PORT": str(metrics_port)}
        self._environment["PYTHONDONTWRITEBYTECODE"] = "1"
        self._log = logs / f"{name}.log"
        self._idle: list[Line] = []
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *COMMANDS[self.language],
                env=self._environment,
                cwd=ROOT,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        async with asyncio.timeout(START_S):
            while not await self._is_up():
                assert self._process.returncode is None, f"{self.name} ended:\n{self.log_tail()}"
                await asyncio.sleep(0.05)

    def kill(self) -> None:
        """At once: what it had not sent by now is never sent."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(SIGKILL)

    async def ended(self) -> None:
        if self._process is not None:
            await self._process.wait()
        self.hang_up()

    def hang_up(self) -> None:
        for line in self._idle:
            line.close()
        self._idle.clear()

    async def post(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        """Raises Gone when there is no whole answer."""
        line = self._idle.pop() if self._idle else Line(self.port)
        try:
            answer = await line.post(path, headers, body)
        except BaseException:
            # The others are as old: it may have ended, or be tired of idle connections.
            line.close()
            self.hang_up()
            raise
        self._idle.append(line)
        return answer

    def log_tail(self) -> str:
        return self._log.read_text(errors="replace")[-2000:] if self._log.exists() else ""

    async def _is_up(self) -> bool:
        line = Line(self.port)
        try:
            return (await line.get("/healthz")).status == 200
        except Gone:
            return False
        finally:
            line.close()


def free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports
