"""The fold of a job, without Kafka."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import AT, LATER, a_job, settled

from enrich_stream import job
from enrich_stream.job import Status
from enrich_stream.person import Outcome

TOTALS = st.integers(1, 100)


@st.composite
def jobs_and_results(draw):
    """A job, each of its items with an outcome, and batches that repeat and reorder them."""
    total = draw(TOTALS)
    items = [settled(i, draw(st.sampled_from(list(Outcome)))) for i in range(total)]
    order = draw(st.permutations(items))
    repeats = draw(st.lists(st.sampled_from(items), max_size=20))
    deliveries = draw(st.permutations(list(order) + repeats))
    cuts = sorted(draw(st.lists(st.integers(0, len(deliveries)), max_size=5)))
    edges = [0, *cuts, len(deliveries)]
    batches = [deliveries[a:b] for a, b in itertools.pairwise(edges)]
    return total, items, batches


@given(jobs_and_results())
def test_any_order_and_any_repetition_give_the_same_job(drawn):
    """Results fold to the same sets and the same state however they arrive."""
    total, items, batches = drawn
    expected = job.settle(job.open_job(a_job(total), AT), items, AT)

    header = job.open_job(a_job(total), AT)
    for batch in batches:
        header = job.settle(header, batch, AT)

    assert header == expected
    assert job.is_complete(header)


@given(jobs_and_results())
def test_progress_never_goes_back_and_ends_at_100_only_when_all_is_settled(drawn):
    """Progress grows with each batch, and 100 means complete."""
    total, _, batches = drawn
    header = job.open_job(a_job(total), AT)
    seen = [job.progress(header)]
    for batch in batches:
        header = job.settle(header, batch, AT)
        seen.append(job.progress(header))
        assert (job.progress(header) == 100) == job.is_complete(header)

    assert seen == sorted(seen)


@given(jobs_and_results(), st.data())
def test_two_headers_of_one_job_merge_to_what_both_know(drawn, data):
    """A header that is behind takes nothing away from one that is ahead."""
    total, items, _ = drawn
    header = job.open_job(a_job(total), AT)
    some = data.draw(st.lists(st.sampled_from(items)))
    others = data.draw(st.lists(st.sampled_from(items)))
    one, other = job.settle(header, some, AT), job.settle(header, others, AT)

    merged = job.merge(one, other)

    assert job.pending_items(merged) == job.pending_items(one) & job.pending_items(other)
    assert job.merge(merged, one) == merged


def test_an_item_keeps_its_first_outcome():
    """A second, different outcome of an item changes nothing."""
    header = job.settle(job.open_job(a_job(2), AT), [settled(0, Outcome.FOUND)], AT)

    again = job.settle(header, [settled(0, Outcome.ABSENT)], LATER)

    assert again == header


def test_a_job_ends_once():
    """The moment of completion stays when results are repeated later."""
    header = job.settle(job.open_job(a_job(1), AT), [settled(0)], AT)

    assert job.settle(header, [settled(0)], LATER).completed_at == AT


def test_an_item_that_the_job_does_not_have_is_ignored():
    """An index beyond the job's items settles nothing."""
    header = job.open_job(a_job(1), AT)

    assert job.settle(header, [settled(7)], AT) == header


@pytest.mark.parametrize(
    ("outcomes", "status"),
    [
        ([Outcome.FOUND, Outcome.FOUND], Status.SUCCEEDED),
        ([Outcome.FOUND, Outcome.ABSENT], Status.PARTIAL_SUCCESS),
        ([Outcome.FOUND, Outcome.UNKNOWN], Status.PARTIAL_SUCCESS),
        ([Outcome.ABSENT, Outcome.ABSENT], Status.FAILED),
        ([Outcome.UNKNOWN, Outcome.ABSENT], Status.FAILED),
    ],
)
def test_the_outcomes_decide_how_a_job_ends(outcomes, status):
    """All found: succeeded; none found: failed; else partial_success."""
    items = [settled(index, outcome) for index, outcome in enumerate(outcomes)]

    assert job.status(job.settle(job.open_job(a_job(2), AT), items, AT)) is status


def test_a_job_is_queued_until_its_tasks_are_sent_or_something_is_settled():
    """Opened is queued; dispatched, or with a first result, is processing."""
    opened = job.open_job(a_job(2), AT)

    assert job.status(opened) is Status.QUEUED
    assert job.status(job.dispatch(opened, AT)) is Status.PROCESSING
    assert job.status(job.settle(opened, [settled(0)], AT)) is Status.PROCESSING


def test_item_keys_sort_in_the_callers_order():
    """Rows of one job are in order when their keys are."""
    keys = [job.item_key("op_1", index) for index in range(100)]

    assert keys == sorted(keys)


@given(jobs_and_results(), st.data())
def test_whatever_a_cancellation_comes_between_each_item_ends_once(drawn, data):
    """What was settled stays, the rest is cancelled for good, and late results change nothing."""
    total, _, batches = drawn
    place = data.draw(st.integers(0, len(batches)))
    header = job.open_job(a_job(total), AT)
    for batch in batches[:place]:
        header = job.settle(header, batch, AT)
    settled_before = job.settled_count(header)
    was_complete = job.is_complete(header)

    cancelled = job.cancel(header, LATER)
    end = cancelled
    for batch in batches:
        end = job.cancel(job.settle(end, batch, LATER), LATER)

    assert end == cancelled
    assert job.settled_count(end) == settled_before
    assert job.is_complete(end)
    assert (job.status(end) is Status.CANCELLED) != was_complete
    assert job.progress(end) == job.progress(header)


@given(jobs_and_results(), st.data())
def test_a_header_that_is_behind_takes_no_cancellation_back(drawn, data):
    """A cancelled header merged with any earlier one, either way round, has ended."""
    total, items, _ = drawn
    header = job.open_job(a_job(total), AT)
    behind = job.settle(header, data.draw(st.lists(st.sampled_from(items))), AT)
    cancelled = job.cancel(job.settle(header, data.draw(st.lists(st.sampled_from(items))), AT), AT)

    assert job.merge(cancelled, behind) == cancelled
    assert job.is_complete(job.merge(behind, cancelled))
    assert job.merge(behind, cancelled).completed_at


def test_a_cancelled_job_keeps_what_was_settled():
    """The settled item is counted and not cancelled; the other one will never have an outcome."""
    header = job.cancel(job.settle(job.open_job(a_job(2), AT), [settled(1)], AT), LATER)

    assert job.status(header) is Status.CANCELLED
    assert job.progress(header) == 50
    assert job.pending_items(header) == frozenset()
    assert [job.is_cancelled(header, index) for index in range(2)] == [True, False]
    assert header.completed_at == LATER


def test_a_job_that_has_ended_cannot_be_cancelled():
    """A cancellation that comes too late leaves the job as it ended."""
    header = job.settle(job.open_job(a_job(1), AT), [settled(0)], AT)

    assert job.cancel(header, LATER) == header


def test_an_item_keeps_the_outcome_it_was_settled_with_first():
    """A second, different word about it is not counted beside the first."""
    first = job.settle(job.open_job(a_job(2), AT), [settled(0, Outcome.FOUND)], AT)
    second = job.settle(first, [settled(0, Outcome.UNKNOWN), settled(1, Outcome.ABSENT)], AT)

    counts = {outcome: job.count(second, outcome) for outcome in Outcome}
    assert counts == {Outcome.FOUND: 1, Outcome.ABSENT: 1, Outcome.UNKNOWN: 0}
