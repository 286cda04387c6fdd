"""The broker that we start: real, on loopback, restartable, and never left behind."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError
from service import until

from enrich_stream.broker import server, start_broker
from enrich_stream.errors import SetupError, UnavailableError

TOPIC = "kept"
PARTITION = TopicPartition(TOPIC, 0)


@pytest.fixture
def only_java(tmp_path):
    """An environment in which the local Java is all there is: no Docker, no Maven, no cluster."""
    java = shutil.which("java")
    if java is None:
        pytest.skip("no Java on this machine")
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "java").symlink_to(java)
    unwanted = {"KAFKA_BOOTSTRAP_SERVERS", "JAVA_HOME"}
    kept = {name: value for name, value in os.environ.items() if name not in unwanted}
    return kept | {"PATH": str(programs)}


@pytest.fixture
def java_and_maven(only_java):
    """The same with Maven, whose script needs the usual programs of a system."""
    maven = shutil.which("mvn")
    if maven is None:
        pytest.skip("no Maven on this machine")
    programs = Path(only_java["PATH"])
    (programs / "mvn").symlink_to(maven)
    for needed in ("sh", "bash", "dirname", "uname", "expr", "basename", "readlink", "ls", "cat"):
        if found := shutil.which(needed):
            (programs / needed).symlink_to(found)
    return only_java


@pytest.fixture
def broker(java_and_maven, tmp_path):
    """A broker on the local Java, apart from the session's, so that it can be maltreated."""
    with start_broker(data_dir=tmp_path / "kafka", environ=java_and_maven) as broker:
        yield broker


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def write(broker, value):
    async with AIOKafkaProducer(bootstrap_servers=broker.bootstrap_servers) as producer:
        await producer.send_and_wait(TOPIC, value, partition=0)


async def read_all(broker):
    consumer = AIOKafkaConsumer(bootstrap_servers=broker.bootstrap_servers)
    await consumer.start()
    try:
        end = (await consumer.end_offsets([PARTITION]))[PARTITION]
        consumer.assign([PARTITION])
        consumer.seek(PARTITION, 0)
        return [(await consumer.getone()).value for _ in range(end)]
    finally:
        await consumer.stop()


async def create_topic(broker):
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap_servers)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(TOPIC, 1, 1)])
    finally:
        await admin.close()


async def test_broker_is_up_when_start_returns(broker):
    """A topic can be made and written at once, on loopback."""
    await create_topic(broker)
    await write(broker, b"at once")

    assert broker.bootstrap_servers.startswith("127.0.0.1:")
    assert await read_all(broker) == [b"at once"]


async def test_unknown_topic_is_not_created(broker):
    """A typing error in a topic's name is an error, not a new topic."""
    producer = AIOKafkaProducer(
        bootstrap_servers=broker.bootstrap_servers, request_timeout_ms=1_000
    )
    await producer.start()
    try:
        with pytest.raises(KafkaError):
            await producer.send_and_wait("enrichment-reqests", b"lost")
    finally:
        await producer.stop()


@pytest.mark.parametrize("end", ["stop", "kill"])
async def test_records_outlive_a_restart(broker, end):
    """After a stop as after a kill, the broker comes back where it was with what it had."""
    await create_topic(broker)
    await write(broker, b"before")
    address, first = broker.bootstrap_servers, broker.pid

    getattr(broker, end)()
    assert not is_alive(first)
    assert not broker.is_running
    broker.start()

    await write(broker, b"after")
    assert broker.bootstrap_servers == address
    assert broker.pid != first
    assert await read_all(broker) == [b"before", b"after"]


def test_nothing_is_left_after_close(broker):
    """Closing ends the server and throws away data that is not to be kept."""
    pid, home = broker.pid, broker.launch.home

    broker.close()

    assert not is_alive(pid)
    assert not home.exists()


async def test_kept_data_is_found_by_the_next_run(java_and_maven, tmp_path):
    """A new broker on the directory of a former one that kept its data has that data."""
    kept = tmp_path / "kafka"
    with start_broker(data_dir=kept, keep_data=True, environ=java_and_maven) as broker:
        await create_topic(broker)
        await write(broker, b"yesterday")

    with start_broker(data_dir=kept, keep_data=True, environ=java_and_maven) as broker:
        assert await read_all(broker) == [b"yesterday"]


def test_second_start_needs_neither_maven_nor_network(broker, only_java):
    """Once the jars are there, Java alone is enough."""
    assert shutil.which("mvn", path=only_java["PATH"]) is not None
    (Path(only_java["PATH"]) / "mvn").unlink()

    with start_broker(environ=only_java) as second:
        assert second.is_running


PARENT = """
import sys
from enrich_stream.broker import start_broker
broker = start_broker()
print(broker.pid, broker.launch.home, flush=True)
sys.stdin.read()
"""


def test_broker_ends_with_a_killed_parent(java_and_maven):
    """After SIGKILL of the process that started it, neither server nor data is left."""
    with subprocess.Popen(
        [sys.executable, "-c", PARENT],
        env=java_and_maven,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        pid, home = parent.stdout.readline().split()
        assert is_alive(int(pid))
        parent.send_signal(signal.SIGKILL)

    until(lambda: not is_alive(int(pid)), "the server ends", seconds=30)
    until(lambda: not Path(home).exists(), "the data is thrown away", seconds=30)


def test_directory_in_use_is_refused(broker, java_and_maven, monkeypatch):
    """Two brokers never share a directory, and the one that runs is not disturbed."""
    monkeypatch.setattr(server, "_PREDECESSOR_SECONDS", 0.1)

    with pytest.raises(SetupError, match="another broker is running in"):
        start_broker(data_dir=broker.launch.home, keep_data=True, environ=java_and_maven)

    assert broker.is_running


def test_broker_that_does_not_come_up_shows_its_log(java_and_maven, tmp_path):
    """A start that fails says what the server said, here that 3 MiB are not enough for it."""
    home = tmp_path / "small"

    with pytest.raises(SetupError, match=r"(?s)ended by itself.*OutOfMemoryError"):
        start_broker(data_dir=home, environ=java_and_maven, heap_mib=3)

    assert not home.exists()


def test_port_of_somebody_else_is_refused(broker, java_and_maven):
    """A broker is never taken to be up because another one answers on its port."""
    port = int(broker.bootstrap_servers.rpartition(":")[2])

    with pytest.raises(SetupError, match="in use by another program"):
        start_broker(environ=java_and_maven, port=port)


def test_given_cluster_that_does_not_answer_is_named(monkeypatch):
    """A cluster of KAFKA_BOOTSTRAP_SERVERS that is not there is told by its address."""
    monkeypatch.setattr(server, "_EXTERNAL_DEADLINE_SECONDS", 0.1)

    with pytest.raises(UnavailableError, match=r"KAFKA_BOOTSTRAP_SERVERS=127\.0\.0\.1:1$"):
        start_broker(environ={"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"})


def test_given_cluster_is_used_and_left_alone(broker):
    """A cluster of KAFKA_BOOTSTRAP_SERVERS is used as it is, and runs on after close."""
    with start_broker(environ={"KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap_servers}) as given:
        assert given.bootstrap_servers == broker.bootstrap_servers
        assert not given.is_ours

    assert broker.is_running
