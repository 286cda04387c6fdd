"""The arq worker: a job for each person, counted in Redis, as arq's documentation has it.

arq bench.peers.arq_worker.WorkerSettings
"""

import os
from typing import Any

import aiohttp
import msgspec
from arq.connections import RedisSettings

AT_ONCE = int(os.environ["BENCH_ITEMS_AT_ONCE"])


async def enrich(
    ctx: dict[str, Any], batch: dict[str, Any], index: int, given: dict[str, str], identifier: str
) -> None:
    """One person; the result is a field of the batch's hash."""
    kind, _, value = identifier.partition(":")
    question = {"identifier": {"kind": kind, "value": value}, "fields": batch["fields"]}
    async with ctx["http"].post(ctx["provider"], data=msgspec.json.encode(question)) as response:
        response.raise_for_status()
        said = msgspec.json.decode(await response.read())
    values = {
        name.removeprefix("contact."): [value["value"] for value in field.get("values", ())]
        for name, field in said["fields"].items()
    }
    result = {
        "outcome": "found" if any(values.values()) else "absent",
        "answer": {"identifier": given, "status": "success", "data": {"contact": values}},
        "evidence": said,
    }
    await _settle(ctx, batch, index, msgspec.json.encode(result))


async def _settle(ctx: dict[str, Any], batch: dict[str, Any], index: int, result: bytes) -> None:
    # Set and counted, never incremented: a repeated job changes nothing.
    items, job = f"{batch['id']}:items", batch["id"]
    async with ctx["redis"].pipeline(transaction=True) as pipe:
        pipe.hset(items, str(index), result)
        pipe.hlen(items)
        _, settled = await pipe.execute()
    if settled == batch["total"]:
        await ctx["redis"].hset(job, "status", "succeeded")


async def startup(ctx: dict[str, Any]) -> None:
    """One HTTP session for the process."""
    ctx["http"] = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
    ctx["provider"] = os.environ["BENCH_PROVIDER_URL"]


async def shutdown(ctx: dict[str, Any]) -> None:
    """Close it."""
    await ctx["http"].close()


class WorkerSettings:
    """As arq reads them."""

    functions = (enrich,)
    on_startup = startup
    on_shutdown = shutdown
    redis_settings = RedisSettings.from_dsn(os.environ["BENCH_REDIS_URL"])
    queue_name = os.environ["BENCH_QUEUE"]
    max_jobs = AT_ONCE
    # By default it looks for work twice a second and takes at most ``max_jobs`` each time.
    poll_delay = 0.01
    # The results are in the batch's hash already.
    keep_result = 0
    log_results = False
