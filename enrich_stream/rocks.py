"""RocksDB within a budget: what workers and front doors may keep in memory of it."""

from pathlib import Path

import rocksdict
from prometheus_client import Gauge

from enrich_stream.errors import StorageError
from enrich_stream.settings import Settings

BYTES = Gauge(
    "enrich_rocksdb_bytes",
    "Memory that RocksDB takes, within its bounds.",
    ["part"],
)


class RocksMemory:
    """One read cache and one budget of write buffers for all stores of a process.

    The engine gives every partition of every table a cache of its own, 2 GiB each.
    """

    def __init__(self, settings: Settings) -> None:
        self._cache = rocksdict.Cache(settings.rocksdb_cache_bytes)
        self._write_buffers = rocksdict.WriteBufferManager(
            settings.rocksdb_write_buffer_bytes, allow_stall=False
        )
        BYTES.labels("read cache").set_function(self._cache.get_usage)
        BYTES.labels("write buffers").set_function(self._write_buffers.get_usage)

    def options(self) -> rocksdict.Options:
        """Options for one RocksDB database of raw bytes within the budget."""
        blocks = rocksdict.BlockBasedOptions()
        blocks.set_block_cache(self._cache)
        # Index and filter blocks count too, or memory grows with the number of rows.
        blocks.set_cache_index_and_filter_blocks(v=True)
        blocks.set_bloom_filter(10, block_based=False)
        # In parts of 4 KiB: the whole index of a file is larger than a shard of a small cache. It
        # would not be kept at all, and each read would load and unpack all of it again.
        blocks.set_index_type(rocksdict.BlockBasedIndexType.two_level_index_search())
        blocks.set_partition_filters(size=True)
        options = rocksdict.Options(raw_mode=True)
        options.create_if_missing(create_if_missing=True)
        options.set_block_based_table_factory(blocks)
        options.set_write_buffer_manager(self._write_buffers)
        options.set_write_buffer_size(8 * 1024 * 1024)
        options.set_max_open_files(128)
        options.set_keep_log_file_num(2)
        options.set_compression_type(rocksdict.DBCompressionType.lz4())
        return options


def storage_error(path: Path, error: Exception) -> StorageError:
    """What RocksDB reports, for the one who has to mend it.

    Its own texts name files and sizes, never rows; only their first word is kept all the same.
    """
    text = str(error)
    if "No space left" in text:
        return StorageError(f"{path}: the disk is full; make room and start again")
    if "lock" in text.lower():
        return StorageError(f"{path}: another process uses it; each needs its own ENRICH_DATA_DIR")
    kind = text.partition(":")[0] if text.startswith(("IO error", "Corruption")) else ""
    return StorageError(
        f"{path}: cannot be read or written ({kind or type(error).__name__});"
        " start again with --rebuild to replace it by what Kafka has"
    )
