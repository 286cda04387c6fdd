"""What is past its time leaves a worker's tables, on real RocksDB and a recorded producer."""

import asyncio
import contextlib
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
import structlog
from aiokafka.errors import KafkaConnectionError
from faust.types import TP
from recording import TOPICS, RecordingProducer, until
from samples import AT, a_job, settled

from enrich_stream import clock, job
from enrich_stream.app import create_app
from enrich_stream.person import Field, Outcome
from enrich_stream.records import (
    VERSION,
    FieldResult,
    JobItem,
    RememberedContact,
    encode,
)
from enrich_stream.retention import Retention
from enrich_stream.settings import Settings

PARTITION = 3
ACCEPTED = datetime.fromisoformat(AT)


class Worker:
    """A worker that has one partition of each table, and nobody to talk to."""

    def __init__(self, app, settings):
        self.app = app
        self.retention = Retention(app, settings)
        self.producer = app._producer

    def own(self, *tables):
        self.app.assignor._assignment.actives.clear()
        for table in tables:
            topic = self.app.tables[table].changelog_topic_name
            self.app.assignor._assignment.actives[topic] = [PARTITION]

    def put(self, table, key, record):
        self._db(table).put(key.encode(), encode(record))

    def keys(self, table):
        """Of the rows; the engine's own row with its offset is none."""
        keys = self._db(table).keys()
        return [
            bytes(key).decode() for key in keys if key != self.app.tables[table].data.offset_key
        ]

    def put_job(self, total=2, job_id="op_1"):
        self.put("jobs", job_id, job.open_job(a_job(total, job_id=job_id), AT))
        for index in range(total):
            item = JobItem(version=VERSION, item=settled(index))
            self.put("job_items", job.item_key(job_id, index), item)

    def tombstones(self):
        return sorted(message.key.decode() for message in self.producer.sent if not message.value)

    def _db(self, table):
        return self.app.tables[table].data._db_for_partition(PARTITION)


@pytest.fixture
def worker(tmp_path):
    settings = Settings(data_dir=tmp_path, retention_days=7)
    app = create_app(settings, TOPICS, [])
    app.finalize()
    app._producer = RecordingProducer()
    worker = Worker(app, settings)
    worker.own("jobs", "job_items", "contacts")
    yield worker
    app.consumer._thread.thread_loop.close()


@pytest.fixture
def at(monkeypatch):
    """Sets the clock so long after the jobs were accepted."""

    def set_clock(**after):
        moment = ACCEPTED + timedelta(**after)
        monkeypatch.setattr(clock, "present", lambda: moment)

    return set_clock


async def test_a_job_leaves_with_all_its_items_and_no_other_does(worker, at):
    """Rows and changelog: a deletion for each item, settled or not, and for the header."""
    worker.put_job(2, "op_1")
    at(days=7)

    await worker.retention.sweep()

    assert worker.keys("jobs") == worker.keys("job_items") == []
    assert worker.tombstones() == ["op_1", "op_1/000", "op_1/001"]
    assert {message.partition for message in worker.producer.sent} == {PARTITION}


async def test_a_job_within_its_time_stays(worker, at):
    """A second early is early."""
    worker.put_job()
    at(days=7, seconds=-1)

    await worker.retention.sweep()

    assert worker.keys("jobs") == ["op_1"]
    assert worker.producer.sent == []


@pytest.mark.parametrize(("days", "stays"), [(7, True), (8, True), (30, False)])
async def test_a_contact_leaves_once_none_of_its_fields_would_answer(worker, at, days, stays):
    """Found stands for 30 days, absent for 7; the row stays for the longest of them."""
    fields = {
        Field.EMAIL: FieldResult(outcome=Outcome.FOUND, as_of=AT),
        Field.PHONE: FieldResult(outcome=Outcome.ABSENT, as_of=AT),
    }
    contact = RememberedContact(version=VERSION, person_known=True, fields=fields)
    worker.put("contacts", "email:a@x.example", contact)
    at(days=days)

    await worker.retention.sweep()

    assert worker.keys("contacts") == (["email:a@x.example"] if stays else [])


async def test_while_the_clock_has_been_set_nothing_is_deleted(worker, at, monkeypatch):
    """A clock that is a year ahead for a moment would end everything that is kept for a week."""
    worker.put_job()
    at(days=365)
    monkeypatch.setattr(clock, "has_stepped", lambda: True)
    monkeypatch.setattr("enrich_stream.retention.pause_seconds", lambda _: 0)
    with structlog.testing.capture_logs() as logs:
        sweeping = asyncio.create_task(worker.retention.sweep_for_ever())
        await until(lambda: len(logs) == 2)
        sweeping.cancel()

    assert {entry["event"] for entry in logs} == {"retention.clock_was_set"}
    assert worker.keys("jobs") == ["op_1"]


async def test_a_partition_of_another_worker_is_left_alone(worker, at):
    """Only who has a partition writes to its changelog; a warm copy may lie here all the same."""
    worker.put_job()
    worker.own("contacts")
    at(days=8)

    await worker.retention.sweep()

    assert worker.keys("jobs") == ["op_1"]
    assert worker.producer.sent == []


@pytest.mark.parametrize("state", ["rebalancing", "in_recovery"])
async def test_nothing_is_deleted_while_partitions_move_or_tables_are_read_back(worker, at, state):
    """Whose the partition is, and what is in it, is not known then."""
    worker.put_job()
    setattr(worker.app, state, True)
    at(days=8)

    await worker.retention.sweep()

    assert worker.producer.sent == []


async def test_rows_stay_until_kafka_has_their_deletion(worker, at):
    """What was gone here first would never be looked for again, and lie in Kafka for ever."""
    worker.put_job()
    worker.producer.hold()
    at(days=8)
    sweeping = asyncio.create_task(worker.retention.sweep())
    await until(worker.tombstones)

    assert worker.keys("job_items") == ["op_1/000", "op_1/001"]
    worker.producer.release()
    await sweeping
    assert worker.keys("job_items") == []


async def test_a_sweep_that_kafka_interrupts_is_made_up_for_by_the_next(worker, at, monkeypatch):
    """The rows are still here, so nothing is forgotten; and sweeping goes on."""
    monkeypatch.setattr("enrich_stream.retention.pause_seconds", lambda _: 0)
    monkeypatch.setattr(clock, "has_stepped", lambda: False)  # days have really passed here
    worker.put_job()
    at(days=8)
    send, failures = worker.producer.send_batch, [KafkaConnectionError()]

    async def fail_first(*args, **kwargs):
        if failures:
            raise failures.pop()
        return await send(*args, **kwargs)

    monkeypatch.setattr(worker.producer, "send_batch", fail_first)
    sweeping = asyncio.create_task(worker.retention.sweep_for_ever())
    try:
        await until(lambda: worker.keys("jobs") == worker.keys("job_items") == [])
    finally:
        sweeping.cancel()
    assert not failures


async def test_a_row_that_is_written_while_its_deletion_is_under_way_stays(worker, at):
    """In Kafka it comes after the deletion; here it must be the same."""
    worker.put_job(1)
    worker.producer.hold()
    at(days=8)
    sweeping = asyncio.create_task(worker.retention.sweep())
    await until(worker.tombstones)
    worker.put("job_items", "op_1/000", JobItem(version=VERSION, item=settled(0, Outcome.ABSENT)))

    worker.producer.release()
    await sweeping

    assert worker.keys("job_items") == ["op_1/000"]


async def test_a_partition_that_moves_on_during_a_sweep_can_be_opened_by_others(
    worker, at, tmp_path
):
    """A sweep that waits for Kafka holds on to no database, which only one may have open."""
    worker.put_job()
    worker.producer.hold()
    at(days=8)
    sweeping = asyncio.create_task(worker.retention.sweep())
    await until(worker.tombstones)
    jobs = worker.app.tables["jobs"]

    jobs.data.revoke_partitions(jobs, {TP(jobs.changelog_topic_name, PARTITION)})

    assert worker.keys("jobs") == ["op_1"]  # opens it anew
    sweeping.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await sweeping


async def test_a_large_sweep_leaves_the_loop_to_others(worker, at):
    """However many jobs end at once, whoever else has something to do gets a turn all along."""
    for number in range(100):
        worker.put_job(20, f"op_{number:03d}")
    at(days=8)
    sent_by_turn = [0]

    async def take_turns():
        while True:
            await asyncio.sleep(0)
            sent_by_turn.append(len(worker.producer.sent))

    others = asyncio.create_task(take_turns())
    await worker.retention.sweep()
    others.cancel()

    assert len(worker.tombstones()) == 2_100
    assert max(after - before for before, after in pairwise(sent_by_turn)) <= 100
