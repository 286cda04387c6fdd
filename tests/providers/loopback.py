"""A provider's HTTP server on the loopback, and a clock that need not wait."""

import asyncio
import contextlib
from dataclasses import dataclass, field

from aiohttp import web

from enrich_stream.providers.client import Clock

SECONDS = 20
"""How long anything may take that should happen."""


class FastClock(Clock):
    """The real clocks, moved on by every wait instead of waiting."""

    def __init__(self):
        self.ahead = 0.0
        self.waits = []

    def now(self):
        return super().now() + self.ahead

    def wall(self):
        return super().wall() + self.ahead

    async def sleep(self, seconds):
        self.waits.append(seconds)
        self.ahead += seconds
        await asyncio.sleep(0)


@dataclass
class Loopback:
    """Answers every request as the next of ``responses`` says; the last one stays."""

    url: str = ""
    responses: list = field(default_factory=list)
    requests: list = field(default_factory=list)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def handle(self, request):
        await request.read()
        async with self.changed:
            self.requests.append(request)
            self.changed.notify_all()
        respond = self.responses.pop(0) if len(self.responses) > 1 else self.responses[0]
        return await respond(request)

    def answer(self, *responses):
        """From now on these, in order."""
        self.responses[:] = responses

    async def asked(self, times):
        """Waits until it was asked that often."""
        async with self.changed, asyncio.timeout(SECONDS):
            await self.changed.wait_for(lambda: len(self.requests) >= times)


def says(content=None, status=200, **options):
    """A response, as JSON when there is content."""

    async def respond(_request):
        if content is None:
            return web.Response(status=status, **options)
        return web.json_response(content, status=status, **options)

    return respond


def says_bytes(body, content_type="application/json", status=200, **options):
    async def respond(_request):
        return web.Response(body=body, content_type=content_type, status=status, **options)

    return respond


async def hangs(_request):
    """Nothing is answered, ever."""
    await asyncio.Event().wait()


async def stalls(request):
    """The answer begins and does not go on."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    response.content_length = 1000
    await response.prepare(request)
    await response.write(b'{"data": ')
    await asyncio.Event().wait()


async def breaks_off(request):
    """Half of what was announced, then the connection is closed."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    response.content_length = 1000
    await response.prepare(request)
    await response.write(b"{}")
    request.transport.close()
    return response


async def hangs_up(request):
    """The connection is closed without an answer."""
    request.transport.close()
    return web.Response()


@contextlib.asynccontextmanager
async def serving(handle):
    """The base URL of a server that has ``handle`` answer every request."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0]
    try:
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()
