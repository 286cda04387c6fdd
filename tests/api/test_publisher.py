"""What counts as written to Kafka, when Kafka takes its time."""

import asyncio

import pytest
from recording import TOPICS
from samples import a_request

from api.publisher import Publisher, request_producer
from enrich_stream.errors import UnavailableError


class SilentProducer:
    """A connection on which no acknowledgement comes."""

    async def send_and_wait(self, *_):
        await asyncio.Event().wait()


async def test_a_write_that_is_not_acknowledged_in_time_is_refused():
    """Nobody waits for ever, and nobody is told that it was accepted."""
    publisher = Publisher(SilentProducer(), TOPICS, timeout_seconds=0.01)

    with pytest.raises(UnavailableError):
        await publisher.publish(a_request(1))


async def test_what_was_given_up_is_not_sent_later():
    """The client stops trying before its caller is told that nothing was started."""
    producer = request_producer("127.0.0.1:9092", timeout_seconds=4.0)

    assert producer._request_timeout_ms < 4000
    await producer.stop()
