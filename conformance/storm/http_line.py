"""One kept connection to a backend. A general client costs more a request than the backends do."""

import asyncio
import time
from asyncio import StreamReader, StreamWriter
from dataclasses import dataclass

# Longer than all deadlines of either configuration together: no answer may take that long.
PATIENCE_S = 30


class Gone(Exception):
    """The backend hung up, or was not there."""


class TooSlow(Exception):
    """No answer in time: a request hangs on a store."""


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    took_s: float


class Line:
    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[StreamReader, StreamWriter] | None = None

    async def get(self, path: str) -> Answer:
        return await self._ask(f"GET {path}", {}, b"")

    async def post(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        return await self._ask(f"POST {path}", headers, body)

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def _ask(self, what: str, headers: dict[str, str], body: bytes) -> Answer:
        begun = time.monotonic()
        every = {"host": "127.0.0.1", "content-length": str(len(body))} | headers
        lines = [f"{what} HTTP/1.1", *(f"{name}: {value}" for name, value in every.items())]
        try:
            async with asyncio.timeout(PATIENCE_S):
                if self._streams is None:
                    self._streams = await asyncio.open_connection("127.0.0.1", self._port)
                reader, writer = self._streams
                writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
                status, answered = await read_answer(reader)
        except TimeoutError:
            raise TooSlow(f"{what} took over {PATIENCE_S} s") from None
        except (OSError, EOFError, ValueError) as error:
            raise Gone(what) from error
        return Answer(status, answered, time.monotonic() - begun)


async def read_answer(reader: StreamReader) -> tuple[int, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    status = int(head[0].split(" ")[1])
    length = 0
    for line in head[1:]:
        name, _, value = line.partition(":")
        if name.lower() == "content-length":
            length = int(value)
    return status, await reader.readexactly(length)
