"""The difference between the declared topics and a cluster."""

import dataclasses

import pytest

from enrich_stream.topic_plan import (
    ActualTopic,
    AddPartitions,
    AlterConfig,
    Create,
    faults_for_start,
    plan,
)
from enrich_stream.topics import load_topics

TOPICS = load_topics()


def as_declared(topic):
    return ActualTopic(
        partitions=topic.partitions,
        replication_factor=topic.replication_factor,
        config={**topic.config, "compression.type": "producer"},
        overrides=dict(topic.config),
    )


@pytest.fixture
def cluster():
    """A cluster as declared."""
    return {topic.name: as_declared(topic) for topic in TOPICS}


def alter(cluster, topic, **members):
    cluster[topic.name] = dataclasses.replace(cluster[topic.name], **members)


def rendered(found):
    return [str(line) for line in found.lines()]


def test_cluster_as_declared_needs_nothing(cluster):
    """A cluster that is as declared gives an empty plan."""
    found = plan(TOPICS, cluster)

    assert found.is_empty
    assert rendered(found) == []


def test_undeclared_topics_are_left_alone(cluster):
    """Topics of others on the cluster are no difference."""
    cluster["somebody-elses"] = as_declared(TOPICS.requests)

    assert plan(TOPICS, cluster).is_empty


def test_everything_is_created_on_an_empty_cluster():
    """Each declared topic that is missing is created."""
    found = plan(TOPICS, {})

    assert found.changes == tuple(Create(topic) for topic in TOPICS)
    assert not found.refusals


def test_missing_topic_reads_like_an_added_file(cluster):
    """A creation is rendered as added lines with all that is declared."""
    del cluster[TOPICS.probes.name]

    assert rendered(plan(TOPICS, cluster)) == [
        "+ enrichment-probes",
        "+   partitions = 1",
        "+   replication factor = 1",
        "+   cleanup.policy = delete",
        "+   max.message.bytes = 4194304",
        "+   message.timestamp.type = LogAppendTime",
        "+   retention.ms = 3600000",
        "+   segment.ms = 600000",
    ]


def test_differing_setting_reads_like_a_changed_line(cluster):
    """A setting that differs is rendered as the old line and the new one, and nothing else."""
    actual = {**TOPICS.tasks.config, "retention.ms": "1000"}
    alter(cluster, TOPICS.tasks, config=actual, overrides=actual)

    assert rendered(plan(TOPICS, cluster)) == [
        "~ enrichment-tasks",
        "-   retention.ms = 1000",
        "+   retention.ms = 604800000",
    ]


def test_settings_made_by_hand_stay(cluster):
    """Altering keeps the topic's settings that nothing declares."""
    by_hand = {"segment.ms": "1", "flush.ms": "2000"}
    alter(
        cluster,
        TOPICS.tasks,
        config={**TOPICS.tasks.config, **by_hand, "compression.type": "producer"},
        overrides=by_hand,
    )

    (change,) = plan(TOPICS, cluster).changes

    assert isinstance(change, AlterConfig)
    assert change.actual == {"segment.ms": "1"}
    assert change.result == {**TOPICS.tasks.config, "flush.ms": "2000"}


def test_partitions_are_added_where_keys_may_move(cluster):
    """A topic without keyed state gets the partitions it lacks."""
    alter(cluster, TOPICS.dead_letters, partitions=3)

    found = plan(TOPICS, cluster)

    assert found.changes == (AddPartitions(TOPICS.dead_letters, 3),)
    assert rendered(found) == [
        "~ enrichment-dead-letters",
        "-   partitions = 3",
        "+   partitions = 8",
    ]


@pytest.mark.parametrize("partitions", [1, 7, 9])
@pytest.mark.parametrize(
    "topic", [topic for topic in TOPICS if topic.has_keyed_state], ids=lambda topic: topic.name
)
def test_partition_count_of_keyed_state_is_refused(cluster, topic, partitions):
    """No plan changes the partition count of a topic with keyed state, and it says why."""
    alter(cluster, topic, partitions=partitions)

    found = plan(TOPICS, cluster)

    assert not found.changes
    (refusal,) = found.refusals
    assert refusal.topic is topic
    assert "keyed state" in refusal.reason
    assert rendered(found)[0].startswith(f"! {topic.name}: has {partitions} partitions")


def test_partitions_are_never_taken_away(cluster):
    """Fewer partitions than there are is refused, since Kafka cannot do it."""
    alter(cluster, TOPICS.probes, partitions=2)

    found = plan(TOPICS, cluster)

    assert not found.changes
    assert "cannot take partitions away" in found.refusals[0].reason


def test_replication_factor_is_refused(cluster):
    """Another replication factor is refused, naming the tool that moves replicas."""
    alter(cluster, TOPICS.probes, replication_factor=2)

    found = plan(TOPICS, cluster)

    assert not found.changes
    assert "kafka-reassign-partitions" in found.refusals[0].reason


def test_start_is_possible_on_what_is_declared(cluster):
    """A cluster as declared has no fault."""
    assert list(faults_for_start(TOPICS, cluster)) == []


def test_start_faults_are_all_named(cluster):
    """A missing topic, a partition count and a cleanup policy each hinder a start."""
    del cluster[TOPICS.tasks.name]
    alter(cluster, TOPICS.requests, partitions=4)
    config = {**TOPICS.jobs_changelog.config, "cleanup.policy": "delete"}
    alter(cluster, TOPICS.jobs_changelog, config=config)

    assert list(faults_for_start(TOPICS, cluster)) == [
        "enrichment-requests has 4 partitions instead of 8",
        "enrichment-tasks is missing",
        "enrich-stream-jobs-changelog has cleanup.policy delete instead of compact",
    ]


def test_start_does_not_hang_on_retention(cluster):
    """A retention or replication that somebody chose otherwise does not hinder a start."""
    config = {**TOPICS.tasks.config, "retention.ms": "1"}
    alter(cluster, TOPICS.tasks, config=config, replication_factor=3)

    assert list(faults_for_start(TOPICS, cluster)) == []
