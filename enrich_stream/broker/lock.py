"""Locks between processes, held by an open file and so released by any kind of death."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PAUSE_SECONDS = 0.05


def acquire(path: Path, *, timeout_seconds: float) -> int | None:
    """Take the lock; the open file descriptor, or None when others held it all the time.

    The lock lasts until every copy of the descriptor is closed, those inherited by child
    processes included.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + timeout_seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                os.close(descriptor)
                return None
            time.sleep(_PAUSE_SECONDS)
        except BaseException:
            os.close(descriptor)
            raise
        else:
            return descriptor


@contextmanager
def locked(path: Path, *, timeout_seconds: float) -> Iterator[bool]:
    """Hold the lock for a block of code; gives False when it could not be had in time."""
    descriptor = acquire(path, timeout_seconds=timeout_seconds)
    try:
        yield descriptor is not None
    finally:
        if descriptor is not None:
            os.close(descriptor)
