"""Tables come back whole from their changelogs, however much is missing."""

import asyncio
import json

import pytest
import rocksdict
from aiokafka import AIOKafkaProducer
from service import until

from enrich_stream.partitions import partition_of
from enrich_stream.settings import Settings
from enrich_stream.stack import wait_until_ready
from enrich_stream.table_recovery import WORTHWHILE_ROWS
from enrich_stream.topic_admin import apply_topics
from enrich_stream.topics import topics_for

OFFSET_KEY = b"__faust\0offset__"


@pytest.fixture
def changelog(kafka, service, monkeypatch, tmp_path):
    """The changelog of the jobs, in an installation of its own on the cluster."""
    prefix = f"{tmp_path.name}-"
    service.stack.environ["KAFKA_TOPIC_PREFIX"] = prefix
    monkeypatch.setenv("KAFKA_TOPIC_PREFIX", prefix)
    topics = topics_for(Settings())
    asyncio.run(apply_topics(kafka.bootstrap_servers, topics))
    return topics.jobs_changelog


async def write(servers, changelog, rows):
    async with AIOKafkaProducer(bootstrap_servers=servers, linger_ms=5) as producer:
        sent = [
            await producer.send(
                changelog.name,
                value,
                key,
                partition=partition_of(key.decode(), changelog.partitions),
            )
            for key, value in rows
        ]
        await asyncio.gather(*sent)


def table(worker, changelog):
    """The rows of the table on the worker's disk, and how far each partition says it reaches."""
    rows, offsets = {}, {}
    for partition in range(changelog.partitions):
        (path,) = worker.data_dir.glob(f"v*/tables/jobs-{partition}.db")
        db = rocksdict.Rdict(str(path), access_type=rocksdict.AccessType.read_only())
        for key, value in db.items():
            if key == OFFSET_KEY:
                offsets[partition] = int(value)
            else:
                rows[bytes(key)] = bytes(value)
        db.close()
    return rows, offsets


def test_rows_deletions_and_offsets_are_as_kafka_has_them(service, changelog):
    """Much at once into an empty disk, and later a little onto it: each row its last value."""
    keys = [b"op_%d" % n for n in range(WORTHWHILE_ROWS)]
    first = [(key, b"old") for key in keys] + [(key, b"new") for key in keys[::2]]
    first += [(key, None) for key in keys[::3]]
    expected = {key: value for key, value in dict(first).items() if value is not None}
    asyncio.run(write(service.bootstrap_servers, changelog, first))
    worker = service.stack.start_worker()
    wait_until_ready(worker, worker.monitoring_url)
    assert worker.metric("enrich_rows_recovered_total") == len(first)
    worker.stop()

    rows, offsets = table(worker, changelog)
    assert rows == expected
    ends = dict.fromkeys(range(changelog.partitions), 0)
    for key, _ in first:
        ends[partition_of(key.decode(), changelog.partitions)] += 1
    assert offsets == {partition: end - 1 for partition, end in ends.items()}
    (line,) = [e for e in log(worker) if e["event"] == "recovery.read_back"]
    assert line["records"] == len(first)

    asyncio.run(
        write(service.bootstrap_servers, changelog, [(b"op_1", b"newest"), (b"op_x", b"x")])
    )
    worker = service.stack.start_worker()
    wait_until_ready(worker, worker.monitoring_url)
    until(lambda: worker.metric("enrich_rows_recovered_total") == 2, "only the rest was read")
    worker.stop()
    assert table(worker, changelog)[0] == expected | {b"op_1": b"newest", b"op_x": b"x"}


@pytest.mark.slow
def test_a_worker_told_to_stop_while_it_reads_back_stops_and_is_whole_later(service, changelog):
    """SIGTERM in a recovery: exit code 0, and the next start has every row."""
    rows = {b"op_%d" % n: b"row" for n in range(20 * WORTHWHILE_ROWS)}
    asyncio.run(write(service.bootstrap_servers, changelog, rows.items()))
    worker = service.stack.start_worker()
    until(lambda: 0 < recovered(worker) < len(rows), "the worker is reading back")

    worker.popen.terminate()

    assert worker.popen.wait(60) == 0, worker.last_lines()
    assert recovered_in_log(worker) == []
    worker = service.stack.start_worker()
    wait_until_ready(worker, worker.monitoring_url)
    worker.stop()
    assert table(worker, changelog)[0] == rows


@pytest.mark.slow
def test_a_warm_copy_is_taken_over_without_reading_it_back(service, changelog):
    """With a standby replica the other worker has the rows of a partition before it moves."""
    service.stack.environ["ENRICH_STANDBY_REPLICAS"] = "1"
    rows = {b"op_%d" % n: b"row" for n in range(2 * WORTHWHILE_ROWS)}
    asyncio.run(write(service.bootstrap_servers, changelog, rows.items()))
    leaving = service.stack.start_worker("worker-1")
    wait_until_ready(leaving, leaving.monitoring_url)
    all_partitions = leaving.metric("enrich_partitions_assigned")
    staying = service.stack.start_worker("worker-2")
    # The engine writes a copy a thousand rows at a time, so that some are still to be written.
    until(lambda: recovered(staying) > 0.85 * len(rows), "it has its rows, and a copy of the rest")

    assert leaving.stop() == 0

    until(lambda: staying.metric("enrich_partitions_assigned") == all_partitions, "it has all")
    wait_until_ready(staying, staying.monitoring_url)
    assert recovered(staying) < 1.01 * len(rows), "no row was read back that was there"
    staying.stop()
    assert table(staying, changelog)[0] == rows


def recovered(worker):
    """How many rows it has read back; 0 as long as it does not say."""
    try:
        return worker.metric("enrich_rows_recovered_total")
    except OSError:
        return 0


def recovered_in_log(worker):
    return [line for line in log(worker) if line["event"] == "recovery.read_back"]


def log(worker):
    lines = worker.log.read_text().splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]
