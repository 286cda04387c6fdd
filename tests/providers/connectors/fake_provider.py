"""A provider's API on the loopback, as the provider documents it; each of them adds its own."""

import contextlib
import time

from aiohttp import web

from enrich_stream.person import Identifier, IdentifierKind

KEY = "s3cret-k3y"
MIRA = Identifier(IdentifierKind.LINKEDIN, "mira-okafor")
MIRA_EMAIL = Identifier(IdentifierKind.EMAIL, "mira@northwind.example")
MIRA_X = Identifier(IdentifierKind.X, "mira_okafor")
MIRA_GITHUB = Identifier(IdentifierKind.GITHUB, "mira-okafor")


class FakeProvider:
    """Knows Mira and nobody else. What goes wrong comes first, and then once or for ever.

    Attributes:
        requests: Those it got.
        once: Responses to the next requests, in order.
        always: The response to every request, when there is one.
        now: Its clock, in seconds since the epoch.
    """

    def __init__(self):
        self.requests = []
        self.once = []
        self.always = None
        self.now = time.time

    async def handle(self, request):
        await request.read()
        self.requests.append(request)
        if self.once:
            return await self.once.pop(0)(request)
        if self.always:
            return await self.always(request)
        if not self.is_authorised(request):
            return self.bad_key()
        return await self.respond(request)

    def is_authorised(self, request):
        """Whether the key is there, where the documentation wants it."""
        raise NotImplementedError

    async def respond(self, request):
        """The documented answer to a request in good order."""
        raise NotImplementedError

    def bad_key(self):
        """The documented answer to a request with a wrong key."""
        raise NotImplementedError


def always(response):
    """Anew for each request: a response can be sent once."""

    async def respond(_request):
        return response()

    return respond


def with_headers(response, headers):
    """The same response with more headers."""

    def respond():
        made = response()
        made.headers.update(headers)
        return made

    return respond


@contextlib.asynccontextmanager
async def running(fake):
    """The base URL of the fake."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", fake.handle)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0]
    try:
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()
