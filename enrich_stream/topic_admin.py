"""Reads the topics of a cluster, and makes them follow ``topics.yaml``."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.conn import collect_hosts
from aiokafka.errors import KafkaError, NoError, TopicAlreadyExistsError, for_code

from enrich_stream.errors import SetupError, UnavailableError
from enrich_stream.topic_plan import (
    ActualTopic,
    AddPartitions,
    AlterConfig,
    Create,
    Plan,
    faults_for_start,
    plan,
)
from enrich_stream.topics import Topics

_DEADLINE_SECONDS = 30.0
_REQUEST_TIMEOUT_MS = 10_000
_SHOWN_WITHIN_SECONDS = 10.0
_PAUSE_SECONDS = 0.1
# The protocol's number for "set on the topic itself".
_SET_ON_TOPIC = 1


async def plan_topics(bootstrap_servers: str, topics: Topics) -> Plan:
    """What ``apply_topics`` would do.

    Raises:
        UnavailableError: The cluster does not answer.
        SetupError: It does not let itself be read.
    """
    async with _admin(bootstrap_servers) as admin:
        return plan(topics, await _read_cluster(admin, topics))


async def apply_topics(bootstrap_servers: str, topics: Topics) -> Plan:
    """Make the cluster follow the declaration; gives what was done, nothing the second time.

    Raises:
        UnavailableError: The cluster does not answer.
        SetupError: A part of the plan is refused, and nothing was done; or the cluster refused.
    """
    async with _admin(bootstrap_servers) as admin:
        wanted = plan(topics, await _read_cluster(admin, topics))
        _raise_refusals(wanted)
        await _create(admin, [part for part in wanted.changes if isinstance(part, Create)])
        await _add_partitions(admin, [p for p in wanted.changes if isinstance(p, AddPartitions)])
        await _alter(admin, [part for part in wanted.changes if isinstance(part, AlterConfig)])
        await _until_applied(admin, topics)
        if wanted.changes:
            await _until_led(bootstrap_servers, topics)
        return wanted


async def delete_topics(bootstrap_servers: str, topics: Topics) -> None:
    """Delete the topics with all that is in them; for those that were made for a moment only.

    Raises:
        UnavailableError: The cluster does not answer.
    """
    async with _admin(bootstrap_servers) as admin:
        await admin.delete_topics([topic.name for topic in topics])


async def check_topics(bootstrap_servers: str, topics: Topics) -> None:
    """Make sure that work can begin on the topics the cluster has.

    Raises:
        UnavailableError: The cluster does not answer.
        SetupError: The topics do not match; the message names the command that mends it.
    """
    async with _admin(bootstrap_servers) as admin:
        faults = list(faults_for_start(topics, await _read_cluster(admin, topics)))
    if faults:
        raise SetupError(
            f"the topics do not match topics.yaml: {'; '.join(faults)}. "
            "Run: enrich-stream topics apply"
        )


@asynccontextmanager
async def _admin(bootstrap_servers: str) -> AsyncIterator[AIOKafkaAdminClient]:
    """A connected admin client, with one deadline and one kind of error for all that is done."""
    try:
        collect_hosts(bootstrap_servers)
    except ValueError as error:
        raise SetupError(f"{bootstrap_servers} is not a list of Kafka's host:port") from error
    admin = AIOKafkaAdminClient(
        bootstrap_servers=bootstrap_servers, request_timeout_ms=_REQUEST_TIMEOUT_MS
    )
    try:
        async with asyncio.timeout(_DEADLINE_SECONDS):
            await admin.start()
            yield admin
    except (KafkaError, OSError) as error:
        raise UnavailableError(
            f"Kafka at {bootstrap_servers} does not answer ({type(error).__name__})"
        ) from error
    finally:
        await admin.close()


async def _read_cluster(admin: AIOKafkaAdminClient, topics: Topics) -> dict[str, ActualTopic]:
    # All topics, because asking for one by its name can create it.
    described = {topic["topic"]: topic for topic in await admin.describe_topics()}
    names = [topic.name for topic in topics if topic.name in described]
    for name in names:
        _refuse_error(described[name]["error_code"], f"{name} cannot be read")
    configs = await _read_configs(admin, names)
    return {name: _actual(described[name], configs[name]) for name in names}


def _actual(described: Mapping[str, Any], entries: Iterable[Mapping[str, Any]]) -> ActualTopic:
    known = [entry for entry in entries if entry["config_value"] is not None]
    return ActualTopic(
        partitions=len(described["partitions"]),
        replication_factor=min(len(part["replicas"]) for part in described["partitions"]),
        config={entry["config_names"]: entry["config_value"] for entry in known},
        overrides={
            entry["config_names"]: entry["config_value"]
            for entry in known
            if entry["config_source"] == _SET_ON_TOPIC
        },
    )


async def _read_configs(
    admin: AIOKafkaAdminClient, names: Iterable[str]
) -> dict[str, list[dict[str, Any]]]:
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    configs: dict[str, list[dict[str, Any]]] = {}
    for response in await admin.describe_configs(resources):
        for resource in response.to_object()["resources"]:
            name = resource["resource_name"]
            _refuse_error(
                resource["error_code"],
                f"the settings of {name} cannot be read",
                resource["error_message"],
            )
            configs[name] = resource["config_entries"]
    return configs


async def _create(admin: AIOKafkaAdminClient, creations: Iterable[Create]) -> None:
    new = [
        NewTopic(
            creation.topic.name,
            creation.topic.partitions,
            creation.topic.replication_factor,
            topic_configs=dict(creation.topic.config),
        )
        for creation in creations
    ]
    if not new:
        return
    response = (await admin.create_topics(new)).to_object()
    for answer in response["topic_errors"]:
        # Somebody else was applying at the same time; whether it came out right is seen at the end.
        if answer["error_code"] != TopicAlreadyExistsError.errno:
            _refuse_error(
                answer["error_code"],
                f"{answer['topic']} could not be created",
                answer["error_message"],
            )


async def _add_partitions(admin: AIOKafkaAdminClient, additions: Iterable[AddPartitions]) -> None:
    wanted = {part.topic.name: NewPartitions(part.topic.partitions) for part in additions}
    if not wanted:
        return
    try:
        await admin.create_partitions(wanted)
    except KafkaError as error:
        raise SetupError(str(error)) from error


async def _alter(admin: AIOKafkaAdminClient, alterations: Iterable[AlterConfig]) -> None:
    # The request replaces all settings of a topic, hence `result` and not only what differs.
    resources = [
        ConfigResource(ConfigResourceType.TOPIC, part.topic.name, dict(part.result))
        for part in alterations
    ]
    if not resources:
        return
    for response in await admin.alter_configs(resources):
        for resource in response.to_object()["resources"]:
            _refuse_error(
                resource["error_code"],
                f"the settings of {resource['resource_name']} could not be changed",
                resource["error_message"],
            )


async def _until_applied(admin: AIOKafkaAdminClient, topics: Topics) -> None:
    """Wait until the brokers show what was done; whoever starts next must find it."""
    deadline = asyncio.get_running_loop().time() + _SHOWN_WITHIN_SECONDS
    while not (rest := plan(topics, await _read_cluster(admin, topics))).is_empty:
        # Somebody else may have made a topic in another way since the plan was.
        _raise_refusals(rest)
        if asyncio.get_running_loop().time() > deadline:
            names = ", ".join(sorted({change.topic.name for change in rest.changes}))
            raise SetupError(f"the cluster took the changes but does not show them: {names}")
        await asyncio.sleep(_PAUSE_SECONDS)


async def _until_led(bootstrap_servers: str, topics: Topics) -> None:
    """Wait until each partition's leader knows that it leads: brokers show a new topic earlier."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap_servers, request_timeout_ms=_REQUEST_TIMEOUT_MS
    )
    partitions = [
        TopicPartition(topic.name, number) for topic in topics for number in range(topic.partitions)
    ]
    try:
        await consumer.start()
        # Asked of the leaders, and again until they answer.
        await consumer.end_offsets(partitions)
    finally:
        await consumer.stop()


def _raise_refusals(found: Plan) -> None:
    if found.refusals:
        raise SetupError("; ".join(f"{r.topic.name} {r.reason}" for r in found.refusals))


def _refuse_error(code: int, what: str, why: str | None = None) -> None:
    """Raise for the codes that Kafka answers instead of failing the call."""
    error = for_code(code)
    if error is not NoError:
        raise SetupError(f"{what}: {why or error.description}")
