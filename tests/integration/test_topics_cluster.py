"""Topics on a real cluster: shown, made, checked, and never harmed."""

import asyncio
import contextlib
import time
import uuid

import pytest
import yaml
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from typer.testing import CliRunner

from enrich_stream.cli.topics import topics_app
from enrich_stream.errors import SetupError, UnavailableError
from enrich_stream.topic_admin import apply_topics, check_topics, plan_topics
from enrich_stream.topic_plan import AddPartitions, AlterConfig, Create
from enrich_stream.topics import default_path, load_topics

NOBODY = "127.0.0.1:1"
SHOWN_WITHIN_SECONDS = 20
LOOK_SECONDS = 0.05


class Declaration:
    """A topics.yaml of the test's own, with names that nobody else uses."""

    def __init__(self, path):
        self.path = path
        self.content = yaml.safe_load(default_path().read_text("utf-8"))
        prefix = f"test-{uuid.uuid4().hex[:8]}-"
        for entry in self.content["topics"].values():
            entry["name"] = prefix + entry["name"]

    def change(self, role, **members):
        self.content["topics"][role] |= members

    def topics(self, **options):
        self.path.write_text(yaml.safe_dump(self.content), "utf-8")
        return load_topics(self.path, **options)


@contextlib.asynccontextmanager
async def admin_of(bootstrap_servers):
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


@pytest.fixture
def servers(kafka):
    return kafka.bootstrap_servers


@pytest.fixture
def declaration(servers, tmp_path):
    declaration = Declaration(tmp_path / "topics.yaml")
    yield declaration

    async def delete():
        async with admin_of(servers) as admin:
            await admin.delete_topics([topic.name for topic in declaration.topics()])

    with asyncio.Runner() as runner:
        runner.run(delete())


async def shown(is_shown, what):
    """Wait until the cluster shows what it has been told; it says yes before every part knows."""
    deadline = time.monotonic() + SHOWN_WITHIN_SECONDS
    while not await is_shown():
        assert time.monotonic() < deadline, f"not shown in time: {what}"
        await asyncio.sleep(LOOK_SECONDS)


async def set_by_hand(servers, topic, config):
    async with admin_of(servers) as admin:
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic.name, config)])

    async def is_set():
        return config.items() <= (await settings_of(servers, topic)).items()

    await shown(is_set, f"{config} on {topic.name}")


async def settings_of(servers, topic):
    async with admin_of(servers) as admin:
        asked = [ConfigResource(ConfigResourceType.TOPIC, topic.name)]
        (response,) = await admin.describe_configs(asked)
    (resource,) = response.to_object()["resources"]
    return {entry["config_names"]: entry["config_value"] for entry in resource["config_entries"]}


async def create_by_hand(servers, topic, partitions):
    async with admin_of(servers) as admin:
        await admin.create_topics([NewTopic(topic.name, partitions, 1)])

        async def is_listed():
            return topic.name in await admin.list_topics()

        await shown(is_listed, topic.name)


async def test_everything_is_made_as_declared(servers, declaration):
    """On a cluster without our topics, apply creates each as declared; work can then begin."""
    topics = declaration.topics()

    done = await apply_topics(servers, topics)

    assert done.changes == tuple(Create(topic) for topic in topics)
    await check_topics(servers, topics)
    for topic in topics:
        settings = await settings_of(servers, topic)
        assert topic.config.items() <= settings.items()


async def test_second_apply_does_nothing(servers, declaration):
    """Applying what has been applied is no change."""
    topics = declaration.topics()
    await apply_topics(servers, topics)

    assert (await apply_topics(servers, topics)).is_empty


async def test_two_that_apply_at_once_both_succeed(servers, declaration):
    """Applying from two machines at the same time ends as applying once."""
    topics = declaration.topics()

    await asyncio.gather(*(apply_topics(servers, topics) for _ in range(2)))

    assert (await plan_topics(servers, topics)).is_empty


async def test_planning_changes_nothing(servers, declaration):
    """A plan leaves the cluster as it was."""
    topics = declaration.topics()

    first = await plan_topics(servers, topics)

    assert await plan_topics(servers, topics) == first
    assert len(first.changes) == len(list(topics))


async def test_changed_setting_is_set_right(servers, declaration):
    """Apply restores a declared setting and keeps one made by hand."""
    topics = declaration.topics()
    await apply_topics(servers, topics)
    await set_by_hand(
        servers, topics.tasks, {**topics.tasks.config, "retention.ms": "1000", "flush.ms": "4321"}
    )

    (change,) = (await apply_topics(servers, topics)).changes

    assert isinstance(change, AlterConfig)
    assert change.actual == {"retention.ms": "1000"}
    settings = await settings_of(servers, topics.tasks)
    assert settings["retention.ms"] == "604800000"
    assert settings["flush.ms"] == "4321"


async def test_partitions_are_added_where_keys_may_move(servers, declaration):
    """A topic without keyed state grows to what is declared."""
    await apply_topics(servers, declaration.topics())
    declaration.change("dead_letters", partitions=9)
    topics = declaration.topics()

    done = await apply_topics(servers, topics)

    assert done.changes == (AddPartitions(topics.dead_letters, 8),)
    assert (await plan_topics(servers, topics)).is_empty


async def test_refused_plan_changes_nothing(servers, declaration):
    """When one part is refused, not even the harmless parts are done."""
    topics = declaration.topics()
    await create_by_hand(servers, topics.requests, partitions=3)
    before = await plan_topics(servers, topics)

    with pytest.raises(SetupError, match="has 3 partitions, declared are 8; it carries keyed"):
        await apply_topics(servers, topics)

    assert len(before.refusals) == 1
    assert await plan_topics(servers, topics) == before


async def test_refusal_of_the_cluster_is_told(servers, declaration):
    """What Kafka answers instead of failing is seen: here there are too few brokers."""
    topics = declaration.topics(replication_factor=99)

    with pytest.raises(SetupError, match=r"requests could not be created: .*replication factor"):
        await apply_topics(servers, topics)


async def test_start_is_refused_on_missing_topics(servers, declaration):
    """Without the topics no work begins, and the message names the command that makes them."""
    topics = declaration.topics()

    with pytest.raises(SetupError) as refused:
        await check_topics(servers, topics)

    assert f"{topics.requests.name} is missing" in str(refused.value)
    assert "enrich-stream topics apply" in str(refused.value)


async def test_start_is_refused_on_a_changelog_that_deletes(servers, declaration):
    """A changelog that would lose rows by age stops the start."""
    topics = declaration.topics()
    await apply_topics(servers, topics)
    await set_by_hand(servers, topics.jobs_changelog, {"cleanup.policy": "delete"})

    with pytest.raises(SetupError, match=r"cleanup\.policy delete instead of compact"):
        await check_topics(servers, topics)


@pytest.mark.parametrize("work", [plan_topics, apply_topics, check_topics])
async def test_cluster_that_is_not_there_is_told(work):
    """When nobody answers, the error says where."""
    with pytest.raises(UnavailableError, match=NOBODY):
        await work(NOBODY, load_topics())


async def test_address_that_is_none_is_told():
    """A malformed address is a mistake in the settings."""
    with pytest.raises(SetupError, match="host:port"):
        await check_topics("kafka:many", load_topics())


def run(declaration, servers, *command):
    declaration.topics()
    given = {"KAFKA_BOOTSTRAP_SERVERS": servers, "ENRICH_TOPICS_FILE": str(declaration.path)}
    return CliRunner().invoke(topics_app, command, env=given)


def test_exit_codes_tell_a_pipeline_what_to_do(servers, declaration):
    """Plan ends with 2 while there is a difference and 0 when there is none; apply with 0."""
    planned = run(declaration, servers, "plan")
    applied = run(declaration, servers, "apply")
    again = run(declaration, servers, "plan")

    assert (planned.exit_code, applied.exit_code, again.exit_code) == (2, 0, 0)
    names = {entry["name"] for entry in declaration.content["topics"].values()}
    assert {f"+ {name}" for name in names} <= set(planned.stdout.splitlines())
    assert "+" not in again.stdout


def test_refusal_is_exit_code_1(servers, declaration):
    """Plan shows what is refused and why; apply says so in one line; both end with 1."""
    run(declaration, servers, "apply")
    for entry in declaration.content["topics"].values():
        if entry["keyed_state"]:
            entry["partitions"] = 16

    planned = run(declaration, servers, "plan")
    applied = run(declaration, servers, "apply")

    assert (planned.exit_code, applied.exit_code) == (1, 1)
    assert "! " in planned.stdout
    assert "keyed state" in planned.stdout
    assert len(applied.stderr.splitlines()) == 1
    assert "keyed state" in applied.stderr


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_error_is_one_line(declaration, command):
    """A cluster that is not there is one line on stderr and exit code 1."""
    result = run(declaration, NOBODY, command)

    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        f"enrich-stream: Kafka at {NOBODY} does not answer (KafkaConnectionError)"
    ]
