"""A front door on a Kafka that is lists in memory: all of ours is real, the broker is not."""

import asyncio
import contextlib
import inspect
from collections import defaultdict
from datetime import timedelta
from types import SimpleNamespace

import httpx2
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError
from samples import AT

from api.app import create_api
from api.events import OpenStreams
from api.job_store import JobStore
from api.publisher import Publisher
from api.rate_limiter import RateLimiter
from api.server import ApiServer, http_config, listen_on
from api.standby import Standby
from enrich_stream import job
from enrich_stream.access_keys import create_key
from enrich_stream.key_ring import KeyRing
from enrich_stream.partitions import partition_of
from enrich_stream.providers.registry import make_providers
from enrich_stream.records import (
    VERSION,
    CancellationRequested,
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
        self.refuses_requests = False
        self.on_request = lambda _: None
        self.on_cancellation = lambda _: None
        self._grown = asyncio.Event()

    def append(self, topic, key, value):
        partition = TopicPartition(topic.name, partition_of(key.decode(), topic.partitions))
        offset = len(self.logs[partition])
        self.logs[partition].append(SimpleNamespace(key=key, value=value, offset=offset))
        self._grown.set()
        return partition, offset

    def append_raw(self, role, key, value):
        """Append to the topic that has ``role``."""
        self.append(getattr(TOPICS, role), key, value)

    def accept(self, record):
        """Write what a front door writes when a job is accepted."""
        request = EnrichmentRequested(version=VERSION, job=record, items=())
        self.append(TOPICS.requests, record.id.encode(), encode(request))

    def drop(self, record):
        """Write what a worker writes when a job is no longer kept."""
        for index in range(record.total):
            self._append_item(record, index, None)
        self.append(TOPICS.jobs_changelog, record.id.encode(), None)

    def settle(self, record, *items, is_cancelled=False):
        """Write what a worker writes when ``items`` of a job are settled, or it is cancelled."""
        header = job.settle(job.open_job(record, AT), items, AT)
        header = job.cancel(header, AT) if is_cancelled else header
        for item in items:
            self._append_item(record, item.index, encode(JobItem(version=VERSION, item=item)))
        self.append(TOPICS.jobs_changelog, record.id.encode(), encode(header))

    def _append_item(self, record, index, row):
        partition = partition_of(record.id, TOPICS.job_items_changelog.partitions)
        log = self.logs[TopicPartition(TOPICS.job_items_changelog.name, partition)]
        key = job.item_key(record.id, index).encode()
        log.append(SimpleNamespace(key=key, value=row, offset=len(log)))

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
        if not self._kafka.is_up or (topic in REQUESTS and self._kafka.refuses_requests):
            raise KafkaConnectionError
        partition, offset = self._kafka.append(TOPICS.by_name(topic), key, value)
        if topic in REQUESTS:
            self._kafka.on_request(decode(value, EnrichmentRequested))
        if topic == TOPICS.cancellations.name:
            self._kafka.on_cancellation(decode(value, CancellationRequested))
        return SimpleNamespace(topic_partition=partition, offset=offset)


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
async def front_door(data_dir, kafka, **settings):
    """A client of a front door that talks to ``kafka``."""
    async with open_door(data_dir, kafka, **settings) as (_, app):
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://door.example") as http:
            yield http


@contextlib.asynccontextmanager
async def served_front_door(data_dir, kafka, **settings):
    """The same behind the real server on the loopback; gives its client and its services."""
    async with services(data_dir, kafka, **settings) as state:
        listener = listen_on("127.0.0.1", 0)
        server = ApiServer(http_config(create_api(state), state["settings"]))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            await until(lambda: server.started)
            async with httpx2.AsyncClient(base_url=url, timeout=60) as http:
                yield http, state
        finally:
            state["standby"].dismiss(within_seconds=0)
            server.should_exit = True
            await serving


@contextlib.asynccontextmanager
async def services(data_dir, kafka, **settings):
    """What a front door stands on, with ``kafka`` below it."""
    settings = Settings(data_dir=data_dir, **settings)
    store = job_store(settings)
    standby = Standby(MemoryConsumer(kafka), TOPICS, store)
    url = settings.redis_url
    limiter = RateLimiter(url.get_secret_value() if url else None)
    await standby.start()
    try:
        async with KeyRing(MemoryConsumer(kafka), TOPICS.access_keys) as keys:
            yield {
                "settings": settings,
                "keys": keys,
                "rate_limiter": limiter,
                "standby": standby,
                "publisher": Publisher(
                    MemoryProducer(kafka), TOPICS, settings.publish_timeout_seconds
                ),
                "providers": make_providers(settings),
                "open_streams": OpenStreams(),
            }
    finally:
        await standby.stop()
        await limiter.close()


def job_store(settings):
    return JobStore(
        settings.data_dir / "standby",
        RocksMemory(settings).options(),
        timedelta(days=settings.retention_days),
    )


async def ready(http):
    """Return once the front door has read what was there when it started."""

    async def is_ready():
        return (await http.get("/health/ready")).status_code == 200

    await until(is_ready)


async def until(condition, seconds=20):
    """Return once ``condition`` holds, which may have to be awaited."""
    async with asyncio.timeout(seconds):
        while True:
            holds = condition()
            if (await holds) if inspect.isawaitable(holds) else holds:
                return
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def open_door(data_dir, kafka, **settings):
    """The services and the application of a front door that talks to ``kafka``."""
    async with services(data_dir, kafka, **settings) as state:
        app = create_api(state)

        async def with_state(scope, receive, send):
            # The client runs no lifespan, from which a server takes the state.
            await app({**scope, "state": dict(state)}, receive, send)

        yield state, with_state


def add_key(kafka, organisation="default", **details):
    """A new key on the topic of keys, and the headers that go with it."""
    key, secret = create_key(organisation, **details)
    put_key(kafka, key)
    return key, {"X-Access-Key": key.id, "X-Secret-Key": secret}


def put_key(kafka, key):
    kafka.append(TOPICS.access_keys, key.id.encode(), encode(key))
