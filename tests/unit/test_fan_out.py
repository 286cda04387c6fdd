"""How a job becomes tasks."""

import msgspec
from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st
from samples import a_request

from enrich_stream.fan_out import tasks_for
from enrich_stream.partitions import partition_of


@given(st.text(min_size=1), st.integers(1, 64))
def test_a_key_lives_where_the_kafka_default_partitioner_puts_it(key, partitions):
    """Ours agrees with the client library's for any key."""
    all_partitions = list(range(partitions))

    expected = DefaultPartitioner()(key.encode(), all_partitions, all_partitions)

    assert partition_of(key, partitions) == expected


@given(st.integers(1, 100), st.integers(1, 16), st.data())
def test_each_pending_item_is_in_exactly_one_task_on_its_persons_partition(total, partitions, data):
    """Nothing is lost, doubled or sent to another partition than its identifier's."""
    pending = frozenset(data.draw(st.sets(st.integers(0, total - 1))))

    groups = tasks_for(a_request(total), pending, partitions)

    sent = [(partition, item) for partition, tasks in groups.items() for item in tasks.items]
    assert sorted(item.index for _, item in sent) == sorted(pending)
    assert all(partition_of(item.identifier, partitions) == p for p, item in sent)


CAPS = st.integers(0, 1000)


@given(st.integers(1, 100), st.integers(1, 16), CAPS)
def test_the_shares_of_a_cap_are_the_cap_and_go_by_persons(total, partitions, cap):
    """Together never more than the cap, and each group's within one of its part by persons."""
    request = a_request(total, max_provider_calls=cap)

    groups = tasks_for(request, frozenset(range(total)), partitions).values()

    assert sum(tasks.max_provider_calls for tasks in groups) == cap
    for tasks in groups:
        assert abs(tasks.max_provider_calls - cap * len(tasks.items) / total) < 1


@given(st.integers(1, 100), CAPS, st.data())
def test_a_group_has_the_same_share_when_it_is_sent_again(total, cap, data):
    """What is not settled after a crash goes out with no more calls than the first time."""
    request = a_request(total, max_provider_calls=cap)
    pending = frozenset(data.draw(st.sets(st.integers(0, total - 1))))

    first = tasks_for(request, frozenset(range(total)), 8)
    again = tasks_for(request, pending, 8)

    assert all(t.max_provider_calls == first[p].max_provider_calls for p, t in again.items())


def test_a_person_who_is_listed_often_counts_once_for_the_cap():
    """All spellings of one person cost one call, so they get one person's share."""
    request = a_request(4, max_provider_calls=4)
    one, *repeats, other = request.items
    same = [msgspec.structs.replace(item, identifier=one.identifier) for item in repeats]
    request = msgspec.structs.replace(request, items=(one, *same, other))

    groups = tasks_for(request, frozenset(range(4)), 64)

    assert [tasks.max_provider_calls for tasks in groups.values()] == [2, 2]


def test_without_a_cap_there_are_no_shares():
    """A task record of an ordinary job says nothing about calls."""
    assert {
        t.max_provider_calls for t in tasks_for(a_request(9), frozenset({1, 5}), 8).values()
    } == {None}
