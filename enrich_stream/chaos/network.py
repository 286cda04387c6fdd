"""A disturbed network: a TCP proxy that carries bytes late, not at all, or breaks connections."""

import asyncio
import contextlib
from types import TracebackType
from typing import Self

_CHUNK = 64 * 1024


class Network:
    """Stands between clients and one server on the loopback.

    Args:
        port: Where clients come.
        server_port: Where the server listens.
    """

    def __init__(self, port: int, server_port: int) -> None:
        self._port = port
        self._server_port = server_port
        self._delay_seconds = 0.0
        self._carries = asyncio.Event()
        self._carries.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", self._port)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._server is not None:
            self._server.close()
        self.mend()
        self.break_connections()
        await asyncio.gather(*self._tasks)

    def cut(self) -> None:
        """Carry nothing more; what is sent meanwhile arrives once it is mended."""
        self._carries.clear()

    def slow(self, seconds: float) -> None:
        """Carry each piece so much later."""
        self._delay_seconds = seconds

    def mend(self) -> None:
        """Carry everything at once again."""
        self._delay_seconds = 0.0
        self._carries.set()

    def break_connections(self) -> None:
        """Reset every connection there is; new ones can be made."""
        for writer in self._writers:
            writer.transport.abort()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self._writers.add(writer)
        with contextlib.suppress(OSError):
            await self._carries.wait()
            there = await asyncio.open_connection("127.0.0.1", self._server_port)
            await self._carry_both_ways((reader, writer), there)
        writer.transport.abort()
        self._writers.discard(writer)

    async def _carry_both_ways(
        self,
        here: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        there: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        ways = [
            asyncio.create_task(self._carry(here[0], there[1])),
            asyncio.create_task(self._carry(there[0], here[1])),
        ]
        self._writers.add(there[1])
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        there[1].transport.abort()
        self._writers.discard(there[1])

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(_CHUNK):
            await self._carries.wait()
            await asyncio.sleep(self._delay_seconds)
            writer.write(piece)
            await writer.drain()
