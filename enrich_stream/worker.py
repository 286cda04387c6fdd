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
from enrich_stream.topics import load_topics

log = structlog.get_logger(__name__)


GAVE_UP = 70
"""The exit code of a worker that could not stop in good order."""


async def run_worker(settings: Settings) -> None:
    """Work until told to stop; ``SetupError`` when it cannot start or had to give up."""
    told_to_stop = asyncio.create_task(until_told_to_stop())
    topics = load_topics(settings.topics_file, replication_factor=settings.kafka_replication_factor)
    await check_topics(settings.kafka_bootstrap_servers, topics)
    async with open_providers(settings) as providers:
        app = create_app(settings, topics, providers)
        # Without it the engine takes itself for a client and starts no agents.
        app.in_worker = True
        log.info("worker.starting", providers=[provider.name for provider in providers])
        await app.start()
        log.info("worker.started")
        crashed = asyncio.create_task(app.wait_until_stopped())
        await asyncio.wait({told_to_stop, crashed}, return_when=asyncio.FIRST_COMPLETED)
        log.info("worker.stopping")
        await _stop_in_time(app, settings.shutdown_grace_seconds)
        crashed.cancel()
    if app.crash_reason is not None:
        raise SetupError(
            f"the worker gave up on {type(app.crash_reason).__name__}; what it had not finished"
            " comes again after a restart"
        )


async def _stop_in_time(app: faust.App, seconds: float) -> None:
    """Finish what was begun, commit and leave the group; end the process when that cannot be."""
    try:
        async with asyncio.timeout(seconds):
            await app.stop()
    except TimeoutError:
        # Without Kafka the engine waits for ever, in threads of its own. Nothing is lost: what
        # is not committed comes again.
        log.error("worker.stop_timed_out", seconds=seconds)  # noqa: TRY400 - where it hangs is not ours
        os._exit(GAVE_UP)
