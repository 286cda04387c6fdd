"""The network between the connectors and the fakes: the loopback, or inside this process.

The second is for ``virtual_time``.
"""

import asyncio
import contextlib
import socket
from unittest import mock

import aiohttp
from aiohttp import web
from fake_provider import running


class _InProcess(aiohttp.BaseConnector):
    """Connections that are pairs of sockets, whatever host is wanted."""

    def __init__(self, server, **options):
        super().__init__(**options)
        self._server = server

    async def _create_connection(self, _request, _traces, _timeout):
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        await loop.connect_accepted_socket(self._server, theirs)
        _, protocol = await loop.create_connection(self._factory, sock=ours)
        return protocol


@contextlib.asynccontextmanager
async def loopback(fakes):
    """The addresses of the fakes, each listening on a port of its own."""
    async with contextlib.AsyncExitStack() as stack:
        yield {name: await stack.enter_async_context(running(f)) for name, f in fakes.items()}


@contextlib.asynccontextmanager
async def network(fakes):
    """The addresses of the fakes, ``http://<name>``, each reached by its host's name."""

    async def handle(request):
        return await fakes[request.host].handle(request)

    app = web.Application(client_max_size=2**24)
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=1, access_log=None)
    await runner.setup()

    def connector(*, limit, keepalive_timeout, **_of_tcp):
        return _InProcess(runner.server, limit=limit, keepalive_timeout=keepalive_timeout)

    with mock.patch.object(aiohttp, "TCPConnector", connector):
        try:
            yield {name: f"http://{name}" for name in fakes}
        finally:
            await runner.cleanup()
