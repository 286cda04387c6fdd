"""CPU of one call to a provider: client, limits, breaker and reading, measured in this process.

The provider is a server on the loopback in another process, whose CPU does not count. It answers
about 2 kB, as the finder of Hunter does. Beside it stand the same requests by aiohttp alone.
"""

import asyncio
import multiprocessing
import time
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection

import aiohttp
from aiohttp import web
from pydantic import HttpUrl, SecretStr

from bench.series import Series
from enrich_stream.person import Field, Identifier, IdentifierKind
from enrich_stream.providers.base import Question
from enrich_stream.providers.client.settings import ConnectorSettings
from enrich_stream.providers.clients import HttpClients
from enrich_stream.providers.hunter import Hunter
from enrich_stream.settings import Settings

CALLS = 2_000
AT_ONCE = 20
ALONE = "aiohttp alone"
ASKED = Identifier(IdentifierKind.LINKEDIN, "mira-okafor")
BOTH = frozenset({Field.EMAIL, Field.PHONE})
SOURCE = {
    "domain": "northwind.example",
    "uri": "http://northwind.example/team",
    "still_on_page": True,
}
ANSWER = {
    "data": {
        "first_name": "Mira",
        "last_name": "Okafor",
        "email": "mira@northwind.example",
        "score": 97,
        "phone_number": "+1 202 555 0102",
        "twitter": "mira_okafor",
        "linkedin_url": "https://www.linkedin.com/in/mira-okafor",
        "sources": [SOURCE] * 14,
        "verification": {"date": "2026-10-09", "status": "valid"},
    }
}


async def measure_provider_call(rounds: int) -> Series:
    """The same question by the connector of Hunter and by aiohttp alone, in turns."""
    here, there = multiprocessing.Pipe()
    # Not a fork: that would take the running event loop along.
    start = multiprocessing.get_context("spawn")
    provider = start.Process(target=serve, args=(there,), daemon=True)
    provider.start()
    url = await asyncio.to_thread(here.recv)
    try:
        return await _measure(url, rounds)
    finally:
        provider.terminate()


def serve(started: Connection) -> None:
    """The provider; says its address when it is there."""

    async def answer(_request: web.Request) -> web.Response:
        return web.json_response(ANSWER)

    async def run() -> None:
        app = web.Application()
        app.router.add_get("/email-finder", answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0]
        started.send(f"http://{host}:{port}")
        await asyncio.Event().wait()

    asyncio.run(run())


async def _measure(url: str, rounds: int) -> Series:
    found = Series("CPU of a provider call", "µs")
    settings = ConnectorSettings(
        key=SecretStr("k"),
        base_url=HttpUrl(url),
        limits="1000000/s 10000000/min 100000000/day",
        concurrency=AT_ONCE,
    )
    connector = Hunter(settings, HttpClients(Settings()))
    await connector.start()

    async def ask() -> None:
        deadline = asyncio.get_running_loop().time() + 30
        answer = await connector.ask(Question(identifier=ASKED, fields=BOTH, deadline=deadline))
        if not answer.person_known:
            raise RuntimeError("the provider was not understood")

    async with aiohttp.ClientSession() as session:

        async def get() -> None:
            async with session.get(f"{url}/email-finder") as response:
                await response.read()

        for _ in range(rounds):
            found.add("connector", await cpu_of(ask))
            found.add(ALONE, await cpu_of(get))
    await connector.stop()
    return found


async def cpu_of(call: Callable[[], Awaitable[None]]) -> float:
    """Microseconds of this process for one call, of many that are made side by side."""

    async def some() -> None:
        for _ in range(CALLS // AT_ONCE):
            await call()

    begun = time.process_time()
    await asyncio.gather(*(some() for _ in range(AT_ONCE)))
    return (time.process_time() - begun) / CALLS * 1e6
