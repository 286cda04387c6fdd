"""The edge of an agent in tests: a producer that keeps what is sent instead of a broker."""

import asyncio
import contextlib

from faust.types.tuples import TP, RecordMetadata

from enrich_stream.app import create_app
from enrich_stream.enrichment import Enrichment
from enrich_stream.settings import Settings
from enrich_stream.topics import load_topics

TOPICS = load_topics()


class RecordingProducer:
    """Takes what the app sends; acknowledges at once, or when ``release`` is called."""

    def __init__(self):
        self.sent = []
        self._held = None

    def hold(self):
        """From now on acknowledge nothing."""
        self._held = []

    def release(self):
        """Acknowledge everything that was held back."""
        held, self._held = self._held, None
        for future in held:
            self._acknowledge(future)

    def send_soon(self, future):
        self.sent.append(future.message)
        if self._held is None:
            self._acknowledge(future)
        else:
            self._held.append(future)

    def on(self, topic):
        """The messages that were sent to a topic."""
        return [m for m in self.sent if m.channel.get_topic_name() == topic.name]

    def _acknowledge(self, future):
        tp = TP(future.message.channel.get_topic_name(), future.message.partition or 0)
        future.set_result(RecordMetadata(tp.topic, tp.partition, tp, len(self.sent), None, None))
        if future.message.callback:
            future.message.callback(future)


class AgentUnderTest:
    """One agent of the real application, its tables in memory, its producer recorded."""

    def __init__(self, app, agent, producer):
        self.app, self._agent, self.producer = app, agent, producer

    def table(self, name):
        return self.app.tables[name]

    async def put(self, key, value):
        """Give the agent one record; returns its message."""
        event = await self._agent.put(key=key, value=value)
        return event.message

    async def handle(self, key, value):
        """Give the agent one record and wait until it is acknowledged."""
        message = await self.put(key, value)
        await until(lambda: message.acked)
        return message


async def _nothing_there(*partitions):
    return dict.fromkeys(partitions, 0)


async def until(condition, seconds=5.0):
    """Wait until ``condition`` holds."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the engine offers no event to wait for
            await asyncio.sleep(0)


def an_app(settings, *providers, topics=TOPICS, store="memory://"):
    """A worker's application that is not started."""
    return create_app(settings, topics, Enrichment(providers), store=store)


@contextlib.asynccontextmanager
async def agent_under_test(name, tmp_path, *providers, **settings):
    app = an_app(Settings(data_dir=tmp_path, **settings), *providers)
    app.finalize()
    app._producer = producer = RecordingProducer()
    app.consumer.highwaters = app.consumer.earliest_offsets = _nothing_there
    try:
        async with app.agents[name].test_context() as agent:
            yield AgentUnderTest(app, agent, producer)
    finally:
        # The engine makes a loop for the thread of its consumer, which is never started here.
        app.consumer._thread.thread_loop.close()
