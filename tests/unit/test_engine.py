"""When a worker lets go of its partitions."""

import asyncio
from datetime import timedelta
from types import SimpleNamespace

import mode
import pytest
from aiokafka.errors import CommitFailedError, ProducerClosed
from faust.transport.drivers import aiokafka
from faust.types import TP

from enrich_stream.cancellations import Cancellations
from enrich_stream.engine import REBALANCE_SECONDS, Engine
from enrich_stream.errors import StorageError
from enrich_stream.lease import Lease
from enrich_stream.worker import _stop_in_time


@pytest.fixture
async def engine():
    lost = []
    engine = Engine(
        "e",
        bootstrap_servers="127.0.0.1:9092",
        lease=Lease(10.0, on_lost=lambda: lost.append(True)),
        cancellations=Cancellations(timedelta(days=7)),
        grace_seconds=20.0,
    )
    engine.lost = lost
    engine.waited = []
    engine.stages = [stage(engine)]
    return engine


DONE = {TP("requests", 3): 7}


def stage(engine):
    async def hand_back(seconds):
        engine.waited.append(seconds)
        return DONE

    return SimpleNamespace(hand_back=hand_back)


class Consumer:
    """Of the engine's only what a hand-over needs."""

    def __init__(self, generation=5):
        client = SimpleNamespace(_coordinator=SimpleNamespace(generation=generation))
        self._thread = SimpleNamespace(_ensure_consumer=lambda: client)
        self.unacked, self.committed, self.failure = {"an event"}, {}, None

    async def _commit(self, offsets):
        if self.failure:
            raise self.failure
        self.committed |= offsets


async def test_in_a_rebalance_the_others_are_not_kept_waiting(engine):
    """Nobody works meanwhile: what takes longer is let go of and comes again."""
    await engine._consumer_wait_empty(Consumer(), None)

    assert engine.waited == [REBALANCE_SECONDS]
    assert engine.lost == []


async def test_at_the_end_running_work_gets_most_of_the_grace_period(engine):
    """The others have gone on already; what is left is for committing and leaving."""
    engine._stopped.set()
    await engine._consumer_wait_empty(Consumer(), None)

    assert engine.waited == [15.0]


async def test_whom_the_group_has_left_behind_starts_over(engine):
    """Others have its partitions already: what it has in hand must not be written any more."""
    await engine._consumer_wait_empty(Consumer(generation=-1), None)

    assert engine.lost


async def test_what_is_done_at_a_hand_over_is_committed_and_the_rest_not_waited_for(engine):
    """The engine forgets what was acknowledged since its last commit, and waits without a limit."""
    consumer = Consumer()

    await engine._consumer_wait_empty(consumer, None)

    assert consumer.committed == DONE
    assert not consumer.unacked


async def test_what_waits_for_its_turn_is_sent_away_before_a_hand_over_and_after_it(engine):
    """It would be waited for in vain, and what ran meanwhile may have let others in."""
    order = []
    engine.on_hand_back.append(lambda: order.append(list(engine.waited)))

    await engine._consumer_wait_empty(Consumer(), None)

    assert order == [[], [REBALANCE_SECONDS]]


async def test_a_commit_that_fails_at_a_hand_over_ends_nothing(engine):
    """What was not committed comes again, and is there already."""
    consumer = Consumer()
    consumer.failure = CommitFailedError("already rebalanced")

    await engine._consumer_wait_empty(consumer, None)

    assert engine.crash_reason is None


async def test_the_first_failure_explains_the_end(engine):
    """What fails after it, as everything comes down, would send an operator the wrong way."""
    full = StorageError("the disk is full")
    await engine.crash(full)

    await mode.Service(beacon=engine.beacon).crash(RuntimeError("Event loop is closed"))

    assert engine.crash_reason is full


async def test_an_engine_that_cannot_stop_says_why(engine):
    """Its worker then ends without waiting for threads that nobody stops any more."""
    broken = RuntimeError("Event loop is closed")

    async def stop():
        raise broken

    engine.stop = stop
    running = asyncio.create_task(asyncio.sleep(0))

    assert await _stop_in_time(engine, running, 60.0) is broken


async def test_a_commit_does_not_wait_until_nothing_is_left_to_send(engine, monkeypatch):
    """There always is something under load; what was acknowledged is delivered already."""
    flushed = []

    async def note(_):
        flushed.append(True)

    monkeypatch.setattr(aiokafka.Producer, "flush", note)
    producer = engine.producer_transport.create_producer()

    await producer.flush()
    assert not flushed

    engine._stopped.set()
    await producer.flush()
    assert flushed


async def test_what_is_sent_without_a_connection_is_refused_as_by_kafka(engine):
    """Its event is then not acknowledged; any other error would send it to the dead letters."""
    with pytest.raises(ProducerClosed):
        engine.outbox.put_in(TP("results", 0), b"key", b"value")
