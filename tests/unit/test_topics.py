"""The list of topics: what it says, and what it refuses to be."""

from pathlib import Path

import pytest
import yaml

from enrich_stream.errors import SetupError
from enrich_stream.topics import (
    MAX_RECORD_BYTES,
    CleanupPolicy,
    TopicClass,
    default_path,
    load_topics,
    roles,
)


@pytest.fixture
def declared():
    return yaml.safe_load(default_path().read_text("utf-8"))


@pytest.fixture
def write(tmp_path):
    def write_topics(content) -> Path:
        path = tmp_path / "topics.yaml"
        path.write_text(content if isinstance(content, str) else yaml.safe_dump(content), "utf-8")
        return path

    return write_topics


def test_names_are_the_ones_other_systems_know():
    """The topic of each role has the name that is promised to readers and operators."""
    names = {role: getattr(load_topics(), role).name for role in roles()}

    assert names == {
        "requests": "enrichment-requests",
        "sync_requests": "enrichment-requests-sync",
        "idempotency_keys": "enrichment-idempotency-keys",
        "cancellations": "enrichment-cancellations",
        "tasks": "enrichment-tasks",
        "sync_tasks": "enrichment-tasks-sync",
        "retries": "enrichment-retries",
        "results": "enrichment-results",
        "contacts": "enriched-contacts",
        "dead_letters": "enrichment-dead-letters",
        "handled_dead_letters": "enrichment-dead-letters-handled",
        "probes": "enrichment-probes",
        "access_keys": "enrichment-access-keys",
        "jobs_changelog": "enrich-stream-jobs-changelog",
        "job_items_changelog": "enrich-stream-job_items-changelog",
        "contacts_changelog": "enrich-stream-contacts-changelog",
    }


def test_every_name_takes_the_prefix():
    """Installations with different prefixes share no topic of a cluster."""
    plain, prefixed = load_topics(), load_topics(prefix="staging-")

    assert [topic.name for topic in prefixed] == [f"staging-{topic.name}" for topic in plain]


def test_all_topics_are_iterated():
    """Iteration gives every topic once."""
    topics = load_topics()

    assert [topic.name for topic in topics] == [getattr(topics, role).name for role in roles()]


def test_topic_is_found_by_name():
    """A topic is found by its name on the cluster, and an unknown name is a KeyError."""
    topics = load_topics()

    assert topics.by_name("enrichment-results") is topics.results
    with pytest.raises(KeyError):
        topics.by_name("enrichment-result")


def test_what_holds_state_is_compacted_and_nothing_else_is():
    """Changelogs and access keys: a topic that deletes would lose rows, or keys, by age."""
    topics = load_topics()
    for topic in topics:
        is_state = topic.topic_class is TopicClass.CHANGELOG or topic is topics.access_keys
        assert (topic.cleanup_policy is CleanupPolicy.COMPACT) == is_state, topic.name


def test_changelogs_carry_keyed_state():
    """No changelog's partition count may change."""
    assert all(
        topic.has_keyed_state
        for topic in load_topics()
        if topic.topic_class is TopicClass.CHANGELOG
    )


def test_declaration_becomes_kafka_settings():
    """Durations and policy come out under Kafka's own names, in its own units."""
    topics = load_topics()

    assert topics.contacts.config == {
        "cleanup.policy": "delete",
        "max.message.bytes": str(MAX_RECORD_BYTES),
        "message.timestamp.type": "LogAppendTime",
        "retention.ms": "2592000000",
        "segment.ms": "86400000",
    }
    assert topics.probes.config["retention.ms"] == "3600000"
    assert topics.jobs_changelog.config["min.cleanable.dirty.ratio"] == "0.3"
    assert "retention.ms" not in topics.jobs_changelog.config


def test_the_time_of_a_record_is_by_kafkas_clock_on_every_topic():
    """By that of a machine that was set ahead Kafka takes nothing; set back, it deletes at once."""
    kinds = {topic.config["message.timestamp.type"] for topic in load_topics()}
    assert kinds == {"LogAppendTime"}


def test_jobs_leave_their_topics_when_they_leave_the_tables():
    """Topics of jobs follow the retention of jobs, also in files shorter than a day."""
    topics = load_topics(retention_days=0.5)

    for topic in (topics.requests, topics.sync_requests, topics.tasks, topics.results):
        assert topic.config["retention.ms"] == topic.config["segment.ms"] == "43200000"
    assert topics.contacts.config["retention.ms"] == "2592000000"


def test_defaults_apply_unless_given(declared, write):
    """Partitions and replication of the defaults hold for topics that do not say otherwise."""
    declared["defaults"] |= {"partitions": 12, "replication_factor": 2}

    topics = load_topics(write(declared))

    assert topics.tasks.partitions == 12
    assert topics.probes.partitions == 1
    assert {topic.replication_factor for topic in topics} == {2}


def test_replication_factor_is_overridden(declared, write):
    """The given replication factor stands for the default, not for a topic's own."""
    declared["topics"]["probes"]["replication_factor"] = 1

    topics = load_topics(write(declared), replication_factor=3)

    assert topics.requests.replication_factor == 3
    assert topics.probes.replication_factor == 1


def _without(*path):
    def change(declared):
        for step in path[:-1]:
            declared = declared[step]
        del declared[path[-1]]

    return change


def _with(value, *path):
    def change(declared):
        for step in path[:-1]:
            declared = declared[step]
        declared[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "where"),
    [
        pytest.param(_without("topics", "tasks"), "tasks", id="missing topic"),
        pytest.param(_with({}, "topics", "taskz"), "topics.taskz.name", id="unknown topic"),
        pytest.param(
            _with(1, "topics", "tasks", "partition"), "topics.tasks.partition", id="unknown member"
        ),
        pytest.param(
            _with("8", "topics", "tasks", "partitions"), "topics.tasks.partitions", id="text count"
        ),
        pytest.param(_with(0, "defaults", "partitions"), "defaults.partitions", id="no partitions"),
        pytest.param(
            _with("a week", "topics", "tasks", "retention"), "tasks.retention", id="odd duration"
        ),
        pytest.param(_without("topics", "tasks", "retention"), "topics.tasks", id="no retention"),
        pytest.param(
            _with("1d", "topics", "jobs_changelog", "retention"),
            "topics.jobs_changelog",
            id="compacted with retention",
        ),
        pytest.param(
            _with({"retention.ms": 1}, "topics", "tasks", "config"), "tasks", id="said twice"
        ),
        pytest.param(_with("a b", "topics", "tasks", "name"), "topics.tasks.name", id="bad name"),
        pytest.param(
            _with("enrichment-requests", "topics", "tasks", "name"),
            "enrichment-requests",
            id="same name twice",
        ),
        pytest.param(
            _with(4, "topics", "contacts", "partitions"),
            "enriched-contacts",
            id="not co-partitioned",
        ),
        pytest.param(_without("defaults"), "defaults", id="no defaults"),
    ],
)
def test_faulty_list_is_refused(declared, write, change, where):
    """A list that does not say what it must stops the start, naming the file and the entry."""
    change(declared)
    path = write(declared)

    with pytest.raises(SetupError) as refused:
        load_topics(path)

    assert str(path) in str(refused.value)
    assert where in str(refused.value)


@pytest.mark.parametrize("content", ["", "topics: [", "- 1", "\x00"])
def test_unreadable_list_is_refused(write, content):
    """What is no YAML mapping is refused in one line."""
    path = write(content)

    with pytest.raises(SetupError) as refused:
        load_topics(path)

    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_absent_list_is_refused(tmp_path):
    """A file that is not there is named."""
    with pytest.raises(SetupError, match=r"nowhere\.yaml: No such file"):
        load_topics(tmp_path / "nowhere.yaml")
