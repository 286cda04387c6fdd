"""Reads of finished 100-item jobs, beside bare Starlette that answers the same bytes from memory.

Needs no Kafka: a front door's local copy is filled as its standby would fill it, then both servers
are asked in turn. A ratio of 1 would mean that reading a job costs nothing.

    python bench/reads.py [--jobs 10000] [--rounds 5] [--seconds 3]
"""

import argparse
import asyncio
import contextlib
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import aiohttp
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from api.app import create_api
from api.change import Change
from api.events import OpenStreams
from api.job_store import JobStore
from api.publisher import Publisher, request_producer
from api.rate_limiter import RateLimiter
from api.services import standby_path
from api.standby import Standby, standby_consumer
from enrich_stream import clock, job
from enrich_stream.key_ring import KeyRing, key_consumer
from enrich_stream.person import Field, Outcome
from enrich_stream.records import VERSION, Job, JobItem, SettledItem, encode, raw
from enrich_stream.rocks import RocksMemory
from enrich_stream.settings import Settings
from enrich_stream.stack import free_port
from enrich_stream.topics import load_topics

ITEMS = 100
CONNECTIONS = 8
DOOR, BARE = "front door", "bare Starlette"
BODY = "body.json"
NOWHERE = "127.0.0.1:9"
"""No broker: a known job is answered without one."""


def main() -> None:
    """Fill, measure and print; or serve, when started by itself."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--jobs", type=int, default=10_000, help="jobs of 100 items to store")
    options.add_argument("--rounds", type=int, default=5, help="turns of each server")
    options.add_argument("--seconds", type=float, default=3.0, help="length of a turn")
    options.add_argument("--serve", nargs=3, metavar=("WHAT", "PORT", "DATA"))
    chosen = options.parse_args()
    if chosen.serve:
        what, port, data = chosen.serve
        asyncio.run(_serve(what, int(port), Path(data)))
        return
    with tempfile.TemporaryDirectory(prefix="enrich-stream-bench-") as home:
        _fill(Path(home), chosen.jobs)
        asyncio.run(_measure(Path(home), chosen.jobs, chosen.rounds, chosen.seconds))


def _fill(home: Path, jobs: int) -> None:
    store = _store(home)
    started = time.perf_counter()
    for number in range(jobs):
        items = list(_items(number))
        header = job.settle(job.open_job(_job(number), clock.now()), items, clock.now())
        rows = [
            Change(
                job.item_key(_id(number), item.index).encode(),
                encode(JobItem(version=VERSION, item=item)),
            )
            for item in items
        ]
        headers = [Change(_id(number).encode(), encode(header))]
        offsets = {("changelog", 0): number}
        store.apply(headers=headers, items=rows, offsets=offsets)
    seconds = time.perf_counter() - started
    store.close()
    print(f"{jobs * ITEMS} items stored, {jobs * ITEMS / seconds:,.0f} rows/s with making them")


async def _measure(home: Path, jobs: int, rounds: int, seconds: float) -> None:
    figures: dict[str, list[tuple[float, float, float]]] = {DOOR: [], BARE: []}
    async with _server(DOOR, home) as door:
        # The bare one answers what the door answers.
        (home / BODY).write_bytes(await _get(door, 0))
        async with _server(BARE, home) as bare:
            for turn in range(rounds + 1):
                for server in (bare, door):
                    measured = await _turn(server, jobs, seconds)
                    if turn:  # the first warms up
                        figures[server.what].append(measured)
    middle = {
        what: [statistics.median(column) for column in zip(*turns, strict=True)]
        for what, turns in figures.items()
    }
    for what, (rate, cpu, p99) in middle.items():
        print(f"{what}: {rate:,.0f} GET/s, {cpu:.0f} µs of CPU each, p99 {p99:.1f} ms")
    rates, cpus, _ = zip(middle[DOOR], middle[BARE], strict=True)
    print(f"ratio: {rates[0] / rates[1]:.2f} by requests/s, {cpus[1] / cpus[0]:.2f} by CPU")


async def _turn(server: "_Server", jobs: int, seconds: float) -> tuple[float, float, float]:
    """Requests per second, microseconds of the server's CPU for each, and the p99 in ms."""
    times: list[float] = []
    draw = random.Random(0)  # noqa: S311 - which job is read is no secret
    end, spent = time.perf_counter() + seconds, server.cpu_seconds()

    async def read_on() -> None:
        while (started := time.perf_counter()) < end:
            await _get(server, draw.randrange(jobs))
            times.append(time.perf_counter() - started)

    await asyncio.gather(*(read_on() for _ in range(CONNECTIONS)))
    spent = server.cpu_seconds() - spent
    times.sort()
    p99 = times[int(len(times) * 0.99) - 1]
    return len(times) / seconds, spent / len(times) * 1e6, p99 * 1e3


@dataclass(frozen=True)
class _Server:
    what: str
    pid: int
    http: aiohttp.ClientSession

    def cpu_seconds(self) -> float:
        """What the process has used up to now."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.asynccontextmanager
async def _server(what: str, home: Path) -> AsyncIterator[_Server]:
    port = free_port()
    command = [sys.executable, __file__, "--serve", what, str(port), str(home)]
    with subprocess.Popen(command) as process:  # noqa: ASYNC220 - it takes no time to start one
        try:
            async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http:
                server = _Server(what, process.pid, http)
                await _until_it_answers(server)
                yield server
        finally:
            process.terminate()


async def _get(server: _Server, number: int) -> bytes:
    async with server.http.get(f"/api/enrichments/{_id(number)}") as answer:
        answer.raise_for_status()
        return await answer.read()


async def _until_it_answers(server: _Server) -> None:
    while True:
        try:
            await _get(server, 0)
        except aiohttp.ClientConnectionError:
            await asyncio.sleep(0.1)
        else:
            return


async def _serve(what: str, port: int, home: Path) -> None:
    app = _front_door(home) if what == DOOR else _bare((home / BODY).read_bytes())
    await uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, access_log=False)).serve()


def _bare(body: bytes) -> ASGIApp:
    async def answer(_request: Request) -> Response:
        return Response(body, media_type="application/json")

    return Starlette(routes=[Route("/api/enrichments/{job_id}", answer)])


def _front_door(home: Path) -> ASGIApp:
    settings, topics = Settings(data_dir=home), load_topics()
    standby = Standby(standby_consumer(NOWHERE), topics, _store(home))
    publisher = Publisher(request_producer(NOWHERE, 1), topics, 1)
    return create_api(
        {
            "settings": settings,
            "publisher": publisher,
            "standby": standby,
            "keys": KeyRing(key_consumer(NOWHERE), topics.access_keys),
            "rate_limiter": RateLimiter(None),
            "providers": (),
            "open_streams": OpenStreams(),
        }
    )


def _store(home: Path) -> JobStore:
    settings = Settings(data_dir=home)
    return JobStore(standby_path(settings), RocksMemory(settings).options(), timedelta(days=7))


def _id(number: int) -> str:
    return f"op_{number:026d}"


def _job(number: int) -> Job:
    return Job(
        id=_id(number),
        organisation="default",
        kind="batch",
        total=ITEMS,
        fields=(Field.EMAIL, Field.PHONE),
        accepted_at=clock.now(),
        request_id="r",
    )


def _items(number: int) -> Iterator[SettledItem]:
    for index in range(ITEMS):
        name = f"person-{number}-{index}"
        value = {"value": f"{name}@northwind.example", "provider": "directory", "verified": True}
        contact = {"email": [value["value"]], "phone": ["+442079460190"]}
        given = {"linkedin_url": f"https://www.linkedin.com/in/{name}"}
        fields = {
            "contact.email": {"outcome": "found", "values": [value], "as_of": clock.now()},
            "contact.phone": {"outcome": "found", "values": [value], "as_of": clock.now()},
        }
        yield SettledItem(
            index=index,
            outcome=Outcome.FOUND,
            answer=raw({"identifier": given, "status": "success", "data": {"contact": contact}}),
            evidence=raw({"fields": fields, "trail": [{"provider": "directory", "cost": 0.0}]}),
        )


if __name__ == "__main__":
    main()
