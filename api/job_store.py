"""The standby's own copy of the jobs: changelog records go in, views of jobs and lists come out.

One RocksDB database. Each batch of records is written together with the offsets it reaches to,
so that after a crash the copy is exactly as far as its offsets say. An item is kept as its record
came, in which its answer is the JSON that is shown: to show a job is to join bytes.
"""

import contextlib
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import islice, takewhile
from pathlib import Path
from types import MappingProxyType

import msgspec
import rocksdict
import structlog
from cachetools import LRUCache

from api import job_lists
from api.change import Change
from api.claim_store import ClaimStore
from api.contact_store import ContactStore
from api.daily_items import Counted, DailyItems
from api.final_answer import FinalAnswer, read_row, row_of
from api.job_batch import ANSWER, ITEM, JOB, JobBatch
from api.job_row import NOTHING, OPEN, JobRow, JobView, view_of
from enrich_stream import clock, job
from enrich_stream.errors import StorageError
from enrich_stream.job import Status
from enrich_stream.records import VERSION, Job, Lane, decode_part
from enrich_stream.rocks import storage_error

log = structlog.get_logger(__name__)

LAYOUT = f"4/{VERSION}".encode()
"""Raised when rows or answers change, or ``JobHeader`` gets a member; a copy of another layout is
read anew.

The version of the records is in it, for those that were too new to be read are not in the copy.
"""

CACHED_ROWS = 1_000
"""At hand in memory: who asks for a job asks again, and its items come in many batches."""

_OFFSET, _LAYOUT = b"o/", b"layout"


class _Shown(msgspec.Struct, frozen=True):
    """Of a settled item what is shown."""

    answer: msgspec.Raw
    evidence: msgspec.Raw


class _ItemRow(msgspec.Struct, frozen=True):
    """The same of its row; the rest was looked at when it came."""

    item: _Shown


_item_rows = msgspec.json.Decoder(_ItemRow)


class JobStore:
    """RocksDB with the jobs, their items, and how far each topic partition was read."""

    def __init__(self, path: Path, options: rocksdict.Options, retention: timedelta) -> None:
        self._storage_errors = _StorageErrors(path)
        self._retention = retention
        self._rows: LRUCache[bytes, JobRow] = LRUCache(CACHED_ROWS)
        with self._storage_errors:
            path.mkdir(parents=True, exist_ok=True)
            self._db = rocksdict.Rdict(str(path), options=options)
            self._items_today = DailyItems(self._db)
            self._check_layout()
            self._open_counts = Counter(self._open_jobs())
            self._log_writes(is_on=False)
        self.claims = ClaimStore(self._db, retention)
        self.contacts = ContactStore(self._db)

    def end_catching_up(self) -> None:
        """From here on a crash loses no write; up to now, what was not on disk yet is read again.

        Rows and the offsets they reach to are in one database, and what a crash leaves of that is
        always all that was written up to some moment.
        """
        with self._storage_errors:
            self._db.flush()
            self._log_writes(is_on=True)

    def close(self) -> None:
        """Flush and close."""
        self._db.close()

    def clear(self) -> None:
        """Forget everything."""
        self._db.delete_range(b"", b"\xff")
        self._db.put(_LAYOUT, LAYOUT)
        self._rows.clear()
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
        requests: Iterable[Change] = (),
        headers: Iterable[Change] = (),
        items: Iterable[Change] = (),
        claims: Iterable[Change] = (),
        contacts: Iterable[Change] = (),
        offsets: Mapping[tuple[str, int], int] = MappingProxyType({}),
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
        with self._storage_errors:
            self._db.write(writes)
        self._rows.update((key, after) for key, (_, after) in jobs.items())
        self._items_today.count(counted)
        for before, after in jobs.values():
            self._open_counts.subtract(job_lists.owners(before))
            self._open_counts.update(job_lists.owners(after))
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

    def jobs(self, after: str, limit: int) -> list[Job]:
        """The next jobs behind the id ``after``, in the order of their ids."""
        start = JOB + after.encode()
        with self._storage_errors:
            in_range = takewhile(lambda pair: pair[0].startswith(JOB), self._rows_from(start))
            rows = [row for key, row in islice(in_range, limit + 1) if key != start][:limit]
        headers = [decode_part(row, JobRow).header for row in rows]
        return [header.job for header in headers if header is not None]

    def forget(self, jobs: Iterable[Job]) -> None:
        """Delete jobs with all that is known of them, as if their workers had."""
        gone = [
            (j.id.encode(), [job.item_key(j.id, i).encode() for i in range(j.total)]) for j in jobs
        ]
        self.apply(
            headers=[Change(key, None) for key, _ in gone],
            items=[Change(item, None) for _, items in gone for item in items],
        )

    def view(self, job_id: str) -> JobView | None:
        """The job, or None when nothing is known of it or it is no longer kept."""
        view = view_of(self._row(job_id.encode()))
        return None if view is None or self._is_expired(view.header.job) else view

    def joined_answers(self, view: JobView) -> bytes:
        """The answers of all items that can be shown, in the caller's order, between commas."""
        return b",".join(self.answers(view.id, view.shown))

    def final_answer(self, job_id: str) -> FinalAnswer | None:
        """The answer about a job that has ended; None when it is not kept, or not any more."""
        with self._storage_errors:
            row = self._db.get(ANSWER + job_id.encode())
        answer = None if row is None else read_row(row)
        return None if answer is None or self._is_past(answer.accepted_at) else answer

    def keep(self, view: JobView, answer: FinalAnswer) -> None:
        """Keep the answer about a job until anything of the job changes.

        For who reads it again: one row then instead of a hundred. Not when the job ends, for of
        all that are read back after a lost disk hardly any is read ever again.
        """
        if view.is_complete and view == self.view(view.id):
            # What was read is right, whether or not there is room to keep it.
            with contextlib.suppress(StorageError), self._storage_errors:
                self._db.put(ANSWER + view.id.encode(), row_of(answer))

    def answers(self, job_id: str, indexes: Sequence[int] | None = None) -> list[bytes]:
        """The same one by one; all of them, or those of ``indexes``."""
        return [bytes(item.answer) for item in self._items(job_id, indexes)]

    def evidence(self, job_id: str, indexes: Sequence[int] | None = None) -> list[bytes]:
        """The evidence of the same items."""
        return [bytes(item.evidence) for item in self._items(job_id, indexes)]

    def places(
        self, organisation: str, status: Status | None, after: str | None, limit: int
    ) -> list[str]:
        """The places of a list from ``after`` on, newest first; each ends in ``/`` and a job's id.

        ``after`` is a place, of a job that need not exist any more; None begins with the newest.
        """
        name = job_lists.list_of(organisation, status)
        oldest = clock.iso(clock.present() - self._retention)
        with self._storage_errors:
            entries = self._before(name + (after or "\x7f").encode())
            in_list = takewhile(lambda entry: entry.startswith(name), entries)
            kept = takewhile(lambda place: place >= oldest, map(job_lists.place_of, in_list))
            return list(islice((place for place in kept if place != after), limit))

    def _log_writes(self, *, is_on: bool) -> None:
        # For all writes at once: a log without those before it would be replayed onto older rows.
        options = rocksdict.WriteOptions()
        options.disable_wal = not is_on  # type: ignore[method-assign,assignment] # a property
        self._db.set_write_options(options)

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

    def _items(self, job_id: str, indexes: Sequence[int] | None) -> list[_Shown]:
        with self._storage_errors:
            if indexes is None:
                rows = [row for _, row in self._range(ITEM + f"{job_id}/".encode())]
            else:
                keys = (ITEM + job.item_key(job_id, index).encode() for index in indexes)
                rows = [row for row in map(self._db.get, keys) if row is not None]
        return [_item_rows.decode(row).item for row in rows]

    def _row(self, key: bytes) -> JobRow:
        row = self._rows.get(key)
        if row is None:
            row = self._stored_row(key)
            if row is not NOTHING:
                self._rows[key] = row
        return row

    def _stored_row(self, key: bytes) -> JobRow:
        with self._storage_errors:
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
        return self._is_past(job_.accepted_at)

    def _is_past(self, accepted_at: str) -> bool:
        return job.is_past(accepted_at, clock.present(), self._retention)


class _StorageErrors:
    """A block in which what RocksDB raises becomes ``StorageError``."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        """End; RocksDB raises nothing more precise than ``Exception``."""
        if isinstance(error, Exception):
            raise storage_error(self._path, error) from None


def discard_standby(path: Path) -> None:
    """Delete the copy; it is read back from Kafka."""
    shutil.rmtree(path, ignore_errors=True)
