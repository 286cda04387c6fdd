"""A worker without Kafka: agents that look people up, what they send put where it belongs."""

import asyncio
import contextlib

import msgspec
from fake_provider import KEY
from network import network
from pydantic import SecretStr
from recording import TOPICS, RecordingProducer, application
from samples import a_job

from enrich_stream import clock
from enrich_stream.enrichment import Enrichment
from enrich_stream.orders import shipped_orders
from enrich_stream.providers.client import Clock
from enrich_stream.providers.client.settings import ConnectorSettings
from enrich_stream.providers.clients import HttpClients
from enrich_stream.providers.registry import CONNECTORS, verifiers
from enrich_stream.records import VERSION, IdentifierResults, IdentifierTasks, Item, decode, encode
from enrich_stream.settings import Settings
from enrich_stream.verification.verification import Verification

ITEMS_OF_A_RECORD = 12
"""As many of a batch of 100 share one of 8 partitions."""
SENT_BACK = "enrich_identifier", "retry_identifier"


class Kafka(RecordingProducer):
    """Gives what is put back to the agent of retries."""

    def __init__(self):
        super().__init__()
        self.agents, self.settled, self.ended_at = {}, {}, {}
        self._puts = set()
        self.put_back = 0

    def send_soon(self, future):
        message = future.message
        super().send_soon(future)
        topic = message.channel.get_topic_name()
        if topic == TOPICS.results.name:
            results = decode(message.value, IdentifierResults)
            for item in results.items:
                place = results.job.id, item.index
                assert place not in self.settled
                self.settled[place] = item
                self.ended_at[place] = asyncio.get_running_loop().time()
        if topic == TOPICS.retries.name:
            self.put_back += len(decode(message.value, IdentifierTasks).items)
            put = asyncio.create_task(self._retry(message))
            self._puts.add(put)
            put.add_done_callback(self._puts.discard)

    async def _retry(self, message):
        await self.agents["retry_identifier"].put(key=message.key, value=message.value)


class Worker:
    """One worker under test."""

    def __init__(self, kafka, connectors):
        self.kafka, self.connectors = kafka, connectors

    async def look_up(self, *jobs, seconds=7200.0):
        """Send jobs, as pairs of the job and its persons, and return the items that they end as."""
        for job, persons in jobs:
            for record in records_of(job, persons):
                await self.kafka.agents["enrich_identifier"].put(
                    key=job.id.encode(), value=encode(record)
                )
        total = sum(len(persons) for _, persons in jobs)
        async with asyncio.timeout(seconds):
            while len(self.kafka.settled) < total:  # noqa: ASYNC110 - time is virtual here
                await asyncio.sleep(0.05)
        return self.kafka.settled


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
        yield IdentifierTasks(version=VERSION, job=job, items=part)


@contextlib.asynccontextmanager
async def worker(tmp_path, fakes, *, limits=None, **settings):
    """A worker whose connectors ask those fakes and no others."""
    made = Settings(data_dir=tmp_path, **settings)
    clients = HttpClients(made, Clock())
    connectors = [
        connector(
            ConnectorSettings(
                key=SecretStr(KEY),
                base_url=f"http://{connector.name}",
                limits=(limits or {}).get(connector.name, ""),
            ),
            clients,
        )
        for connector in CONNECTORS
        if connector.name in fakes
    ]
    enrichment = Enrichment(connectors, shipped_orders(), Verification(None, verifiers(connectors)))
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(network(fakes))
        for connector in connectors:
            await connector.start()
            stack.push_async_callback(connector.stop)
        app, kafka = await stack.enter_async_context(
            application(tmp_path, enrichment, Kafka(), **settings)
        )
        for name in SENT_BACK:
            kafka.agents[name] = await stack.enter_async_context(app.agents[name].test_context())
        yield Worker(kafka, connectors)
