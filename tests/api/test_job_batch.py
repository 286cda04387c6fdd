"""How records fold into a standby's rows: in any order, any number of times, in any batches."""

from hypothesis import given
from hypothesis import strategies as st
from samples import AT, LATER, a_job, a_request, settled

from api.job_batch import Change, JobBatch
from api.job_row import NOTHING, view_of
from enrich_stream import job
from enrich_stream.job import Status
from enrich_stream.person import Outcome
from enrich_stream.records import VERSION, JobItem, encode

KEY = b"op_1"
OUTCOMES = list(Outcome)


def fold(*batches):
    """The row after batches of (topic, change)."""
    row = NOTHING
    for changes in batches:
        batch = JobBatch(lambda _, row=row: row)
        of = {
            topic: [change for where, change in changes if where == topic]
            for topic in ("requests", "headers", "items")
        }
        batch.put_items(of["items"])
        batch.put_headers(of["headers"])
        batch.put_requests(of["requests"], lambda _: False)
        _, jobs = batch.finish()
        row = jobs[KEY][1] if jobs else row
    return row


def request(total):
    return "requests", Change(KEY, encode(a_request(total)))


def header(total, items=(), *, dispatched=True):
    folded = job.settle(job.open_job(a_job(total), AT), items, LATER)
    return "headers", Change(KEY, encode(job.dispatch(folded, LATER) if dispatched else folded))


def row(item):
    value = encode(JobItem(version=VERSION, item=item))
    return "items", Change(job.item_key("op_1", item.index).encode(), value)


def gone(item):
    return "items", Change(job.item_key("op_1", item.index).encode(), None)


def seen(folded):
    """What a caller sees, without times."""
    view = view_of(folded)
    sets = view.header.found, view.header.absent, view.header.unknown
    return view.status, view.progress, view.here, sets


@st.composite
def histories(draw):
    """All records of a job that may be under way still, and the same in disorder."""
    total = draw(st.integers(1, 6))
    outcomes = draw(st.lists(st.sampled_from(OUTCOMES), min_size=total, max_size=total))
    items = [settled(index, outcome) for index, outcome in enumerate(outcomes)]
    done = draw(st.lists(st.sampled_from(items), unique_by=lambda item: item.index))
    counted = [done[:count] for count in draw(st.lists(st.integers(0, len(done)), max_size=3))]
    records = [request(total), *map(row, done), *(header(total, some) for some in counted)]
    repeated = draw(st.permutations(records + draw(st.lists(st.sampled_from(records)))))
    cut = draw(st.integers(0, len(repeated)))
    return records, [repeated[:cut], repeated[cut:]]


@given(histories())
def test_order_repetition_and_batches_change_nothing(history):
    """Whatever way the records come, the same is seen of the job."""
    records, batches = history

    assert seen(fold(records)) == seen(fold(*batches))


@given(histories())
def test_a_job_has_ended_exactly_when_all_its_rows_are_here(history):
    """Also when its header is behind its rows, for a worker that lost its partitions wrote it."""
    records, batches = history
    view = view_of(fold(*batches))

    assert view.here == sum(1 << place for place in _rows_in(records))
    assert view.is_complete == (len(_rows_in(records)) == view.header.job.total)


def _rows_in(records):
    return {int(change.key.rpartition(b"/")[2]) for topic, change in records if topic == "items"}


def test_the_last_word_on_an_item_counts():
    """As in the changelog, which keeps only the last."""
    first, last = settled(0, Outcome.FOUND), settled(0, Outcome.UNKNOWN)

    assert seen(fold([header(1, [first]), row(first)], [row(last)])) == seen(
        fold([header(1, [first]), row(last)])
    )


def test_a_header_ahead_of_its_rows_does_not_end_the_job():
    """Nothing is shown as ended that cannot be shown."""
    item = settled(0)

    assert view_of(fold([header(1, [item])])).status is Status.PROCESSING
    assert view_of(fold([header(1, [item])], [row(item)])).status is Status.SUCCEEDED


def test_a_header_that_is_behind_takes_nothing_back():
    """A worker that was frozen may write one: what was shown of the job stays shown."""
    late = header(2, dispatched=False)

    assert seen(fold([header(2)], [late])) == seen(fold([header(2)]))
    assert seen(fold([header(2)], [late]))[0] is Status.PROCESSING


def test_of_two_requests_under_one_key_the_workers_choice_is_the_job():
    """The header says which one they took, whichever the standby read first."""
    other = "requests", Change(KEY, encode(a_request(3, accepted_at=LATER)))
    view = view_of(fold([other], [header(2)], [other]))

    assert (view.header.job.total, view.header.job.accepted_at) == (2, AT)


def test_of_a_job_that_was_deleted_nothing_is_left():
    """In whatever order header and rows go; a request that is read again does not bring it back."""
    items = [settled(0), settled(1)]
    full = [header(2, items), *map(row, items)]
    deleted = "headers", Change(KEY, None)

    assert fold(full, [deleted], [*map(gone, items)]) == NOTHING
    assert fold(full, [*map(gone, items)], [deleted]) == NOTHING
    assert fold(full, [request(2), deleted, *map(gone, items)]) == NOTHING


def test_what_cannot_be_read_changes_nothing():
    """A record of a newer version, or under a key that is no item's."""
    item = settled(0)
    strange = [
        ("headers", Change(KEY, b'{"version": 99}')),
        ("items", Change(b"op_1/000", b"[]")),
        ("items", Change(b"op_1", b"{}")),
        ("items", Change(b"op_1/-01", b"{}")),
        ("items", Change(b"op_1/" + b"9" * 50, row(item)[1].value)),
        ("requests", Change(KEY, encode(a_request(1, job_id="op_2")))),
    ]
    before = fold([header(1, [item]), row(item)])

    assert fold([header(1, [item]), row(item)], strange) == before
