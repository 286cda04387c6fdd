"""The standby's copy: what a read costs, and what it holds after trouble."""

import shutil
from datetime import timedelta

import pytest
from front_door import job_store
from samples import a_job, settled

from api.change import Change
from api.final_answer import FinalAnswer
from enrich_stream import clock, job
from enrich_stream.job import Status
from enrich_stream.person import Outcome
from enrich_stream.records import VERSION, JobItem, encode
from enrich_stream.settings import Settings

START = clock.present() - timedelta(hours=3)
AGES_AGO = clock.iso(START - timedelta(days=7))


class WatchedDatabase:
    """Passes calls on, counts the rows that are read, and may have no room for single rows."""

    def __init__(self, database):
        self._database = database
        self.reads = 0
        self.is_full = False

    def __getattr__(self, name):
        return getattr(self._database, name)

    def get(self, key):
        self.reads += 1
        return self._database.get(key)

    def put(self, key, value):
        if self.is_full:
            raise OSError("IO error: No space left on device")
        self._database.put(key, value)

    def keys(self, **how):
        return self._counted(self._database.keys(**how))

    def items(self, **how):
        return self._counted(self._database.items(**how))

    def _counted(self, rows):
        for row in rows:
            self.reads += 1
            yield row


@pytest.fixture
def store(tmp_path):
    store = job_store(Settings(data_dir=tmp_path))
    store._db = WatchedDatabase(store._db)
    yield store
    store.close()


def job_number(n, total=1, organisation="acme", age=timedelta()):
    at = clock.iso(START - age + timedelta(seconds=n))
    return a_job(total, job_id=f"op_{n}", organisation=organisation, accepted_at=at)


def apply(store, *jobs, items=(), is_deleted=False):
    """Write what workers write when all of ``jobs`` have ``items`` settled."""
    headers, rows = [], []
    for record in jobs:
        header = job.settle(job.open_job(record, record.accepted_at), items, record.accepted_at)
        headers.append(Change(record.id.encode(), None if is_deleted else encode(header)))
        for item in items:
            key = job.item_key(record.id, item.index).encode()
            row = None if is_deleted else encode(JobItem(version=VERSION, item=item))
            rows.append(Change(key, row))
    store.apply(headers=headers, items=rows)


def reads_of(store, read, *args):
    before = store._db.reads
    found = read(*args)
    return found, store._db.reads - before


@pytest.mark.parametrize("status", [None, Status.QUEUED])
def test_a_page_costs_the_same_however_many_jobs_are_stored(store, status):
    """The rows read for a page of ten, with 100 and with 3,000 jobs of the organisation stored."""
    costs = []
    for numbers in (range(100), range(100, 3000)):
        apply(store, *map(job_number, numbers))
        apply(store, *(job_number(n + 10_000, organisation="other") for n in numbers))
        page, reads = reads_of(store, store.places, "acme", status, None, 10)
        assert len(page) == 10
        costs.append(reads)

    assert costs[0] == costs[1] <= 12


def test_a_page_reads_nothing_of_what_is_past_its_time(store):
    """A copy that missed deletions may hold any number of jobs that are no longer kept."""
    apply(store, *(job_number(n, age=timedelta(days=30)) for n in range(1000)))
    apply(store, job_number(5000))

    page, reads = reads_of(store, store.places, "acme", None, None, 100)

    assert [place.rpartition("/")[2] for place in page] == ["op_5000"]
    assert reads <= 2


def kept(store, record, body=b"{}"):
    """Keep an answer about a job as it is now."""
    answer = FinalAnswer(record.organisation, record.accepted_at, 'W/"1"', body)
    store.keep(store.view(record.id), answer)
    return answer


def test_a_kept_answer_is_one_row_and_all_that_is_read(store):
    """However many items the job has, and with nothing of its own row at hand."""
    record = job_number(1, total=100)
    apply(store, record, items=[settled(index) for index in range(100)])
    answer = kept(store, record, b"x" * 20_000)
    store._rows.clear()

    assert reads_of(store, store.final_answer, record.id) == (answer, 1)


def test_of_a_job_that_runs_no_answer_is_kept(store):
    """What is said of it now will not do later."""
    record = job_number(1, total=2)
    apply(store, record, items=[settled(0)])
    kept(store, record)

    assert store.final_answer(record.id) is None


def test_no_answer_is_kept_for_longer_than_it_holds(store):
    """A late record of the job ends it, and so does the job's time."""
    changed, expired = job_number(1), job_number(2)
    for record in (changed, expired):
        apply(store, record, items=[settled(0)])
    kept(store, changed)
    seen_before = store.view(changed.id)
    store.keep(store.view(expired.id), FinalAnswer("acme", AGES_AGO, "", b"{}"))

    apply(store, changed, items=[settled(0, Outcome.ABSENT, {"status": "failed"})])
    assert store.final_answer(changed.id) is None
    store.keep(seen_before, FinalAnswer("acme", changed.accepted_at, "", b"{}"))
    assert store.final_answer(changed.id) is None
    assert store.final_answer(expired.id) is None


def test_no_room_to_keep_an_answer_is_no_error(store):
    """It was read, and is right."""
    apply(store, job_number(1), items=[settled(0)])
    store._db.is_full = True
    kept(store, job_number(1))

    assert store.final_answer("op_1") is None


def test_after_a_crash_the_copy_holds_what_its_offsets_say(store, tmp_path):
    """Of what it has caught up with by then maybe nothing; from then on everything."""

    def left_by_a_crash(name):
        shutil.copytree(tmp_path / "standby", tmp_path / name / "standby")
        copy = job_store(Settings(data_dir=tmp_path / name))
        jobs = [record.id for record in copy.jobs("", 10)]
        offsets = copy.offsets()
        copy.close()
        return jobs, offsets

    store.apply(headers=[opened(1)], offsets={("jobs", 0): 1})
    assert left_by_a_crash("catching-up") in (([], {}), (["op_1"], {("jobs", 0): 1}))

    store.end_catching_up()
    store.apply(headers=[opened(2)], offsets={("jobs", 0): 2})
    assert left_by_a_crash("caught-up") == (["op_1", "op_2"], {("jobs", 0): 2})


def opened(n):
    record = job_number(n)
    return Change(record.id.encode(), encode(job.open_job(record, record.accepted_at)))


def test_a_job_is_in_the_list_of_its_status_and_in_no_other(store):
    """It leaves the list of the status it had, and all lists when it is deleted."""
    record, items = job_number(1), [settled(0)]

    def statuses():
        return {s for s in (None, *Status) if store.places("acme", s, None, 10)}

    apply(store, record)
    assert statuses() == {None, Status.QUEUED}
    apply(store, record, items=items)
    assert statuses() == {None, Status.SUCCEEDED}
    apply(store, record, items=items, is_deleted=True)
    assert statuses() == set()


def test_jobs_that_have_not_ended_are_counted_also_after_a_restart(tmp_path):
    """From the lists, whose entries say whose the job is and its lane."""
    records = [job_number(1), job_number(2), job_number(3, organisation="other")]
    store = job_store(Settings(data_dir=tmp_path))
    apply(store, *records)
    apply(store, records[0], items=[settled(0)])
    apply(store, records[0], items=[settled(0)])

    def counts(copy):
        lane = records[0].lane
        return copy.open_jobs(lane), copy.open_jobs(lane, "acme"), copy.open_jobs(lane, "other")

    assert counts(store) == (2, 1, 1)
    store.close()
    again = job_store(Settings(data_dir=tmp_path))
    assert counts(again) == (2, 1, 1)
    again.clear()
    assert counts(again) == (0, 0, 0)
    again.close()


def test_of_a_job_that_was_deleted_no_row_is_left(store):
    """Whichever record comes first, and also when it is still being shown."""
    items = [settled(index) for index in range(3)]
    record = job_number(1, total=3)
    apply(store, record, items=items)
    shown = store.view(record.id)
    answer = kept(store, record)
    apply(store, record, is_deleted=True)
    apply(store, record, items=items, is_deleted=True)
    store.keep(shown, answer)

    assert [key for key in store._db.keys() if key != b"layout"] == []  # noqa: SIM118 - a database
