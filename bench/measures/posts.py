"""Batches of 100 accepted per second, beside bare Starlette and aiokafka sending the same bytes."""

import itertools
import sys
from collections.abc import Iterator

import msgspec

from bench.http_load import fetch, post, saturate
from bench.peers.enrich_stream import EnrichStream
from bench.people import FIELDS, Crowd
from bench.processes import cpu_seconds, running, until
from bench.series import Series
from bench.surroundings import Surroundings, listens
from bench.topics import create_topics
from enrich_stream.stack import free_port

OURS, BARE = "enrich-stream", "bare Starlette + aiokafka"
_TOPIC = "bare-requests"
_NO_LIMIT = {"ENRICH_MAX_OPEN_JOBS": "1000000000", "ENRICH_ORGANISATION_OPEN_JOBS": "1000000000"}


async def measure_posts(around: Surroundings, rounds: int, seconds: float) -> list[Series]:
    """A front door with no worker behind it, and the bare one, in turns."""
    rate, cost = Series("POST/s of 100 persons", "one process"), Series("CPU of a POST", "µs")
    ours = EnrichStream(around, "posts-", 0, _NO_LIMIT)
    await ours.open(workers=0)
    await create_topics(around.kafka, [_TOPIC], 8)
    port = free_port()
    command = [sys.executable, "-m", "bench.bare", "post", str(port), around.kafka, _TOPIC]
    with running(command, around.home / "logs" / "bare-post.log") as bare:
        until(lambda: listens(port), bare, "bare Starlette")
        servers = {OURS: (ours.open_door(), ours.door_pid()), BARE: (port, bare.pid)}
        bodies = itertools.cycle(_requests())
        for server_port, _ in servers.values():
            await fetch(server_port, next(bodies))
            await saturate(server_port, bodies, 1.0)
        for _ in range(rounds):
            for name, (server_port, pid) in servers.items():
                used = cpu_seconds([pid])
                load = await saturate(server_port, bodies, seconds)
                rate.add(name, load.rate)
                cost.add(name, (cpu_seconds([pid]) - used) / len(load.latencies) * 1e6)
    await ours.close()
    return [rate, cost]


def _requests() -> Iterator[bytes]:
    crowd = Crowd()
    for _ in range(200):
        persons = [one.given for one in crowd.batch()]
        body = msgspec.json.encode({"identifiers": persons, "fields": FIELDS})
        yield post("/api/enrichments", body)
