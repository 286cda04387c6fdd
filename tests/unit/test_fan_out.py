"""How a job becomes tasks."""

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
