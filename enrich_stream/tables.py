"""Faust tables whose writes can be awaited, on RocksDB stores whose memory is bounded.

The engine's own table sends a changelog record for each assignment and forgets it: a send that
fails is only logged, and the event is committed all the same. Here each assignment leaves its
delivery behind, and an event is acknowledged only when all of its deliveries are.
"""

from collections.abc import Awaitable
from typing import Any

import faust
import rocksdict
from faust.stores import rocksdb
from faust.types import FutureMessage
from faust.types.stores import StoreT
from yarl import URL

from enrich_stream.rocks import RocksMemory


class BoundedStore(rocksdb.Store):
    """The engine's RocksDB store, opened within the budget of ``RocksMemory``."""

    def __init__(self, *args: Any, memory: RocksMemory, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._memory = memory

    def _open_for_partition(self, partition: int) -> rocksdict.Rdict:
        path = self.partition_path(partition)
        return rocksdict.Rdict(str(path), options=self._memory.options())


class DurableTable(faust.Table[bytes, bytes]):
    """A table of plain bytes that remembers which of its changelog records are under way.

    Keys are the UTF-8 bytes of the key, so that table, topic and standby agree on the partition.
    """

    def __init__(self, *args: Any, memory: RocksMemory | None = None, **kwargs: Any) -> None:
        """Without ``memory`` the rows are kept where ``app.conf.store`` says."""
        super().__init__(*args, key_type=bytes, value_type=bytes, **kwargs)
        self._memory = memory
        self._under_way: list[FutureMessage] = []

    def send_changelog(self, *args: Any, **kwargs: Any) -> FutureMessage:
        """Send as the engine does, and keep the delivery for ``take_deliveries``."""
        delivery = super().send_changelog(*args, **kwargs)
        self._under_way.append(delivery)
        return delivery

    def take_deliveries(self) -> list[Awaitable[Any]]:
        """The deliveries of all assignments since the last call."""
        deliveries, self._under_way = self._under_way, []
        return list(deliveries)

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
