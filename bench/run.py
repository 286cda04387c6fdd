"""The sections of a run, in order, and the file they are written to."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.fill import fill
from bench.http_load import fetch, post
from bench.machine import machine
from bench.measures.gets import BARE as BARE_GET
from bench.measures.gets import measure_gets
from bench.measures.growth import measure_batches, measure_stored
from bench.measures.items import measure_items
from bench.measures.latency import Ask, ask_through, measure_latency
from bench.measures.posts import BARE as BARE_POST
from bench.measures.posts import measure_posts
from bench.measures.provider_call import ALONE, measure_provider_call
from bench.measures.replicas import ITEMS_AT_ONCE, measure_replicas
from bench.peers.arq import Arq
from bench.peers.celery import Celery
from bench.peers.contender import Contender
from bench.peers.enrich_stream import EnrichStream
from bench.peers.faststream import FastStream
from bench.peers.limit import Limit
from bench.people import FIELDS, Person
from bench.series import markdown
from bench.surroundings import Surroundings

LIMIT = "limit, per item"
RULES = "by our rules"
OURS = "enrich-stream"


@dataclass(slots=True)
class Plan:
    """How much is measured.

    Attributes:
        rounds: Of everything, in turns.
        is_quick: Little of everything, to try it out.
        rates: Items per second of each contender on a provider that answers at once, once known.
    """

    rounds: int
    is_quick: bool
    rates: dict[str, float] = field(default_factory=dict)

    @property
    def stored(self) -> tuple[int, ...]:
        """Items in the installations that growth is measured on."""
        return (1_000, 5_000, 10_000) if self.is_quick else (10_000, 100_000, 1_000_000)

    @property
    def seconds(self) -> float:
        """Of a round of requests."""
        return 1.0 if self.is_quick else 3.0

    @property
    def requests(self) -> int:
        """Of a round of questions one after the other."""
        return 20 if self.is_quick else 80


Section = Callable[[Surroundings, Plan], Awaitable[str]]


async def run(around: Surroundings, plan: Plan, sections: Sequence[str], output: Path) -> None:
    """Measure the sections that are named; what is done is in the file already."""
    started = time.monotonic()
    _write(output, f"# Measured\n\n{machine()}\n", "w")
    for name, section in SECTIONS.items():
        if name not in sections:
            continue
        text = await section(around, plan)
        print(f"\n{text}\n\n[{time.monotonic() - started:.0f} s]", flush=True)
        _write(output, f"\n{text}\n", "a")


@contextlib.asynccontextmanager
async def opened(*contenders: Contender, workers: Sequence[int] = ()) -> AsyncIterator[None]:
    """Contenders that work for as long as the block runs."""
    try:
        for place, contender in enumerate(contenders):
            await contender.open(workers[place] if workers else 1)
        yield
    finally:
        await asyncio.gather(*(contender.close() for contender in contenders))


def contenders(around: Surroundings, delay_ms: int) -> list[Contender]:
    """Everybody, on a provider that takes so long."""
    return [
        Limit(around, f"limit-item-{delay_ms}", delay_ms, "per item"),
        Limit(around, f"limit-group-{delay_ms}", delay_ms, "grouped"),
        Limit(around, f"limit-rules-{delay_ms}", delay_ms, RULES),
        FastStream(around, f"faststream-{delay_ms}", delay_ms),
        Celery(around, f"celery-{delay_ms}", delay_ms),
        Arq(around, f"arq-{delay_ms}", delay_ms),
        EnrichStream(around, f"items-{delay_ms}-", delay_ms),
    ]


async def items(around: Surroundings, plan: Plan) -> str:
    """Items per second of one worker."""
    parts = ["## Items: batches of 100, one worker process"]
    for delay_ms in (0, 50):
        everybody = contenders(around, delay_ms)
        async with opened(*everybody):
            found = await measure_items(around, everybody, plan.rounds, f"{delay_ms} ms")
        parts.append(markdown(found.all(), LIMIT))
        if delay_ms == 0:
            plan.rates.update({name: found.rate.median(name) for name in found.rate.values})
    return "\n\n".join(parts)


async def latency(around: Surroundings, plan: Plan) -> str:
    """One person at a time."""
    # The rules take their time of each item, which is told by the items already.
    everybody = [one for one in contenders(around, 0) if RULES not in one.name]
    ours = everybody[-1]
    async with opened(*everybody):
        asks: dict[str, Ask] = {one.name: ask_through(one) for one in everybody}
        if isinstance(ours, EnrichStream):
            asks[ours.name] = _ask_over_http(ours.open_door())
        for one in everybody:
            await asks[one.name](
                Person({"linkedin_url": "https://linkedin.com/in/a"}, "linkedin_url:a")
            )
        found = []
        for title, load in (("unloaded", {}), ("half load", _halves(plan.rates))):
            times = await measure_latency(
                everybody, asks, rounds=plan.rounds, requests=plan.requests, load=load, title=title
            )
            found += [times.median, times.p99]
    return (
        "## One person, asked and answered (provider 0 ms)\n\n"
        "enrich-stream is asked over HTTP and answers 200 with the data; the others are asked by a"
        f" client of their own.\n\n{markdown(found, LIMIT)}"
    )


async def posts(around: Surroundings, plan: Plan) -> str:
    """Batches accepted."""
    found = await measure_posts(around, plan.rounds, plan.seconds)
    return f"## Batches of 100 accepted over HTTP\n\n{markdown(found, BARE_POST)}"


async def stored(around: Surroundings, plan: Plan) -> str:
    """Reads, and work beside stored items."""
    installations: dict[int, EnrichStream] = {}
    async with contextlib.AsyncExitStack() as stack:
        for count in plan.stored:
            one = EnrichStream(around, f"stored-{count}-", 0)
            await stack.enter_async_context(opened(one, workers=[0]))
            job_ids = await fill(around.kafka, one.topics, count)
            installations[count] = one
        gets = await measure_gets(around, one, job_ids, plan.rounds, plan.seconds)
        one.stop_door()
        for one in installations.values():
            one.start_worker()
        growth = await measure_stored(installations, plan.rounds)
    return (
        f"## Finished jobs of 100 items read over HTTP\n\n{markdown(gets, BARE_GET)}\n\n"
        f"## Growth: stored items\n\n{markdown([growth], f'{plan.stored[0]:,} stored')}"
    )


async def batches(around: Surroundings, plan: Plan) -> str:
    """Sizes of batches."""
    one = EnrichStream(around, "batches-", 0)
    async with opened(one):
        found = await measure_batches(one, plan.rounds)
    return f"## Growth: persons in a batch\n\n{markdown([found], 'batches of 10')}"


async def replicas(around: Surroundings, plan: Plan) -> str:
    """Numbers of workers."""
    pace = {"ENRICH_ITEM_CONCURRENCY": str(ITEMS_AT_ONCE)}
    groups = {count: EnrichStream(around, f"replicas-{count}-", 50, pace) for count in (1, 2, 4)}
    async with opened(*groups.values(), workers=list(groups)):
        found = await measure_replicas(groups, plan.rounds)
    return f"## Workers\n\n{markdown([found], '1 worker')}"


async def provider_call(_around: Surroundings, plan: Plan) -> str:
    """One question."""
    found = await measure_provider_call(plan.rounds)
    return f"## A call to a provider\n\n{markdown([found], ALONE)}"


SECTIONS: dict[str, Section] = {
    "items": items,
    "latency": latency,
    "posts": posts,
    "stored": stored,
    "batches": batches,
    "replicas": replicas,
    "provider-call": provider_call,
}


def _write(output: Path, text: str, mode: str) -> None:
    with output.open(mode) as file:
        file.write(text)


def _halves(rates: dict[str, float]) -> dict[str, float]:
    return {name: rate / 2 for name, rate in rates.items()} or {OURS: 500.0}


def _ask_over_http(port: int) -> Ask:
    async def ask(person: Person) -> None:
        identifier = f'{{"linkedin_url":"{person.given["linkedin_url"]}"}}'
        fields = ",".join(f'"{name}"' for name in FIELDS)
        body = f'{{"identifier":{identifier},"fields":[{fields}]}}'
        answer = await fetch(port, post("/api/enrichments", body.encode()))
        if b"@northwind.example" not in answer:
            raise RuntimeError("the answer came too late, or is wrong")

    return ask
