"""The standby's own copy of the jobs: changelog records go in, views of jobs and lists come out.

One RocksDB database. Each batch of records is written together with the offsets it reaches to,
so that after a crash the copy is exactly as far as its offsets say. An item's answer is kept as
the JSON it is shown as, apart from its evidence, so that to show a job is to join bytes.
"""

import contextlib
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import islice, takewhile
from pathlib import Path

import rocksdict
import structlog

from api import job_lists
from api.change import Change
from api.claim_store import ClaimStore
from api.contact_store import ContactStore
from api.daily_items import Counted, DailyItems
from api.job_batch import ANSWER, EVIDENCE, JOB, JOINED, JobBatch
from api.job_row import ENDED, NOTHING, OPEN, JobRow, JobView, view_of
from enrich_stream import clock, job
from enrich_stream.job import Status
from enrich_stream.records import VERSION, Job, Lane, decode_part
from enrich_stream.rocks import storage_error

log = structlog.get_logger(__name__)

LAYOUT = f"2/{VERSION}".encode()
"""Raised when rows change or ``JobHeader`` gets a member; a copy of another layout is read anew.

The version of the records is in it, for those that were too new to be read are not in the copy.
"""

_OFFSET, _LAYOUT = b"o/", b"layout"


class JobStore:
    """RocksDB with the jobs, their items, and how far each topic partition was read."""

    def __init__(self, path: Path, options: rocksdict.Options, retention: timedelta) -> None:
        self._path = path
        self._retention = retention
        with self._storage_errors():
            path.mkdir(parents=True, exist_ok=True)
            self._db = rocksdict.Rdict(str(path), options=options)
            self._items_today = DailyItems(self._db)
            self._check_layout()
            self._open_counts = Counter(self._open_jobs())
        self.claims = ClaimStore(self._db, retention)
        self.contacts = ContactStore(self._db)

    def close(self) -> None:
        """Flush and close."""
        self._db.close()

    def clear(self) -> None:
        """Forget everything."""
        self._db.delete_range(b"", b"\xff")
        self._db.put(_LAYOUT, LAYOUT)
        self._open_counts = Counter()
        self._items_today.clear()

    def offsets(self) -> dict[tuple[str, int], int]:
        """The next offset to read of each topic partition that was read before."""
        found: dict[tuple[str, int], int] = {}
        for key, value in self._range(_OFFSET):
            topic, _, partition = key.removeprefix(_OFFSET).decode().rpartition("/")
            found[topic, int(partition)] = int(value)
        return found

    def apply(
        self,
        *,
        requests: Iterable[Change],
        headers: Iterable[Change],
        items: Iterable[Change],
        claims: Iterable[Change],
        contacts: Iterable[Change],
        offsets: Mapping[tuple[str, int], int],
    ) -> set[str]:
        """Write one batch; returns the ids of its jobs."""
        batch = JobBatch(self._row)
        batch.put_items(items)
        batch.put_headers(headers)
        counted: Counted = {}
        for accepted in batch.put_requests(requests, self._is_expired):
            self._items_today.add(batch.writes, accepted, counted)
        self.claims.apply(batch.writes, claims)
        self.contacts.apply(batch.writes, contacts)
        for (topic, partition), offset in offsets.items():
            batch.writes.put(_OFFSET + f"{topic}/{partition}".encode(), str(offset).encode())
        writes, jobs = batch.finish()
        with self._storage_errors():
            self._db.write(writes)
        self._items_today.count(counted)
        for before, after in jobs.values():
            self._open_counts.subtract(job_lists.owners(before))
            self._open_counts.update(job_lists.owners(after))
        self._join(after for _, after in jobs.values() if after.listed in ENDED)
        return {key.decode(errors="replace") for key in jobs}

    def open_jobs(self, lane: Lane, organisation: str | None = None) -> int:
        """How many jobs of a lane have not ended; of one organisation, or of all."""
        return sum(
            count
            for (whose, where), count in self._open_counts.items()
            if where == lane and organisation in (None, whose)
        )

    def items_today(self, organisation: str) -> int:
        """How many items of an organisation were accepted since midnight, UTC."""
        return self._items_today.of(organisation)

    def view(self, job_id: str) -> JobView | None:
        """The job, or None when nothing is known of it or it is no longer kept."""
        view = view_of(self._row(job_id.encode()))
        return None if view is None or self._is_expired(view.header.job) else view

    def joined_answers(self, view: JobView) -> bytes:
        """The answers of all items that can be shown, in the caller's order, between commas."""
        with self._storage_errors():
            joined: bytes | None = self._db.get(JOINED + view.id.encode())
        return b",".join(self.answers(view.id, view.shown)) if joined is None else joined

    def answers(self, job_id: str, indexes: Sequence[int] | None = None) -> list[bytes]:
        """The same one by one; all of them, or those of ``indexes``."""
        return self._item_rows(ANSWER, job_id, indexes)

    def evidence(self, job_id: str, indexes: Sequence[int] | None = None) -> list[bytes]:
        """The evidence of the same items."""
        return self._item_rows(EVIDENCE, job_id, indexes)

    def places(
        self, organisation: str, status: Status | None, after: str | None, limit: int
    ) -> list[str]:
        """The places of a list from ``after`` on, newest first; each ends in ``/`` and a job's id.

        ``after`` is a place, of a job that need not exist any more; None begins with the newest.
        """
        name = job_lists.list_of(organisation, status)
        oldest = clock.iso(clock.present() - self._retention)
        with self._storage_errors():
            entries = self._before(name + (after or "\x7f").encode())
            in_list = takewhile(lambda entry: entry.startswith(name), entries)
            kept = takewhile(lambda place: place >= oldest, map(job_lists.place_of, in_list))
            return list(islice((place for place in kept if place != after), limit))

    def _join(self, ended: Iterable[JobRow]) -> None:
        # Whoever waits for a job reads it once it has ended: one row then instead of a hundred.
        for view in filter(None, map(view_of, ended)):
            joined = b",".join(self.answers(view.id, view.shown))
            with self._storage_errors():
                self._db.put(JOINED + view.id.encode(), joined)

    def _check_layout(self) -> None:
        if self._db.get(_LAYOUT) == LAYOUT:
            return
        if any(self._range(_OFFSET)):
            log.info("standby.discarded", why="it was written by another version")
        self.clear()

    def _open_jobs(self) -> Iterator[tuple[str, Lane]]:
        for status in OPEN:
            for entry, lane in self._range(job_lists.lists_of(status)):
                yield job_lists.owner_of(entry, lane)

    def _item_rows(self, kind: bytes, job_id: str, indexes: Sequence[int] | None) -> list[bytes]:
        with self._storage_errors():
            if indexes is None:
                prefix = kind + f"{job_id}/".encode()
                return [row for _, row in self._range(prefix)]
            keys = (kind + job.item_key(job_id, index).encode() for index in indexes)
            return [row for row in map(self._db.get, keys) if row is not None]

    def _row(self, key: bytes) -> JobRow:
        with self._storage_errors():
            row = self._db.get(JOB + key)
        return NOTHING if row is None else decode_part(row, JobRow)

    def _range(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """All rows whose keys begin with ``prefix``."""
        # Not by an upper bound: the library frees the options of an iterator while it is in use.
        return takewhile(lambda row: row[0].startswith(prefix), self._rows_from(prefix))

    def _rows_from(self, key: bytes) -> Iterator[tuple[bytes, bytes]]:
        # In raw mode every key is bytes, which the library's types do not know.
        return self._db.items(from_key=key)  # type: ignore[return-value]

    def _before(self, key: bytes) -> Iterator[bytes]:
        """All keys from ``key`` on, backwards."""
        return self._db.keys(backwards=True, from_key=key)  # type: ignore[return-value] # as above

    def _is_expired(self, job_: Job) -> bool:
        return job.is_expired(job_, clock.present(), self._retention)

    @contextlib.contextmanager
    def _storage_errors(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # noqa: BLE001 - RocksDB raises nothing more precise
            raise storage_error(self._path, error) from None


def discard_standby(path: Path) -> None:
    """Delete the copy; it is read back from Kafka."""
    shutil.rmtree(path, ignore_errors=True)
