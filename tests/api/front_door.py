"""A front door on a Kafka that is lists in memory: all of ours is real, the broker is not."""

import asyncio
import contextlib
from collections import defaultdict
from datetime import timedelta
from types import SimpleNamespace

import httpx2
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError
from samples import AT

from api.app import create_api
from api.job_store import JobStore
from api.publisher import Publisher
from api.rate_limiter import RateLimiter
from api.standby import Standby
from enrich_stream import job
from enrich_stream.access_keys import create_key
from enrich_stream.key_ring import KeyRing
from enrich_stream.partitions import partition_of
from enrich_stream.records import (
    VERSION,
    EnrichmentRequested,
    JobItem,
    decode,
    encode,
)
from enrich_stream.rocks import RocksMemory
from enrich_stream.settings import Settings
from enrich_stream.topics import load_topics

TOPICS = load_topics()
REQUESTS = {TOPICS.requests.name, TOPICS.sync_requests.name}


class MemoryKafka:
    """Topic partitions as lists; may be switched off, and may hold back what it delivers."""

    def __init__(self):
        self.logs = defaultdict(list)
        self.is_up = True
        self.delivers = True
        self.on_request = lambda _: None
        self._grown = asyncio.Event()

    def append(self, topic, key, value):
        partition = TopicPartition(topic.name, partition_of(key.decode(), topic.partitions))
        offset = len(self.logs[partition])
        self.logs[partition].append(SimpleNamespace(key=key, value=value, offset=offset))
        self._grown.set()

    def append_raw(self, role, key, value):
        """Append to the topic that has ``role``."""
        self.append(getattr(TOPICS, role), key, value)

    def settle(self, record, *items):
        """Write what a worker writes when ``items`` of a job are settled."""
        header = job.settle(job.open_job(record, AT), items, AT)
        for item in items:
            partition = partition_of(record.id, TOPICS.job_items_changelog.partitions)
            log = self.logs[TopicPartition(TOPICS.job_items_changelog.name, partition)]
            row = encode(JobItem(version=VERSION, item=item))
            key = job.item_key(record.id, item.index).encode()
            log.append(SimpleNamespace(key=key, value=row, offset=len(log)))
        self.append(TOPICS.jobs_changelog, record.id.encode(), encode(header))

    @property
    def requests(self):
        return [
            decode(record.value, EnrichmentRequested)
            for partition, log in self.logs.items()
            if partition.topic in REQUESTS
            for record in log
        ]

    async def wait_for_more(self, seconds):
        self._grown.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._grown.wait()


class MemoryProducer:
    """The calls of aiokafka's producer that the publisher makes."""

    def __init__(self, kafka):
        self._kafka = kafka

    async def start(self):
        """Nothing to connect."""

    async def stop(self):
        """Nothing to disconnect."""

    async def send_and_wait(self, topic, value, key):
        if not self._kafka.is_up:
            raise KafkaConnectionError
        self._kafka.append(TOPICS.by_name(topic), key, value)
        if topic in REQUESTS:
            self._kafka.on_request(decode(value, EnrichmentRequested))


class MemoryConsumer:
    """The calls of aiokafka's consumer that the standby makes."""

    def __init__(self, kafka):
        self._kafka = kafka
        self._positions = {}

    async def start(self):
        """Nothing to connect."""

    async def stop(self):
        """Nothing to disconnect."""

    def assign(self, partitions):
        self._positions = dict.fromkeys(partitions, 0)

    def seek(self, partition, offset):
        self._positions[partition] = offset

    async def position(self, partition):
        return self._positions[partition]

    async def end_offsets(self, partitions):
        if not self._kafka.is_up:
            raise KafkaConnectionError
        return {partition: len(self._kafka.logs[partition]) for partition in partitions}

    async def getmany(self, *, timeout_ms, **_bounds):
        records = self._take()
        if not records:
            await self._kafka.wait_for_more(min(timeout_ms / 1000, 0.02))
            records = self._take()
        return records

    def _take(self):
        if not (self._kafka.is_up and self._kafka.delivers):
            return {}
        found = {p: self._kafka.logs[p][at:] for p, at in self._positions.items()}
        found = {p: records for p, records in found.items() if records}
        for partition, records in found.items():
            self._positions[partition] += len(records)
        return found


@contextlib.asynccontextmanager
async def open_door(data_dir, kafka, **settings):
    """The services and the application of a front door that talks to ``kafka``."""
    settings = Settings(data_dir=data_dir, **settings)
    store = JobStore(
        data_dir / "standby",
        RocksMemory(settings).options(),
        timedelta(days=settings.retention_days),
    )
    standby = Standby(MemoryConsumer(kafka), TOPICS, store)
    publisher = Publisher(MemoryProducer(kafka), TOPICS, settings.publish_timeout_seconds)
    url = settings.redis_url
    limiter = RateLimiter(url.get_secret_value() if url else None)
    async with KeyRing(MemoryConsumer(kafka), TOPICS.access_keys) as keys:
        await standby.start()
        services = {
            "settings": settings,
            "keys": keys,
            "rate_limiter": limiter,
            "standby": standby,
            "publisher": publisher,
        }
        app = create_api(services)

        async def with_state(scope, receive, send):
            # The client runs no lifespan, from which a server takes the state.
            await app({**scope, "state": dict(services)}, receive, send)

        try:
            yield services, with_state
        finally:
            await standby.stop()
            await limiter.close()


@contextlib.asynccontextmanager
async def front_door(data_dir, kafka, **settings):
    """A client of a front door that talks to ``kafka``."""
    async with open_door(data_dir, kafka, **settings) as (_, app):
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://door.example") as http:
            yield http


def add_key(kafka, organisation="default", **details):
    """A new key on the topic of keys, and the headers that go with it."""
    key, secret = create_key(organisation, **details)
    put_key(kafka, key)
    return key, {"X-Access-Key": key.id, "X-Secret-Key": secret}


def put_key(kafka, key):
    kafka.append(TOPICS.access_keys, key.id.encode(), encode(key))
