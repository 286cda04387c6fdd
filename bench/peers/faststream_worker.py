"""The FastStream application: three subscribers on Kafka and the job's state in Redis.

As its documentation has it: pydantic models, batches of messages where many are to be handled at
once, and acknowledgement after the handler.

    faststream run bench.peers.faststream_worker:app
"""

import asyncio
import os
from typing import Any

import aiohttp
import redis.asyncio
from faststream import AckPolicy, FastStream
from faststream.kafka import KafkaBroker
from pydantic import BaseModel

PREFIX = os.environ["BENCH_QUEUE"]
PROVIDER_URL = os.environ["BENCH_PROVIDER_URL"]
AT_ONCE = int(os.environ["BENCH_ITEMS_AT_ONCE"])

broker = KafkaBroker(os.environ["BENCH_KAFKA"], acks="all")
app = FastStream(broker)
store = redis.asyncio.Redis.from_url(os.environ["BENCH_REDIS_URL"])
http: dict[str, aiohttp.ClientSession] = {}


class Item(BaseModel):
    """One person of a batch."""

    index: int
    given: dict[str, str]
    identifier: str


class Request(BaseModel):
    """A batch."""

    id: str
    fields: list[str]
    items: list[Item]


class Task(BaseModel):
    """One item to be done."""

    job_id: str
    total: int
    fields: list[str]
    item: Item


class Result(BaseModel):
    """One item that is done."""

    job_id: str
    total: int
    index: int
    outcome: str
    answer: dict[str, Any]
    evidence: dict[str, Any]


tasks = broker.publisher(f"{PREFIX}-tasks")
results = broker.publisher(f"{PREFIX}-results")


@app.after_startup
async def open_session() -> None:
    """One HTTP session for the process."""
    http["session"] = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))


@app.on_shutdown
async def close_session() -> None:
    """Close it."""
    await http["session"].close()


def subscriber(topic: str, **options: Any) -> Any:
    """A subscriber that acknowledges what it has handled."""
    return broker.subscriber(
        f"{PREFIX}-{topic}",
        group_id=PREFIX,
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.NACK_ON_ERROR,
        **options,
    )


@subscriber("requests")
async def split(request: Request) -> None:
    """A batch becomes a task for each item."""
    await asyncio.gather(
        *(
            tasks.publish(
                Task(job_id=request.id, total=len(request.items), fields=request.fields, item=item),
                key=item.identifier.encode(),
            )
            for item in request.items
        )
    )


@subscriber("tasks", batch=True, max_records=AT_ONCE)
async def enrich(batch: list[Task]) -> None:
    """Tasks are looked up side by side."""
    await asyncio.gather(*(_enrich(task) for task in batch))


async def _enrich(task: Task) -> None:
    kind, _, value = task.item.identifier.partition(":")
    question = {"identifier": {"kind": kind, "value": value}, "fields": task.fields}
    async with http["session"].post(PROVIDER_URL, json=question) as response:
        response.raise_for_status()
        said = await response.json()
    values = {
        name.removeprefix("contact."): [value["value"] for value in field.get("values", ())]
        for name, field in said["fields"].items()
    }
    answer = {"identifier": task.item.given, "status": "success", "data": {"contact": values}}
    await results.publish(
        Result(
            job_id=task.job_id,
            total=task.total,
            index=task.item.index,
            outcome="found" if any(values.values()) else "absent",
            answer=answer,
            evidence=said,
        ),
        key=task.job_id.encode(),
    )


@subscriber("results", batch=True, max_records=AT_ONCE)
async def settle(batch: list[Result]) -> None:
    """Results become fields of the job's hash; the last one ends the job."""
    async with store.pipeline(transaction=False) as pipe:
        for result in batch:
            pipe.hset(f"{result.job_id}:items", str(result.index), result.model_dump_json())
        await pipe.execute()
    totals = {result.job_id: result.total for result in batch}
    async with store.pipeline(transaction=False) as pipe:
        for job_id in totals:
            pipe.hlen(f"{job_id}:items")
        settled = dict(zip(totals, await pipe.execute(), strict=True))
    for job_id, total in totals.items():
        if settled[job_id] == total:
            await store.hset(job_id, "status", "succeeded")
