"""Who follows a topic, when Kafka is away for the moment in which it begins."""

import asyncio

from structlog.testing import capture_logs

from enrich_stream.chaos.network import Network
from enrich_stream.follower import following
from enrich_stream.stack import free_port
from enrich_stream.topic_admin import apply_topics
from enrich_stream.topics import load_topics


async def test_a_kafka_that_refuses_at_first_is_asked_again(kafka):
    """A worker that starts while a broker does is not one that ends with an error."""
    topics, port, logs = load_topics(prefix="follower-"), free_port(), []
    await apply_topics(kafka.bootstrap_servers, topics)

    async def follow():
        async with following(f"127.0.0.1:{port}", topics.cancellations, logs.append):
            return True

    with capture_logs() as said:
        begun = asyncio.create_task(follow())
        async with asyncio.timeout(20):
            while not any(line["event"] == "kafka.awaited" for line in said):  # noqa: ASYNC110 - a line has no event
                await asyncio.sleep(0.01)
        server_port = int(kafka.bootstrap_servers.rpartition(":")[2])
        async with Network(port, server_port):
            assert await begun
