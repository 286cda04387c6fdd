"""A worker without Kafka: agents that look people up, what they send put where it belongs."""

import asyncio
import contextlib
from collections import defaultdict

import msgspec
from fake_provider import KEY
from network import network
from pydantic import SecretStr
from recording import TOPICS, RecordingProducer, application
from samples import a_job

from enrich_stream import clock
from enrich_stream.enrichment import Enrichment
from enrich_stream.orders import shipped_orders
from enrich_stream.providers.client.settings import ConnectorSettings
from enrich_stream.providers.clients import HttpClients
from enrich_stream.providers.registry import CONNECTORS, verifiers
from enrich_stream.records import VERSION, IdentifierResults, IdentifierTasks, Item, decode, encode
from enrich_stream.settings import Settings
from enrich_stream.verification.verification import Verification

ITEMS_OF_A_RECORD = 12
"""As many of a batch of 100 share one of 8 partitions."""
BATCHES, SYNC, RETRIES = "enrich_identifier", "enrich_sync_identifier", "retry_identifier"


class Kafka(RecordingProducer):
    """Gives what is put back to the agent of retries, and keeps what has ended.

    Attributes:
        settled: The items as they ended, by job and index.
        ended_at: When they did, in virtual seconds.
        put_back: How often a person was put back.
        end_of: Is set when an item has ended, by job and index.
    """

    def __init__(self):
        super().__init__()
        self.settled, self.ended_at, self.put_back = {}, {}, 0
        self.agents = {}
        self._puts = set()
        self.end_of = defaultdict(asyncio.Event)

    def take(self, message):
        super().take(message)
        if message.topic == TOPICS.results.name:
            self._settle(decode(message.value, IdentifierResults))
        elif message.topic == TOPICS.retries.name:
            self.put_back += len(decode(message.value, IdentifierTasks).items)
            put = asyncio.create_task(self.put(RETRIES, message.key, message.value))
            self._puts.add(put)
            put.add_done_callback(self._puts.discard)

    async def put(self, agent, key, value):
        await self.agents[agent].put(key=key, value=value)

    def _settle(self, results):
        for item in results.items:
            place = results.job.id, item.index
            assert place not in self.settled
            self.settled[place] = item
            self.ended_at[place] = asyncio.get_running_loop().time()
            self.end_of[place].set()


class Worker:
    """One worker under test, its connectors asking fakes."""

    def __init__(self, kafka, connectors):
        self.kafka, self.connectors = kafka, connectors

    async def look_up(self, *jobs, lane=BATCHES, seconds=7200.0):
        """Send jobs, each with its persons, and return the items as they end, by job and index."""
        for job, persons in jobs:
            for record in records_of(job, persons):
                await self.kafka.put(lane, job.id.encode(), encode(record))
        places = [(job.id, index) for job, persons in jobs for index in range(len(persons))]
        async with asyncio.timeout(seconds):
            for place in places:
                await self.kafka.end_of[place].wait()
        return {place: self.kafka.settled[place] for place in places}


def a_batch(number, persons, *fields, **options):
    job = a_job(len(persons), job_id=f"op_{number}", fields=fields, **options)
    return msgspec.structs.replace(job, accepted_at=clock.now()), persons


def records_of(job, persons):
    items = [
        Item(
            index=index,
            given={person.identifier.kind.value: person.identifier.value},
            identifier=str(person.identifier),
        )
        for index, person in enumerate(persons)
    ]
    for first in range(0, len(items), ITEMS_OF_A_RECORD):
        part = tuple(items[first : first + ITEMS_OF_A_RECORD])
        yield IdentifierTasks(
            version=VERSION, job=job, items=part, max_provider_calls=job.options.max_provider_calls
        )


def fields_of(item):
    return msgspec.json.decode(item.evidence)["fields"]


def trail_of(item):
    return msgspec.json.decode(item.evidence)["trail"]


@contextlib.asynccontextmanager
async def worker(tmp_path, *fakes, limits=None, timeout_seconds=10.0, between=network, **settings):
    """A worker whose connectors ask those fakes and no others."""
    fakes = {fake.name: fake for fake in fakes}
    clients = HttpClients(Settings(data_dir=tmp_path, **settings))
    async with contextlib.AsyncExitStack() as stack:
        urls = await stack.enter_async_context(between(fakes))
        connectors = [
            connector(
                ConnectorSettings(
                    key=SecretStr(KEY),
                    base_url=urls[connector.name],
                    limits=(limits or {}).get(connector.name, ""),
                    timeout_seconds=timeout_seconds,
                ),
                clients,
            )
            for connector in CONNECTORS
            if connector.name in fakes
        ]
        verification = Verification(None, verifiers(connectors))
        enrichment = Enrichment(connectors, shipped_orders(), verification)
        for connector in connectors:
            await connector.start()
            stack.push_async_callback(connector.stop)
        app, kafka = await stack.enter_async_context(
            application(tmp_path, enrichment, Kafka(), **settings)
        )
        for name in (BATCHES, SYNC, RETRIES):
            kafka.agents[name] = await stack.enter_async_context(app.agents[name].test_context())
        yield Worker(kafka, connectors)
