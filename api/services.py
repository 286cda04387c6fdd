"""The long-lived parts of a front door: what they are, and how they begin and end."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TypedDict

from api.events import OpenStreams
from api.job_store import JobStore
from api.publisher import Publisher, request_producer
from api.rate_limiter import RateLimiter
from api.standby import Standby, standby_consumer
from api.standby_retention import StandbyRetention
from enrich_stream.key_ring import KeyRing, key_consumer
from enrich_stream.providers.base import Provider
from enrich_stream.providers.registry import make_providers
from enrich_stream.rocks import RocksMemory
from enrich_stream.settings import Settings
from enrich_stream.topics import Topics


class Services(TypedDict):
    """What every handler finds in ``request.state``.

    The providers are never started here: only what they are able to answer is asked.
    """

    settings: Settings
    keys: KeyRing
    rate_limiter: RateLimiter
    publisher: Publisher
    standby: Standby
    providers: Sequence[Provider]
    open_streams: OpenStreams


def standby_path(settings: Settings) -> Path:
    """Where the standby keeps its copy."""
    return settings.data_dir / "standby"


@contextlib.asynccontextmanager
async def open_services(settings: Settings, topics: Topics) -> AsyncIterator[Services]:
    """Connect to Kafka, whose topics are there; ``StorageError`` when the data is in use."""
    servers, seconds = settings.kafka_bootstrap_servers, settings.publish_timeout_seconds
    url = settings.redis_url
    store = JobStore(
        standby_path(settings),
        RocksMemory(settings).options(),
        timedelta(days=settings.retention_days),
    )
    standby = Standby(standby_consumer(servers), topics, store)
    publisher = Publisher(request_producer(servers, seconds, settings.compression), topics, seconds)
    keys = KeyRing(key_consumer(servers), topics.access_keys)
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(keys)
        rate_limiter = RateLimiter(url.get_secret_value() if url else None)
        stack.push_async_callback(rate_limiter.close)
        stack.push_async_callback(standby.stop)
        await standby.start()
        stack.push_async_callback(publisher.stop)
        await publisher.start()
        sweeping = asyncio.create_task(StandbyRetention(store, settings).sweep_for_ever())
        stack.callback(sweeping.cancel)
        yield {
            "settings": settings,
            "keys": keys,
            "rate_limiter": rate_limiter,
            "publisher": publisher,
            "standby": standby,
            "providers": make_providers(settings),
            "open_streams": OpenStreams(),
        }
