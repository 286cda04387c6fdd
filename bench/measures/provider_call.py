"""What one question to a provider costs here, beside the same request with bare aiohttp."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import aiohttp

from bench.people import FIELDS, person
from bench.series import Series
from enrich_stream.person import Field, Identifier, Outcome
from enrich_stream.providers.base import Question
from enrich_stream.providers.endpoint import EndpointProvider
from enrich_stream.providers.endpoint.protocol import question_body

CALLS = 2000
AT_ONCE = 50
_DEADLINE_SECONDS = 60.0


async def measure_provider_call(url: str, rounds: int) -> Series:
    """Processor time of a question, in turns."""
    found = Series("CPU of a provider call", "µs")
    provider = EndpointProvider(url, concurrency=AT_ONCE)
    await provider.start()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=AT_ONCE)) as http:

        async def ask(question: Question) -> None:
            answer = await provider.ask(question)
            if answer.findings[Field.EMAIL].outcome is not Outcome.FOUND:
                raise RuntimeError("the provider was not understood")

        async def ask_bare(question: Question) -> None:
            async with http.post(url, data=question_body(question)) as response:
                await response.read()

        for _ in range(rounds):
            found.add("provider `endpoint`", await _cost(ask))
            found.add("bare aiohttp", await _cost(ask_bare))
    await provider.stop()
    return found


async def _cost(ask: Callable[[Question], Awaitable[None]]) -> float:
    slots = asyncio.Semaphore(AT_ONCE)
    deadline = asyncio.get_running_loop().time() + _DEADLINE_SECONDS

    async def one(number: int) -> None:
        question = Question(
            identifier=Identifier.parse(person(number).identifier),
            fields=frozenset(Field(name) for name in FIELDS),
            deadline=deadline,
        )
        async with slots:
            await ask(question)

    started = time.process_time()
    await asyncio.gather(*(one(number) for number in range(CALLS)))
    return (time.process_time() - started) / CALLS * 1e6
