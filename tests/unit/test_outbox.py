"""Records leave in order, a batch of a partition at a time, and all of a batch share its fate."""

import asyncio

import pytest
from aiokafka.errors import KafkaTimeoutError
from faust.types import TP
from recording import TOPICS, RecordingProducer, everybody_waits, until

from enrich_stream.outbox import Outbox, Sent, delivered, somebody_waits

PLACE = TP(TOPICS.results.name, 0)


@pytest.fixture
def producer():
    """The connection to Kafka."""
    return RecordingProducer()


@pytest.fixture
def outbox(producer):
    """What is under test."""
    return Outbox(lambda: producer)


@pytest.fixture
def endless_pause(monkeypatch):
    """Between two departures."""
    monkeypatch.setattr("enrich_stream.outbox.PAUSE_SECONDS", 3600)


def values(producer):
    return [message.value for message in producer.sent]


async def test_what_is_put_while_a_batch_is_under_way_travels_in_the_next(outbox, producer):
    """One round trip for however many; the order is that in which they were put."""
    producer.hold()
    first = outbox.put_in(PLACE, b"k", b"0")
    await until(lambda: producer.sent)
    others = {outbox.put_in(PLACE, b"k", b"%d" % n) for n in range(1, 4)}
    await everybody_waits()
    assert values(producer) == [b"0"]

    producer.release()
    await delivered([first, *others])

    assert values(producer) == [b"0", b"1", b"2", b"3"]
    assert [delivery.result() for delivery in others] == [Sent(PLACE, 1, 3)]


async def test_what_follows_at_once_leaves_together_after_a_pause(outbox, producer):
    """The first one does not wait for company."""
    await delivered([outbox.put_in(PLACE, b"k", b"first")])

    await delivered([outbox.put_in(TP(PLACE.topic, n), b"k", b"later") for n in range(3)])


async def test_what_somebody_waits_for_leaves_at_once_and_takes_the_others_along(
    outbox, producer, endless_pause
):
    """However long the pause is, and whichever partition it goes to."""
    await delivered([outbox.put_in(PLACE, b"k", b"first")])
    later = outbox.put_in(PLACE, b"k", b"later")
    await everybody_waits()
    assert values(producer) == [b"first"]

    somebody_waits.set(True)
    await delivered([outbox.put_in(TP(PLACE.topic, 1), b"k", b"urgent"), later])


async def test_what_is_urgent_leaves_as_soon_as_the_batch_under_way_is_delivered(
    outbox, producer, endless_pause
):
    """There is no pause behind it."""
    producer.hold()
    outbox.put_in(PLACE, b"k", b"under way")
    await until(lambda: producer.sent)
    somebody_waits.set(True)
    urgent = outbox.put_in(PLACE, b"k", b"urgent")

    producer.release()
    await delivered([urgent])


async def test_what_is_urgent_takes_a_batch_along_that_is_full_before_it(
    outbox, producer, endless_pause
):
    """A line is left in order, and so at once as a whole."""
    make = producer.create_batch

    def batch_of_one():
        batch = make()
        append = batch.append
        batch.append = lambda **record: None if batch.records else append(**record)
        return batch

    producer.create_batch = batch_of_one
    producer.hold()
    outbox.put_in(PLACE, b"k", b"under way")
    await until(lambda: producer.sent)
    outbox.put_in(PLACE, b"k", b"full")
    somebody_waits.set(True)
    urgent = outbox.put_in(PLACE, b"k", b"urgent")

    producer.release()
    await delivered([urgent])


async def test_a_partition_that_is_stuck_holds_up_no_other(outbox, producer):
    """Each has a line of its own."""
    producer.hold()
    outbox.put_in(PLACE, b"k", b"stuck")
    outbox.put_in(TP(PLACE.topic, 1), b"k", b"goes")

    await until(lambda: values(producer) == [b"stuck", b"goes"])


async def test_all_of_several_deliveries_are_waited_for(outbox, producer):
    """The one that is late decides, wherever it stands."""
    producer.hold(TOPICS.results)
    early, late = (outbox.put_in(TP(t.name, 0), b"k", b"") for t in (TOPICS.tasks, TOPICS.results))
    waiting = asyncio.create_task(delivered([early, late, early]))
    await until(early.done)
    await everybody_waits()
    assert not waiting.done()

    producer.release()
    await waiting


async def test_who_gives_up_waiting_does_not_end_the_delivery_for_others(outbox, producer):
    """A handler that is handed back shares its deliveries with handlers that go on."""
    producer.hold()
    deliveries = [outbox.put_in(PLACE, b"k", b"%d" % n) for n in range(2)]
    gives_up, waits = (asyncio.create_task(delivered([one])) for one in deliveries)
    await until(lambda: producer.sent)
    gives_up.cancel()

    producer.release()
    await waits


async def test_what_kafka_will_not_take_is_raised_where_it_is_waited_for(outbox, producer):
    """Nothing is taken for delivered, and what comes after it is sent all the same."""
    send, failures = producer.send_batch, [KafkaTimeoutError()]

    async def fail_first(*args, **kwargs):
        if failures:
            raise failures.pop()
        return await send(*args, **kwargs)

    producer.send_batch = fail_first
    lost = outbox.put_in(PLACE, b"k", b"lost")
    with pytest.raises(KafkaTimeoutError):
        await delivered([lost])

    await delivered([outbox.put_in(PLACE, b"k", b"sent")])
    assert values(producer) == [b"sent"]


async def test_a_batch_that_is_full_is_followed_by_another(outbox, producer):
    """Nothing is left out, and both are delivered in order."""
    make, full_after = producer.create_batch, 2

    def small_batch():
        batch = make()
        append = batch.append
        batch.append = lambda **record: (
            append(**record) if len(batch.records) < full_after else None
        )
        return batch

    producer.create_batch = small_batch
    deliveries = [outbox.put_in(PLACE, b"k", b"%d" % n) for n in range(5)]
    await delivered(deliveries)

    assert values(producer) == [b"0", b"1", b"2", b"3", b"4"]
    assert [(one.first, one.last) for one in dict.fromkeys(d.result() for d in deliveries)] == [
        (0, 1),
        (2, 3),
        (4, 4),
    ]


async def test_a_record_goes_to_the_partition_of_its_key_unless_told_otherwise(outbox, producer):
    """The same one as from any other producer of that topic."""
    await delivered(
        [
            outbox.put(TOPICS.results, "op_1", b"by key"),
            outbox.put(TOPICS.results, "op_1", b"told", partition=5),
        ]
    )

    assert {(m.partition, m.key, m.value) for m in producer.sent} == {
        (HOME, b"op_1", b"by key"),
        (5, b"op_1", b"told"),
    }


HOME = 3
"""Of ``op_1`` among eight, as Kafka's own producer has it."""
