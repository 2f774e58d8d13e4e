"""Stands between a backend and an engine, and interferes at an effect."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

Side = Literal["before", "after"]


@dataclass(eq=False)
class Trap:
    """Goes off once: before the engine has the effect, or when it has answered and the backend does
    not know yet.

    The bytes at hand are never passed on, and the connection ends when `strike` returns.
    """

    effect: str
    side: Side
    strike: Callable[[], Awaitable[None]]
    sprung: asyncio.Event = field(default_factory=asyncio.Event)

    async def spring(self) -> None:
        self.sprung.set()
        await self.strike()


class Proxy:
    def __init__(
        self, engine_port: Callable[[], int], effect_of: Callable[[bytes], str | None]
    ) -> None:
        self._engine_port = engine_port
        self._effect_of = effect_of
        self._trap: Trap | None = None
        self._links: set[asyncio.Task[None]] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self.port = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self._server.close()
        for link in self._links:
            link.cancel()
        await asyncio.gather(*self._links, return_exceptions=True)

    def arm(self, trap: Trap) -> None:
        self._trap = trap

    def stall(self) -> None:
        """Every connection, old or new, is accepted and never answered."""
        self._flowing.clear()

    def flow(self) -> None:
        self._flowing.set()

    async def _accept(self, reader: StreamReader, writer: StreamWriter) -> None:
        link = asyncio.current_task()
        assert link is not None
        self._links.add(link)
        try:
            with suppress(OSError):
                await self._link(reader, writer)
        except asyncio.CancelledError:
            # Only `stop` cancels a link, and the server would log it as a failure.
            pass
        finally:
            self._links.discard(link)
            writer.close()

    async def _link(self, reader: StreamReader, writer: StreamWriter) -> None:
        await self._flowing.wait()
        answers, requests = await asyncio.open_connection("127.0.0.1", self._engine_port())
        awaiting: list[Trap] = []
        pumps = [
            asyncio.create_task(self._requests(reader, requests, awaiting)),
            asyncio.create_task(self._answers(answers, writer, awaiting)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            requests.close()

    async def _requests(
        self, reader: StreamReader, requests: StreamWriter, awaiting: list[Trap]
    ) -> None:
        while sent := await reader.read(1 << 16):
            await self._flowing.wait()
            trap = self._trap
            if trap is not None and self._effect_of(sent) == trap.effect:
                self._trap = None
                if trap.side == "before":
                    return await trap.spring()
                awaiting.append(trap)
            requests.write(sent)
            await requests.drain()

    async def _answers(
        self, answers: StreamReader, writer: StreamWriter, awaiting: list[Trap]
    ) -> None:
        while answered := await answers.read(1 << 16):
            await self._flowing.wait()
            if awaiting:
                return await awaiting.pop().spring()
            writer.write(answered)
            await writer.drain()
