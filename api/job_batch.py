"""Changelog records on their way into the standby's copy, to be written all at once."""

from collections import defaultdict
from collections.abc import Callable, Iterable

import rocksdict

from api.change import Change, readable
from api.job_lists import entries
from api.job_row import ENDED, NOTHING, JobRow, settle, with_header, with_items, with_request
from enrich_stream.person import Outcome
from enrich_stream.records import Job, JobHeader, JobItem, Record, encode

JOB, ITEM, ANSWER = b"j/", b"i/", b"r/"
"""What the keys of the rows begin with: of a job, of an item, and of the answer about a job that
has ended, for those who read it again."""

_INDEX_DIGITS = 4


class _Accepted(Record, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """Of a request only the job; its items are read by the workers."""

    job: Job


class JobBatch:
    """Folds records into the rows that are there, each row read and written once.

    Args:
        read_row: Gives the row of a job as it is now, ``NOTHING`` when there is none.
    """

    def __init__(self, read_row: Callable[[bytes], JobRow]) -> None:
        self._read_row = read_row
        self._before: dict[bytes, JobRow] = {}
        self._rows: dict[bytes, JobRow] = {}
        self._deleted: set[bytes] = set()
        self._batch = rocksdict.WriteBatch(raw_mode=True)

    def put_items(self, changes: Iterable[Change]) -> None:
        """Fold records of the table ``job_items``."""
        of_job: defaultdict[bytes, dict[int, Outcome | None]] = defaultdict(dict)
        for change in changes:
            key, _, index = change.key.rpartition(b"/")
            if not index.isdigit() or len(index) > _INDEX_DIGITS:
                continue
            if change.value is None:
                of_job[key][int(index)] = None
                self._batch.delete(ITEM + change.key)
            elif row := readable(change, JobItem):
                of_job[key][int(index)] = row.item.outcome
                self._batch.put(ITEM + change.key, change.value)
        for key, outcomes in of_job.items():
            self._rows[key] = with_items(self._row(key), outcomes)

    def put_headers(self, changes: Iterable[Change]) -> None:
        """Fold records of the table ``jobs``."""
        for change in changes:
            if change.value is None:
                self._rows[change.key] = with_header(self._row(change.key), None)
                self._deleted.add(change.key)
            elif header := readable(change, JobHeader):
                self._rows[change.key] = with_header(self._row(change.key), header)

    def put_requests(
        self, changes: Iterable[Change], is_expired: Callable[[Job], bool]
    ) -> list[Job]:
        """Fold accepted requests, which make a job known before any worker has seen it.

        Returns the job of each, also of one that is known already.
        """
        accepted: list[Job] = []
        for change in changes:
            request = readable(change, _Accepted)
            # A key of another job is a record that the workers bury.
            if request is None or request.job.id.encode() != change.key:
                continue
            # One that is past its retention was deleted, or is about to be.
            if change.key in self._deleted or is_expired(request.job):
                continue
            self._rows[change.key] = with_request(self._row(change.key), request.job)
            accepted.append(request.job)
        return accepted

    @property
    def writes(self) -> rocksdict.WriteBatch:
        """Where rows of other kinds are put that are to be written together with the jobs."""
        return self._batch

    def finish(self) -> tuple[rocksdict.WriteBatch, dict[bytes, tuple[JobRow, JobRow]]]:
        """What is to be written, and the rows of its jobs: as they were, and as they will be."""
        jobs: dict[bytes, tuple[JobRow, JobRow]] = {}
        for key, row in self._rows.items():
            before, after = self._before[key], settle(row)
            if before.listed in ENDED:
                self._batch.delete(ANSWER + key)
            if after != before:
                self._replace(key, before, after)
            jobs[key] = before, after
        return self._batch, jobs

    def _replace(self, key: bytes, before: JobRow, after: JobRow) -> None:
        if after == NOTHING:
            self._batch.delete(JOB + key)
        else:
            self._batch.put(JOB + key, encode(after))
        was_in, is_in = entries(before), entries(after)
        for entry in was_in.keys() - is_in.keys():
            self._batch.delete(entry)
        for entry in is_in.keys() - was_in.keys():
            self._batch.put(entry, is_in[entry])

    def _row(self, key: bytes) -> JobRow:
        """The row as the batch has left it up to now."""
        if key not in self._rows:
            self._before[key] = self._rows[key] = self._read_row(key)
        return self._rows[key]
