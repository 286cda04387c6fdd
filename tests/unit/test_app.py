"""What the worker's application declares agrees with topics.yaml."""

import pytest
from recording import TOPICS, an_app

from api.publisher import request_producer
from enrich_stream.settings import Settings
from enrich_stream.topics import topics_for


@pytest.mark.parametrize("prefix", ["", "staging-"])
def test_the_tables_changelogs_are_the_declared_topics(tmp_path, prefix):
    """Each table writes to the changelog topic that topics.yaml has for it, and to no other."""
    settings = Settings(data_dir=tmp_path, kafka_topic_prefix=prefix)
    topics = topics_for(settings)
    app = an_app(settings, topics=topics)

    changelogs = {table.changelog_topic_name for table in app.tables.values()}

    declared = (topics.jobs_changelog, topics.job_items_changelog, topics.contacts_changelog)
    assert changelogs == {topic.name for topic in declared}


def test_tables_and_their_source_topics_have_the_same_partition_count():
    """Co-partitioning is by number: a row must be on the worker that has its events."""
    by_job = (
        TOPICS.requests,
        TOPICS.cancellations,
        TOPICS.results,
        TOPICS.jobs_changelog,
        TOPICS.job_items_changelog,
    )
    by_person = (TOPICS.tasks, TOPICS.contacts, TOPICS.contacts_changelog)

    assert len({topic.partitions for topic in by_job}) == 1
    assert len({topic.partitions for topic in by_person}) == 1


async def test_nothing_counts_as_written_before_all_replicas_have_it(tmp_path):
    """Neither what a front door accepts nor what a worker sends: ``acks=all``."""
    app = an_app(Settings(data_dir=tmp_path))
    producer = request_producer("127.0.0.1:9092", 1.0)

    assert producer._sender._acks == -1
    assert app.conf.producer_acks == -1
    await producer.stop()
