"""How far the local copy of a table reaches, and what gets into it."""

import asyncio
from types import SimpleNamespace

import pytest
from aiokafka.errors import KafkaTimeoutError
from faust.types import TP
from recording import TOPICS, an_app

from enrich_stream.outbox import Sent
from enrich_stream.settings import Settings

CHANGELOG = TP(TOPICS.jobs_changelog.name, 3)


@pytest.fixture
async def table(tmp_path):
    """The table of jobs on a real RocksDB, read back up to offset 4."""
    app = an_app(Settings(data_dir=tmp_path), store="rocksdb://")
    app.finalize()
    app.conf.tabledir.mkdir(parents=True)
    table = app.tables["jobs"]
    app.tables.recovery.active_highwaters[CHANGELOG] = 4
    await table.on_recovery_completed({CHANGELOG}, set())
    yield table
    await table.data.stop()


def deliver(table, first, last=None):
    """Kafka has a batch of the table's own records."""
    delivery = asyncio.get_running_loop().create_future()
    delivery.set_result(Sent(CHANGELOG, first, first if last is None else last))
    table._on_sent(delivery)


def changelog_record(offset, key, value, topic=CHANGELOG.topic):
    tp = TP(topic, CHANGELOG.partition)
    message = SimpleNamespace(
        tp=tp, topic=topic, partition=tp.partition, offset=offset, key=key, value=value
    )
    return SimpleNamespace(message=message)


def rows(table):
    return dict(table.rows(CHANGELOG.partition, after=b"", limit=100))


async def test_a_copy_reaches_as_far_as_its_own_records_without_a_gap(table):
    """What this worker has written, one record after the other, need not be read back."""
    deliver(table, 5)
    deliver(table, 6, 8)

    assert table.persisted_offset(CHANGELOG) == 8


async def test_a_copy_never_reaches_over_records_of_others(table):
    """A late delivery behind them would hide their rows for ever: they are read back instead."""
    deliver(table, 5)
    deliver(table, 9)
    deliver(table, 10)

    assert table.persisted_offset(CHANGELOG) == 5


async def test_what_is_delivered_after_the_partition_was_given_up_counts_for_nothing(table):
    """Whoever has it now writes to its changelog too."""
    await table.on_rebalance(set(), {CHANGELOG}, set())
    deliver(table, 5)

    assert table.persisted_offset(CHANGELOG) == 4


async def test_a_batch_that_kafka_would_not_take_counts_for_nothing(table):
    """Its records are in nobody's copy but this one."""
    delivery = asyncio.get_running_loop().create_future()
    delivery.set_exception(KafkaTimeoutError())
    table._on_sent(delivery)

    assert table.persisted_offset(CHANGELOG) == 4


async def test_records_of_another_table_do_not_get_into_this_one(table):
    """The engine hands over what it had in its buffer to whichever table comes next."""
    own = changelog_record(5, b"op_1", b"{}")
    foreign = changelog_record(8, b"email:a@x.example", b"{}", TOPICS.contacts_changelog.name)
    table.apply_changelog_batch([own, foreign])

    assert rows(table) == {b"op_1": b"{}"}
    assert table.persisted_offset(CHANGELOG) == 5


async def test_a_deletion_that_is_read_back_deletes(table):
    """A record without a value ends its row."""
    table.apply_changelog_batch([changelog_record(5, b"op_1", b"{}")])
    table.apply_changelog_batch([changelog_record(6, b"op_1", None)])

    assert rows(table) == {}


async def test_a_disk_that_fails_while_nobody_looks_ends_the_worker(table, monkeypatch):
    """The engine notes its progress in a callback, where an error would be lost."""
    reasons = []

    async def crash(reason):
        reasons.append(reason)

    monkeypatch.setattr(table.app, "crash", crash)
    table.data._dbs[CHANGELOG.partition] = SimpleNamespace(put=fail)
    deliver(table, 5)
    await asyncio.sleep(0)

    assert "the disk is full" in str(reasons[0])


def fail(*_):
    raise RuntimeError("IO error: No space left on device: While appending to file")
