"""The network between the connectors and the fakes, inside this process; see ``virtual_time``."""

import asyncio
import contextlib
import socket
from unittest import mock

import aiohttp
from aiohttp import web


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
async def network(fakes):
    """Inside, every HTTP request reaches the fake that has its host's name: ``http://<name>``."""

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
            yield
        finally:
            await runner.cleanup()
