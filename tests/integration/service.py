"""Speaks to a running service as its users do: over HTTP, and as a reader of its topics."""

import asyncio
import contextlib
import time
from types import MappingProxyType

import httpx2
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError

from enrich_stream.app import APP_ID
from enrich_stream.stack import free_port, wait_until_ready
from enrich_stream.topics import load_topics

TOPICS = load_topics()
TERMINAL = {"succeeded", "failed", "partial_success", "cancelled"}
DEADLINE_SECONDS = 120.0


class FrontDoor:
    """A client of one front-door process."""

    def __init__(self, process, port, headers):
        self.process, self.port = process, port
        url = f"http://127.0.0.1:{port}"
        self.http = httpx2.Client(base_url=url, headers=headers, timeout=30)

    def post(self, body):
        return self.http.post("/api/enrichments", json=body)

    def submit(self, names):
        """A batch of persons by name; returns the job's id."""
        identifiers = [{"linkedin_url": f"https://www.linkedin.com/in/{name}/"} for name in names]
        response = self.post({"identifiers": identifiers, "fields": ["contact.email"]})
        assert response.status_code == 202, response.text
        return response.json()["id"]

    def poll(self, job_id):
        response = self.http.get(f"/api/enrichments/{job_id}")
        assert response.status_code == 200, response.text
        return response.json()

    def result(self, job_id):
        """The job once it has ended."""
        found = {}

        def has_ended():
            found.update(self.poll(job_id))
            return found["status"] in TERMINAL

        until(has_ended, f"job {job_id} ends")
        return found


class Service:
    """The processes of one test."""

    def __init__(self, stack, headers):
        self.stack, self.headers = stack, headers
        self._doors = []

    def close(self):
        for door in self._doors:
            door.http.close()

    @property
    def bootstrap_servers(self):
        return self.stack.bootstrap_servers

    def front_door(self, name="api-1", port=None, environ=MappingProxyType({})):
        port = port or free_port()
        process = self.stack.start_api(name, environ, port=port)
        wait_until_ready(process, f"http://127.0.0.1:{port}")
        self._doors.append(FrontDoor(process, port, self.headers))
        return self._doors[-1]

    def workers(self, count):
        """Start workers and wait until each of them has partitions of the tasks topic."""
        processes = [self.stack.start_worker(f"worker-{n + 1}") for n in range(count)]
        self.wait_for_workers(count)
        return processes

    def wait_for_workers(self, count):
        until(
            lambda: len(self.task_partitions()) == count and all(self.task_partitions()),
            f"{count} workers have partitions",
        )

    def task_partitions(self):
        """The partitions of the tasks topic that each member of the group has."""
        return asyncio.run(_task_partitions(self.bootstrap_servers))

    def produce(self, topic, key, value, partition=None):
        asyncio.run(_produce(self.bootstrap_servers, topic.name, key, value, partition))

    def produce_in_transaction(self, topic, key, value, partition):
        asyncio.run(
            _produce_in_transaction(self.bootstrap_servers, topic.name, key, value, partition)
        )

    def records(self, topic):
        """All records of a topic up to now."""
        return asyncio.run(_records(self.bootstrap_servers, topic))

    def wait_until_consumed(self, topic):
        """Wait until the workers have committed everything that the topic has now."""
        ends = asyncio.run(_ends(self.bootstrap_servers, topic))
        until(
            lambda: asyncio.run(_committed(self.bootstrap_servers, topic)) >= ends,
            f"{topic.name} is consumed",
        )


def until(condition, what, seconds=DEADLINE_SECONDS):
    """Wait until ``condition`` holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)


def emails(result):
    """The e-mails of each item, in the order of the items."""
    return [
        item.get("data", {}).get("contact", {}).get("email") for item in result["result"]["items"]
    ]


@contextlib.asynccontextmanager
async def _admin(bootstrap_servers):
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def _task_partitions(bootstrap_servers):
    from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment

    async with _admin(bootstrap_servers) as admin:
        try:
            (response,) = await admin.describe_consumer_groups([APP_ID])
        except GroupCoordinatorNotAvailableError:
            return []  # a cluster that has never had a group
    ((_, _, state, _, _, members, *_),) = response.groups
    if state != "Stable":
        return []
    assigned = [
        dict(ConsumerProtocolMemberAssignment.decode(member[4]).assignment) for member in members
    ]
    return [partitions.get(TOPICS.tasks.name, []) for partitions in assigned]


async def _produce(bootstrap_servers, topic, key, value, partition):
    async with AIOKafkaProducer(bootstrap_servers=bootstrap_servers) as producer:
        await producer.send_and_wait(topic, value, key, partition=partition)


async def _produce_in_transaction(bootstrap_servers, topic, key, value, partition):
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap_servers, transactional_id="somebody")
    async with producer, producer.transaction():
        await producer.send_and_wait(topic, value, key, partition=partition)


@contextlib.asynccontextmanager
async def _consumer(bootstrap_servers, topic):
    from aiokafka import TopicPartition

    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap_servers, enable_auto_commit=False)
    await consumer.start()
    try:
        partitions = [TopicPartition(topic.name, p) for p in range(topic.partitions)]
        yield consumer, partitions
    finally:
        await consumer.stop()


async def _records(bootstrap_servers, topic):
    async with _consumer(bootstrap_servers, topic) as (consumer, partitions):
        ends = await consumer.end_offsets(partitions)
        consumer.assign(partitions)
        for partition in partitions:
            consumer.seek(partition, 0)
        found = []
        while any([await consumer.position(p) < ends[p] for p in partitions]):
            for batch in (await consumer.getmany(timeout_ms=200)).values():
                found += batch
        return found


async def _ends(bootstrap_servers, topic):
    async with _consumer(bootstrap_servers, topic) as (consumer, partitions):
        return sum((await consumer.end_offsets(partitions)).values())


async def _committed(bootstrap_servers, topic):
    async with _admin(bootstrap_servers) as admin:
        offsets = await admin.list_consumer_group_offsets(APP_ID)
    return sum(o.offset for p, o in offsets.items() if p.topic == topic.name and o.offset > 0)
