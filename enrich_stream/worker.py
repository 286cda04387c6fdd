"""A worker process: providers, the Faust application, and an orderly end."""

import asyncio
import os

import faust
import structlog

from enrich_stream.app import create_app
from enrich_stream.errors import SetupError
from enrich_stream.providers.registry import open_providers
from enrich_stream.settings import Settings
from enrich_stream.shutdown import until_told_to_stop
from enrich_stream.topic_admin import check_topics
from enrich_stream.topics import topics_for

log = structlog.get_logger(__name__)

GAVE_UP = 70
"""The exit code of a worker that could not stop in good order."""


async def run_worker(settings: Settings) -> None:
    """Work until told to stop; ``SetupError`` when it cannot start or had to give up."""
    told_to_stop = asyncio.create_task(until_told_to_stop())
    topics = topics_for(settings)
    await check_topics(settings.kafka_bootstrap_servers, topics)
    async with open_providers(settings) as providers:
        app = create_app(settings, topics, providers)
        # Without it the engine takes itself for a client and starts no agents.
        app.in_worker = True
        log.info("worker.starting", providers=[provider.name for provider in providers])
        running = asyncio.create_task(_run(app))
        await asyncio.wait({told_to_stop, running}, return_when=asyncio.FIRST_COMPLETED)
        log.info("worker.stopping")
        await _stop_in_time(app, running, settings.shutdown_grace_seconds)
    reason = app.crash_reason or running.exception()
    if reason is not None:
        raise SetupError(
            f"the worker gave up on {type(reason).__name__}; what it had not finished"
            " comes again after a restart"
        )


async def _run(app: faust.App) -> None:
    """Start, which takes as long as the tables take to come back, and work until it stops."""
    await app.start()
    log.info("worker.started")
    await app.wait_until_stopped()


async def _stop_in_time(app: faust.App, running: "asyncio.Task[None]", seconds: float) -> None:
    """Finish what was begun, commit and leave the group; end the process when that cannot be."""
    stopping = asyncio.create_task(app.stop())
    # Not a timeout around it: the engine swallows the cancellation.
    _, unfinished = await asyncio.wait({stopping, running}, timeout=seconds)
    if unfinished:
        # Without Kafka the engine waits for ever, in threads of its own. Nothing is lost: what
        # is not committed comes again.
        log.error("worker.stop_timed_out", seconds=seconds)
        os._exit(GAVE_UP)
