"""Requests over HTTP that cost the one who sends them next to nothing.

A loop around sockets and no client library, so that on two cores it is the server that is
measured. *Saturating*: each connection sends its next request when its last one is answered.
*At a rate*: requests are due at fixed times, and the wait for a free connection counts.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

CONNECTIONS = 16


@dataclass(frozen=True, slots=True)
class Load:
    """What came of it.

    Attributes:
        seconds: From the first request to the last answer.
        latencies: Of each request, in seconds.
    """

    seconds: float
    latencies: Sequence[float]

    @property
    def rate(self) -> float:
        """Answers per second."""
        return len(self.latencies) / self.seconds


def get(path: str) -> bytes:
    """A request."""
    return f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode()


def post(path: str, body: bytes) -> bytes:
    """A request with a JSON body."""
    head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def saturate(port: int, requests: Iterator[bytes], seconds: float) -> Load:
    """Send as many as are answered in that time."""
    connections = [await _Connection.open(port) for _ in range(CONNECTIONS)]
    latencies: list[float] = []
    started = time.perf_counter()

    async def keep_busy(connection: _Connection) -> None:
        while (sent := time.perf_counter()) - started < seconds:
            await connection.ask(next(requests))
            latencies.append(time.perf_counter() - sent)

    await asyncio.gather(*(keep_busy(connection) for connection in connections))
    taken = time.perf_counter() - started
    for connection in connections:
        connection.close()
    return Load(taken, latencies)


async def at_rate(port: int, requests: Iterator[bytes], rate: float, seconds: float) -> Load:
    """Send so many a second, whether or not the last ones are answered.

    No task for each request: a collection of the garbage they leave holds up for 60 ms whoever
    measures, and would be told as what a server takes.
    """
    connections = [await _Connection.open(port) for _ in range(CONNECTIONS * 4)]
    due_requests: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
    latencies: list[float] = []
    started = time.perf_counter()

    async def ask(connection: _Connection) -> None:
        while True:
            due, request = await due_requests.get()
            await connection.ask(request)
            latencies.append(time.perf_counter() - due)
            due_requests.task_done()

    async with asyncio.TaskGroup() as group:
        askers = [group.create_task(ask(connection)) for connection in connections]
        for number in range(round(rate * seconds)):
            due = started + number / rate
            if (early := due - time.perf_counter()) > 0:
                await asyncio.sleep(early)
            due_requests.put_nowait((due, next(requests)))
        await due_requests.join()
        for asker in askers:
            asker.cancel()
    taken = time.perf_counter() - started
    for connection in connections:
        connection.close()
    return Load(taken, latencies)


async def fetch(port: int, request: bytes) -> bytes:
    """The body of one answer."""
    connection = await _Connection.open(port)
    body = await connection.ask(request)
    connection.close()
    return body


class _Connection(asyncio.Protocol):
    """One request at a time; anything but a 2xx with a length is an error."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._chunks: list[bytes] = []
        self._missing = 0
        self._answer: asyncio.Future[bytes] | None = None

    @classmethod
    async def open(cls, port: int) -> "_Connection":
        """Connect to a server on the loopback."""
        _, protocol = await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port)
        return protocol

    def close(self) -> None:
        """Disconnect."""
        if self._transport is not None:
            self._transport.close()

    async def ask(self, request: bytes) -> bytes:
        """The body of the answer."""
        if self._transport is None:
            raise ConnectionError("not connected")
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connected."""
        # uvloop's transports are asyncio's in all but their class.
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """An answer that is still out will not come."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionError("the server hung up"))

    def data_received(self, data: bytes) -> None:
        """A part of an answer."""
        if not self._chunks:
            head, _, data = data.partition(b"\r\n\r\n")
            self._begin(head)
        self._chunks.append(data)
        self._missing -= len(data)
        if self._missing <= 0 and self._answer is not None and not self._answer.done():
            body, self._chunks = b"".join(self._chunks), []
            self._answer.set_result(body)

    def _begin(self, head: bytes) -> None:
        lines = head.lower().split(b"\r\n")
        if b" 2" not in lines[0][:11] and self._answer is not None:
            self._answer.set_exception(ConnectionError(lines[0].decode(errors="replace")))
        length = next((line for line in lines if line.startswith(b"content-length:")), b":0")
        self._missing = int(length.partition(b":")[2])
