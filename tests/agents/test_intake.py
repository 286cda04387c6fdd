"""How records get from Kafka to the agents: none is held up by another agent, none is skipped."""

import asyncio
from types import SimpleNamespace

import pytest
from aiokafka.consumer.fetcher import Fetcher
from aiokafka.consumer.group_coordinator import GroupCoordinator
from faust.transport.drivers import aiokafka
from faust.types import TP
from recording import TOPICS, an_app

from enrich_stream.intake import FETCH_WAIT_MS, PREFETCH_BACKOFF_SECONDS
from enrich_stream.settings import Settings

SIZE = 10


@pytest.fixture
async def app(tmp_path):
    app = an_app(Settings(data_dir=tmp_path))
    app.finalize()
    app.flow_control.resume()
    yield app
    # The engine makes a loop for the thread of its consumer, which is never started here.
    app.consumer._thread.thread_loop.close()


@pytest.fixture
def queue(app):
    """What stands between the reading loop and an agent."""
    return app.FlowControlQueue(maxsize=SIZE)


async def test_an_agent_that_is_behind_does_not_hold_up_the_others(queue):
    """One loop reads for all agents: it must never wait for one whose queue is full."""
    async with asyncio.timeout(5):
        for record in range(2 * SIZE):
            await queue.put(record)

    assert queue.qsize() == 2 * SIZE


async def test_while_tables_are_read_back_a_full_queue_holds_up_the_reader(app, queue):
    """Nothing is paused then, and what is read of changelogs must not pile up in memory."""
    for record in range(SIZE):
        queue.put_nowait(record)
    assert not queue.full()

    app.in_recovery = True

    assert queue.full()


async def test_a_queue_that_fills_up_pauses_its_partitions_until_it_has_room(queue):
    """What keeps memory bounded is that no more is fetched."""
    calls = []

    def put(record):
        queue.put_nowait_enhanced(
            record,
            on_pressure_high=lambda: calls.append("pause"),
            on_pressure_drop=resume,
        )

    def resume():
        calls.append("resume")

    for record in range(2 * SIZE):
        put(record)
    assert calls == ["pause"]
    for _ in range(2 * SIZE):
        queue.get_nowait()
    assert calls == ["pause", "resume"]


async def test_a_record_is_handed_over_at_once_while_records_flow(app, monkeypatch):
    """To wait beside it for the end of the flow takes four tasks, most of what a record costs."""
    before = asyncio.all_tasks()
    during = []

    async def take(_):
        during.append(asyncio.all_tasks() - before)

    monkeypatch.setattr(app.consumer, "callback", take)
    place = TP(TOPICS.tasks.name, 4)
    await app.consumer._hand_over(place, SimpleNamespace(topic=place.topic, offset=7))

    assert during == [set()]


async def test_nothing_is_read_while_reading_is_taken_up_at_the_committed_offsets(app):
    """What was read in that moment would be thrown away, and dropped when it comes again."""
    flowed = []

    async def committed():
        flowed.append(app.consumer.flow_active)
        return {}

    app.consumer.seek_to_committed = committed
    app.consumer.assignment = set
    app.consumer.resume_flow()

    await app.consumer.perform_seek()

    assert flowed == [False]


async def test_a_partition_without_a_commit_is_read_from_its_beginning(app, monkeypatch):
    """What was read of it before a rebalance and thrown away would not come again by itself."""
    new, done = TP(TOPICS.sync_tasks.name, 4), TP(TOPICS.tasks.name, 4)
    changelog = TP(TOPICS.jobs_changelog.name, 4)
    sought = {}

    async def committed():
        return {new: None, done: 7, changelog: None}

    async def beginning(*partitions):
        return dict.fromkeys(partitions, 3)

    async def seek(partitions):
        sought.update(partitions)

    monkeypatch.setattr(app.consumer, "seek_to_committed", committed)
    monkeypatch.setattr(app.consumer, "earliest_offsets", beginning)
    monkeypatch.setattr(app.consumer, "seek_wait", seek)
    monkeypatch.setattr(app.consumer, "assignment", lambda: {new, done, changelog})
    monkeypatch.setattr(app.topics, "_acking_topics", {new.topic, done.topic})

    await app.consumer.perform_seek()

    assert sought == {new: 3}


@pytest.fixture
def with_a_record(app):
    """A queue of the kind that is emptied when a flow is resumed."""
    queue = app.FlowControlQueue(maxsize=SIZE, clear_on_resume=True)
    queue.put_nowait("record")
    return queue


async def test_resuming_a_flow_that_is_under_way_loses_nothing(app, with_a_record):
    """What has been fetched would not come again, and a warm copy of a table would have a hole."""
    app.flow_control.resume()
    assert with_a_record.qsize() == 1


async def test_resuming_a_suspended_flow_drops_what_came_before(app, with_a_record):
    """It is of partitions that may have moved on, and comes again to whoever has them."""
    app.flow_control.suspend()
    app.flow_control.resume()
    assert with_a_record.qsize() == 0


async def test_a_record_is_handed_over_once(app, handed_over):
    """What comes again was taken before, and its place in the partition is known."""
    place = TP(TOPICS.tasks.name, 4)
    for offset in (7, 6, 8):
        await app.consumer._hand_over(place, SimpleNamespace(topic=place.topic, offset=offset))

    assert handed_over == [7, 8]
    assert app.consumer._read_offset[place] == 8


async def test_a_hand_over_that_must_wait_ends_when_the_flow_stops(app, handed_over):
    """Its record comes again to whoever has the partition; a rebalance must not wait for it."""
    place = TP(TOPICS.tasks.name, 4)
    app.flow_control.suspend()
    handing_over = asyncio.create_task(
        app.consumer._hand_over(place, SimpleNamespace(topic=place.topic, offset=7))
    )
    await asyncio.sleep(0)

    app.consumer.stop_flow()

    async with asyncio.timeout(5):
        await handing_over
    assert handed_over == []


@pytest.fixture
def handed_over(app, monkeypatch):
    """The offsets of the records that came through, each as soon as the flow lets it."""
    offsets = []

    async def take(message):
        await app.flow_control.acquire()
        offsets.append(message.offset)

    monkeypatch.setattr(app.consumer, "callback", take)
    return offsets


async def test_the_reader_asks_again_before_all_is_handed_over(app, monkeypatch):
    """What the engine has the client wait for would delay every station of an item."""
    monkeypatch.setattr(aiokafka.AIOKafkaConsumerThread, "on_start", nothing)
    thread = app.consumer._thread
    thread._consumer = thread._create_worker_consumer(app.transport)
    thread._consumer._fetcher = SimpleNamespace(_prefetch_backoff=0.1)

    await thread.on_start()

    assert thread._consumer._fetch_max_wait_ms == FETCH_WAIT_MS
    assert thread._consumer._fetcher._prefetch_backoff == PREFETCH_BACKOFF_SECONDS
    assert "_prefetch_backoff" in Fetcher.__init__.__code__.co_names, "it is called that there"
    thread._consumer._closed = True  # it was never opened


async def nothing(_):
    """Connect to nobody."""


async def test_the_group_hears_of_a_worker_while_it_opens_its_tables(app, monkeypatch):
    """On a slow disk that takes longer than a session: it would never come up."""
    order = []

    async def open_tables(*_):
        order.append("tables")

    coordinator = SimpleNamespace(_start_heartbeat_task=lambda: order.append("heartbeats"))
    thread = app.consumer._thread
    monkeypatch.setattr(thread, "_consumer", SimpleNamespace(_coordinator=coordinator))
    monkeypatch.setattr(app.consumer, "threadsafe_partitions_assigned", open_tables)

    await thread.on_partitions_assigned({TP(TOPICS.tasks.name, 4)}, 1)

    assert order == ["heartbeats", "tables"]
    assert "_heartbeat_routine" in GroupCoordinator._start_heartbeat_task.__code__.co_names
