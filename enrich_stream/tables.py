"""Faust tables whose writes can be awaited, on RocksDB stores whose memory is bounded.

The engine's own table sends a changelog record for each assignment and forgets it: a send that
fails is only logged, and the event is committed all the same. Here each assignment leaves its
delivery behind, and an event is acknowledged only when all of its deliveries are.

The engine takes the local copy to reach as far as the last record that was delivered. When that
comes late, others may have had the partition and written before it, and their rows would be
missing for ever. Here the copy reaches only over records without a gap, and notes that once for
each batch of them.

The engine logs what goes wrong on the disk while it reads a table back, and goes on. Here the
worker stops: a copy with holes must not answer.
"""

import asyncio
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import faust
import rocksdict
from aiokafka import ConsumerRecord
from faust.stores import rocksdb
from faust.streams import current_event
from faust.tables.recovery import Recovery
from faust.types import TP, AppT, EventT
from faust.types.stores import StoreT
from yarl import URL

from enrich_stream import metrics
from enrich_stream.errors import StorageError
from enrich_stream.lease import Lease
from enrich_stream.outbox import Delivery, Outbox, delivered
from enrich_stream.rocks import RocksMemory, storage_error

T = TypeVar("T")


class BoundedStore(rocksdb.Store):
    """The engine's RocksDB store, opened within the budget of ``RocksMemory``.

    Raises ``StorageError`` for all that goes wrong on the disk.
    """

    def __init__(self, *args: Any, memory: RocksMemory, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._memory = memory

    def _open_for_partition(self, partition: int) -> rocksdict.Rdict:
        path = self.partition_path(partition)
        return self._guarded(lambda: rocksdict.Rdict(str(path), options=self._memory.options()))

    def get_row(self, partition: int, key: bytes) -> bytes | None:
        """A row of a partition of ours."""
        try:
            row: bytes | None = self._db_for_partition(partition).get(key)
        except Exception as error:  # noqa: BLE001 - the binding raises nothing more precise
            raise storage_error(self.path, error) from None
        return row

    def put_row(self, partition: int, key: bytes, value: bytes) -> None:
        """Write a row of a partition of ours."""
        try:
            self._db_for_partition(partition).put(key, value)
        except Exception as error:  # noqa: BLE001 - the same
            raise storage_error(self.path, error) from None

    def persisted_offset(self, tp: TP) -> int | None:
        """How far the copy reaches; None when it is empty."""
        return self._guarded(lambda: super(BoundedStore, self).persisted_offset(tp))

    def set_persisted_offset(self, tp: TP, offset: int) -> None:
        """Note how far the copy reaches; the engine calls it where nobody would see it fail."""
        try:
            self._guarded(lambda: super(BoundedStore, self).set_persisted_offset(tp, offset))
        except StorageError as error:
            self._end_worker(error)

    def apply_changelog_batch(
        self,
        batch: Iterable[EventT[bytes]],
        to_key: Callable[[Any], Any],
        to_value: Callable[[Any], Any],
    ) -> None:
        """Write rows that are read back; the engine would swallow what goes wrong here."""
        # After a rebalance the engine may still hand over records that came for other tables.
        own = self.table.changelog_topic.get_topic_name()
        write = super().apply_changelog_batch
        rows = [event for event in batch if event.message.topic == own]
        metrics.ROWS_RECOVERED.inc(len(rows))
        try:
            self._guarded(lambda: write(rows, to_key, to_value))
        except StorageError as error:
            self._end_worker(error)
            raise

    def read_back(self, partition: int, records: Sequence[ConsumerRecord]) -> None:
        """Write consecutive changelog records, and with them how far they reach."""
        batch = rocksdict.WriteBatch(raw_mode=True)
        for record in records:
            if record.value is None:
                batch.delete(record.key)
            else:
                batch.put(record.key, record.value)
        batch.put(self.offset_key, str(records[-1].offset).encode())
        self._guarded(lambda: self._db_for_partition(partition).write(batch))
        metrics.ROWS_RECOVERED.inc(len(records))

    def rows(self, partition: int, after: bytes, limit: int) -> list[tuple[bytes, bytes]]:
        """The next rows of a partition that is open; nothing of one that is not."""
        db = self._dbs.get(partition)
        return [] if db is None else self._guarded(lambda: self._rows(db, after, limit))

    def row(self, partition: int, key: bytes) -> bytes | None:
        """A row of a partition that is open."""
        db = self._dbs.get(partition)
        return None if db is None else self._guarded(lambda: db.get(key))

    def drop(self, partition: int, key: bytes, value: bytes | None) -> None:
        """Delete a row that is still the same, of a partition that is still open."""
        db = self._dbs.get(partition)
        if db is not None and value is not None and self.row(partition, key) == value:
            self._guarded(lambda: db.delete(key))

    def _rows(self, db: rocksdict.Rdict, after: bytes, limit: int) -> list[tuple[bytes, bytes]]:
        # In raw mode every key is bytes, which the library's types do not know.
        found: Iterator[tuple[bytes, bytes]] = db.items(from_key=after)  # type: ignore[assignment]
        return list(islice((row for row in found if row[0] not in (after, self.offset_key)), limit))

    def _end_worker(self, error: StorageError) -> None:
        self._crashing = asyncio.ensure_future(self.app.crash(error))

    def _guarded(self, use: Callable[[], T]) -> T:
        try:
            return use()
        except Exception as error:  # noqa: BLE001 - the binding raises nothing more precise
            raise storage_error(self.path, error) from None


class DurableTable(faust.Table[bytes, bytes]):
    """A table of plain bytes that remembers which of its changelog records are under way.

    Keys are the UTF-8 bytes of the key, so that table, topic and standby agree on the partition.
    """

    def __init__(
        self,
        *args: Any,
        outbox: Outbox,
        lease: Lease,
        memory: RocksMemory | None = None,
        **kwargs: Any,
    ) -> None:
        """Without ``memory`` the rows are kept where ``app.conf.store`` says."""
        super().__init__(*args, key_type=bytes, value_type=bytes, **kwargs)
        self._outbox = outbox
        self._lease = lease
        self._memory = memory
        self._under_way: list[Delivery] = []
        self._reached: dict[TP, int] = {}
        self._followed: dict[TP, Delivery] = {}

    def get(self, key: bytes, default: Any = None) -> Any:
        """A row of the partition in hand."""
        if self._memory is None:
            return super().get(key, default)
        # Straight to the store: the engine's way looks each row up twice.
        row = self._rocks.get_row(_partition_in_hand(), key)
        return default if row is None else row

    def __setitem__(self, key: bytes, value: bytes) -> None:
        """Write a row of the partition in hand, and send it; see ``take_deliveries``."""
        partition = _partition_in_hand()
        self._under_way.append(self._send(partition, key, value))
        if self._memory is None:
            self.data[key] = value
        else:
            self._rocks.put_row(partition, key, value)

    def take_deliveries(self) -> list[Delivery]:
        """The deliveries of all assignments since the last call."""
        deliveries, self._under_way = self._under_way, []
        return deliveries

    async def on_rebalance(self, *args: Any, **kwargs: Any) -> None:
        """Called by the engine when partitions are assigned, before any is read back."""
        self._reached.clear()
        await super().on_rebalance(*args, **kwargs)

    async def on_recovery_completed(self, active_tps: set[TP], standby_tps: set[TP]) -> None:
        """Called by the engine when the partitions are whole."""
        recovery: Recovery = self.app.tables.recovery  # type: ignore[attr-defined] # not in the protocol
        for partition in active_tps:
            self._reach(partition, recovery.active_highwaters[partition])
        await super().on_recovery_completed(active_tps, standby_tps)

    def read_back(self, partition: int, records: Sequence[ConsumerRecord]) -> None:
        """Write consecutive changelog records, and with them how far they reach."""
        self._rocks.read_back(partition, records)

    def rows(self, partition: int, after: bytes, limit: int) -> list[tuple[bytes, bytes]]:
        """The next rows of a partition behind the key ``after``, in the order of their keys."""
        return self._rocks.rows(partition, after, limit)

    async def drop(self, partition: int, key: bytes) -> None:
        """Delete a row outside the handling of an event: in Kafka and every standby, then here.

        Not the other way round, for what is gone here is never looked for again. A row that is
        assigned anew meanwhile stays.
        """
        value = self._rocks.row(partition, key)
        await delivered([self._send(partition, key, None)])
        self._rocks.drop(partition, key, value)
        metrics.ROWS_EXPIRED.labels(self.name).inc()

    def _send(self, partition: int, key: bytes, value: bytes | None) -> Delivery:
        self._lease.check()
        place = TP(self.changelog_topic_name, partition)
        delivery = self._outbox.put_in(place, key, value)
        if self._followed.get(place) is not delivery:  # the first of its batch
            self._followed[place] = delivery
            delivery.add_done_callback(self._on_sent)
        return delivery

    def _on_sent(self, delivery: Delivery) -> None:
        if delivery.exception():  # raised where it is waited for
            return
        sent = delivery.result()
        # A batch that is sent twice leaves a gap too; then more is read back than needed.
        if self._reached.get(sent.partition) == sent.first - 1:
            self._reach(sent.partition, sent.last)

    def _reach(self, partition: TP, offset: int) -> None:
        self._reached[partition] = offset
        if offset >= 0:  # nothing has been written yet
            self.data.set_persisted_offset(partition, offset)

    @property
    def _rocks(self) -> BoundedStore:
        if not isinstance(self.data, BoundedStore):
            raise TypeError(type(self.data))
        return self.data

    def _new_store_by_url(self, url: str | URL) -> StoreT[bytes, bytes]:
        if self._memory is None:
            return super()._new_store_by_url(url)
        return BoundedStore(
            url,
            self.app,
            self,
            memory=self._memory,
            table_name=self.name,
            key_type=self.key_type,
            key_serializer=self.key_serializer,
            value_serializer=self.value_serializer,
            value_type=self.value_type,
            loop=self.loop,
        )


def _partition_in_hand() -> int:
    """The partition of the event that is being handled: rows live on the same one."""
    event = current_event()
    if event is None:
        raise RuntimeError("a row is assigned outside the handling of an event")
    return event.message.partition


def table_of(app: AppT, name: str) -> DurableTable:
    """A table of the application by its name."""
    table = app.tables[name]
    if not isinstance(table, DurableTable):  # the engine wraps nothing that has no window
        raise TypeError(type(table))
    return table


def discard_tables(data_dir: Path) -> None:
    """Delete the local copies of all tables; they are read back from Kafka."""
    for path in data_dir.glob("v*/tables"):
        shutil.rmtree(path)
