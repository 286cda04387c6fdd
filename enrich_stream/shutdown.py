"""The wish to end: SIGINT, SIGTERM, or the end of the process that started us."""

import asyncio
import os
import signal

import structlog

log = structlog.get_logger(__name__)

PARENT_VARIABLE = "ENRICH_STOP_WITH_PARENT"
"""Set to its own process id by a process that starts us as a part of something larger."""

_LOOK_AT_PARENT_SECONDS = 0.5


async def until_told_to_stop() -> None:
    """Return at the first of the signals, or when the parent has gone."""
    told = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    parent = os.environ.get(PARENT_VARIABLE)
    while parent is not None and os.getppid() == int(parent):
        try:
            async with asyncio.timeout(_LOOK_AT_PARENT_SECONDS):
                await told.wait()
        except TimeoutError:
            continue
        return
    if parent is None:
        await told.wait()
