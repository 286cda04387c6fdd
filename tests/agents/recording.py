"""The edge of an agent in tests: a producer that keeps what is sent instead of a broker."""

import asyncio
import contextlib
from dataclasses import dataclass
from types import SimpleNamespace

from aiokafka.producer.message_accumulator import BatchBuilder

from enrich_stream.app import create_app
from enrich_stream.enrichment import Enrichment
from enrich_stream.settings import Settings
from enrich_stream.topics import MAX_RECORD_BYTES, load_topics

TOPICS = load_topics()


@dataclass(frozen=True)
class Message:
    """A record as it was sent."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


class Batch(BatchBuilder):
    """Records that are sent together; can be read again."""

    def __init__(self):
        super().__init__(MAX_RECORD_BYTES, 0)
        self.records = []

    def append(self, *, timestamp, key, value, headers):
        taken = super().append(timestamp=timestamp, key=key, value=value, headers=headers)
        if taken is not None:
            self.records.append((key, value, tuple(headers)))
        return taken


class RecordingProducer:
    """Takes what the app sends; acknowledges at once, or when ``release`` is called."""

    def __init__(self):
        self.sent = []
        self._held = []
        self._holds = nothing

    def hold(self, *topics):
        """From now on acknowledge nothing, or nothing that is sent to those topics."""
        names = {topic.name for topic in topics}
        self._holds = names.__contains__ if names else everything

    def release(self):
        """Acknowledge everything that was held back."""
        held, self._held, self._holds = self._held, [], nothing
        for acknowledge in held:
            acknowledge()

    def on(self, topic):
        """The messages that were sent to a topic."""
        return [message for message in self.sent if message.topic == topic.name]

    def create_batch(self):
        return Batch()

    async def send_batch(self, batch, topic, *, partition):
        first = len(self.on_partition(topic, partition))
        for record in batch.records:
            self.take(Message(topic, partition, *record))
        taken = asyncio.get_running_loop().create_future()
        metadata = SimpleNamespace(offset=first)
        if self._holds(topic):
            self._held.append(lambda: taken.set_result(metadata))
        else:
            taken.set_result(metadata)
        return taken

    def take(self, message):
        self.sent.append(message)

    def on_partition(self, topic, partition):
        return [m for m in self.sent if (m.topic, m.partition) == (topic, partition)]

    def _ensure_producer(self):
        """The engine's way to the connection."""
        return self


def nothing(_):
    return False


def everything(_):
    return True


class AgentUnderTest:
    """One agent of the real application, its tables in memory, its producer recorded."""

    def __init__(self, app, agent, producer):
        self.app, self._agent, self.producer = app, agent, producer

    def table(self, name):
        return self.app.tables[name]

    async def put(self, key, value, *, headers=None, wait=True):
        """Give the agent one record, and wait until it has begun with it; returns its message."""
        event = await self._agent.put(key=key, value=value, headers=headers, wait=wait)
        return event.message

    async def handle(self, key, value, *, headers=None):
        """Give the agent one record and wait until it is acknowledged."""
        message = await self.put(key, value, headers=headers)
        await until(lambda: message.acked)
        return message


async def until(condition, seconds=30.0):
    """Wait until ``condition`` holds."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the engine offers no event to wait for
            await asyncio.sleep(0)


async def everybody_waits():
    """Return once whoever could go on without being acknowledged or called has done so."""
    for _ in range(200):
        await asyncio.sleep(0)


def an_app(settings, *providers, topics=TOPICS, store="memory://"):
    """A worker's application that is not started."""
    return create_app(settings, topics, Enrichment(providers), store=store)


@contextlib.asynccontextmanager
async def agent_under_test(name, tmp_path, *providers, **settings):
    async with (
        application(tmp_path, Enrichment(providers), **settings) as (app, producer),
        app.agents[name].test_context() as agent,
    ):
        yield AgentUnderTest(app, agent, producer)


@contextlib.asynccontextmanager
async def application(tmp_path, enrichment, producer=None, **settings):
    """The real application of a worker, and the producer in the place of its connection."""
    settings = Settings(data_dir=tmp_path, **settings)
    app = create_app(settings, TOPICS, enrichment, store="memory://")
    app.finalize()
    app._producer = producer = producer or RecordingProducer()
    try:
        yield app, producer
    finally:
        # The engine makes a loop for the thread of its consumer, which is never started here.
        app.consumer._thread.thread_loop.close()
