"""How partitions are given to workers."""

from types import SimpleNamespace

from recording import TOPICS, an_app

from enrich_stream.assignor import WholeAssignor
from enrich_stream.settings import Settings

SUBSCRIBED = {topic.name for topic in (TOPICS.results, TOPICS.jobs_changelog)}


def groups(known):
    cluster = SimpleNamespace(partitions_for_topic=known.get)
    subscriptions = {"worker-1": list(SUBSCRIBED)}
    return WholeAssignor._get_copartitioned_groups(SUBSCRIBED, cluster, subscriptions)


def test_the_topics_of_a_job_are_given_away_together():
    """Its events and its table are one group, whose partitions go to one worker by number."""
    ((partitions, together),) = groups({key: set(range(8)) for key in SUBSCRIBED}).items()

    assert partitions == 8
    assert list(together) == [SUBSCRIBED]


def test_while_a_topic_is_not_shown_nobody_gets_anything():
    """A worker with a job's events and without its table would begin the job anew."""
    for missing in SUBSCRIBED:
        assert groups({key: set(range(8)) for key in SUBSCRIBED - {missing}}) == {}


def test_it_is_the_one_that_workers_use(tmp_path):
    """The engine has its own unless told otherwise."""
    app = an_app(Settings(data_dir=tmp_path))
    assert isinstance(app.assignor, WholeAssignor)
