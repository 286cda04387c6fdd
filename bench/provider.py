"""A provider that costs next to nothing: it speaks the protocol of ``endpoint``, and waits.

``POST /0`` is answered at once, ``POST /50`` after 50 ms. One process serves every contender, so
it has to be far cheaper than any of them: no framework, no JSON but for the person's name. About
15 µs a question.

    python -m bench.provider --port 9000
"""

import argparse
import asyncio
import re
from typing import cast

import uvloop

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_DELAY = re.compile(rb"POST /(\d+)")
_NAME = re.compile(rb'"value" *: *"([^"]*)"')
_ANSWER = (
    b'{"person_known":true,"cost":1.0,"fields":{"contact.email":{"outcome":"found","values":'
    b'[{"value":"%(name)s@northwind.example","verified":true,"verification":"mailbox",'
    b'"observed_at":"2026-04-04T00:00:00Z","confidence":0.9}]},"contact.phone":{"outcome":"found",'
    b'"values":[{"value":"+442079460190","verified":true,"verification":"carrier",'
    b'"observed_at":"2026-04-04T00:00:00Z"}]}}}'
)
_RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"


class Questions(asyncio.Protocol):
    """One connection; its questions come one after the other."""

    def __init__(self) -> None:
        self._received = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody is there."""
        # uvloop's transports are asyncio's in all but their class.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer every question that is complete."""
        self._received += data
        while True:
            head, end, rest = self._received.partition(b"\r\n\r\n")
            length = _LENGTH.search(head)
            if not end or length is None or len(rest) < int(length[1]):
                return
            self._received = rest[int(length[1]) :]
            self._answer_after(head, rest[: int(length[1])])

    def _answer_after(self, head: bytes, body: bytes) -> None:
        delay, name = _DELAY.match(head), _NAME.search(body)
        if delay is None or name is None:
            raise ValueError("not a question of the endpoint protocol")
        answer = _ANSWER % {b"name": name[1]}
        asyncio.get_running_loop().call_later(
            int(delay[1]) / 1000, self._send, _RESPONSE % (len(answer), answer)
        )

    def _send(self, response: bytes) -> None:
        if self._transport is not None:
            self._transport.write(response)


async def serve(port: int) -> None:
    """Answer for ever."""
    server = await asyncio.get_running_loop().create_server(Questions, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    uvloop.run(serve(parser.parse_args().port))
