"""What one turn of the event loop writes to a client leaves together, when the turn is over."""

import asyncio
from typing import Any

MOST_HELD_BYTES = 64 * 1024
"""Beyond this nothing is held back, so that a client which does not read is noticed as ever."""


class JoinedWrites:
    """A transport that joins head and body of an answer, and lets the others' answers come first.

    Each write is a system call, and wakes up whoever waits for it: on its own processor at best.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held: list[bytes] = []
        self._size = 0

    def write(self, data: bytes) -> None:
        """Send ``data`` with all that is written until the loop's next turn."""
        if not self._held:
            self._loop.call_soon(self._flush)
        self._held.append(data)
        self._size += len(data)
        if self._size > MOST_HELD_BYTES:
            self._flush()

    def write_eof(self) -> None:
        """Send what is held; nothing comes after it."""
        self._flush()
        self._transport.write_eof()

    def close(self) -> None:
        """Send what is held and close."""
        self._flush()
        self._transport.close()

    def is_closing(self) -> bool:
        """Whether it ends; asked after each answer, and so without the detour below."""
        return self._transport.is_closing()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def _flush(self) -> None:
        if self._held:
            data = b"".join(self._held)
            self._held.clear()
            self._size = 0
            self._transport.write(data)
