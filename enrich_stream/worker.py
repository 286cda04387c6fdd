"""A worker process: providers, the Faust application, and an orderly end."""

import asyncio
import contextlib
import os
import sys

import structlog
import typer
from faust.exceptions import ConsistencyError

from enrich_stream.app import create_app
from enrich_stream.engine import Engine
from enrich_stream.enrichment import Enrichment
from enrich_stream.errors import EnrichStreamError, SetupError, StorageError
from enrich_stream.follower import following
from enrich_stream.monitoring.consumer_lag import ConsumerLag
from enrich_stream.monitoring.listener import monitoring
from enrich_stream.monitoring.worker import WorkerReadiness, watch_engine
from enrich_stream.orders import load_orders
from enrich_stream.providers.registry import open_providers, verifiers
from enrich_stream.retention import Retention
from enrich_stream.settings import Settings
from enrich_stream.shutdown import until_told_to_stop
from enrich_stream.startup import topics_are_there
from enrich_stream.tables import discard_tables
from enrich_stream.topics import topics_for
from enrich_stream.verification.verification import open_verification

log = structlog.get_logger(__name__)

GAVE_UP = 70
"""The exit code of a worker that could not stop in good order."""
_SWITCH_SECONDS = 0.0005
"""How long the thread that reads from Kafka waits for this one, at each step; Python has 5 ms."""


async def run_worker(settings: Settings, *, rebuild: bool = False) -> None:
    """Work until told to stop; an error when it cannot start or had to give up.

    Args:
        settings: See ``settings``.
        rebuild: Throw the local tables away first; they are read back from Kafka.
    """
    sys.setswitchinterval(_SWITCH_SECONDS)
    told_to_stop = asyncio.create_task(until_told_to_stop())
    topics = topics_for(settings)
    if not await topics_are_there(settings.kafka_bootstrap_servers, topics, told_to_stop):
        return
    if rebuild:
        discard_tables(settings.data_dir)
        log.info("worker.tables_discarded")
    async with contextlib.AsyncExitStack() as stack:
        providers = await stack.enter_async_context(open_providers(settings))
        verification = await stack.enter_async_context(
            open_verification(settings, verifiers(providers))
        )
        enrichment = Enrichment(providers, load_orders(settings.waterfall_file), verification)
        app = create_app(settings, topics, enrichment)
        await stack.enter_async_context(
            following(
                settings.kafka_bootstrap_servers, topics.cancellations, app.cancellations.take
            )
        )
        # Without it the engine takes itself for a client and starts no agents.
        app.in_worker = True
        watch_engine(app)
        lag = ConsumerLag(settings, topics)
        ready = WorkerReadiness(app, lag, providers)
        log.info("worker.starting", providers=[provider.name for provider in providers])
        async with monitoring(settings, ready, lag.measure_for_ever):
            running = asyncio.create_task(_run(app))
            lease = asyncio.create_task(app.lease.keep())
            sweeping = asyncio.create_task(Retention(app, settings).sweep_for_ever())
            await asyncio.wait({told_to_stop, running}, return_when=asyncio.FIRST_COMPLETED)
            log.info("worker.stopping")
            sweeping.cancel()
            not_stopped = await _stop_in_time(app, running, settings.shutdown_grace_seconds)
            lease.cancel()
    reason = app.crash_reason or running.exception() or not_stopped
    if reason is None:
        return
    if not_stopped is not None:
        # Threads of an engine that is half stopped would keep the process for ever.
        typer.echo(f"enrich-stream: {_explained(reason)}", err=True)
        os._exit(1)
    raise _explained(reason)


def _explained(reason: BaseException) -> EnrichStreamError:
    if isinstance(reason, StorageError):
        return reason
    if isinstance(reason, ConsistencyError):
        return SetupError(
            "the local tables are ahead of their changelog topics: those were deleted or made anew."
            " Kafka decides: start again with --rebuild to have what is there"
        )
    return SetupError(
        f"the worker gave up on {type(reason).__name__}; what it had not finished"
        " comes again after a restart"
    )


async def _run(app: Engine) -> None:
    """Start, which takes as long as the tables take to come back, and work until it stops."""
    await app.start()
    log.info("worker.started")
    await app.wait_until_stopped()


async def _stop_in_time(
    app: Engine, running: "asyncio.Task[None]", seconds: float
) -> BaseException | None:
    """Finish what was begun, commit and leave the group; end the process when that cannot be.

    Returns what kept the engine from stopping in order.
    """
    stopping = asyncio.create_task(app.stop())
    # Not a timeout around it: the engine swallows the cancellation.
    _, unfinished = await asyncio.wait({stopping, running}, timeout=seconds)
    if unfinished:
        # Without Kafka the engine waits for ever, in threads of its own. Nothing is lost: what
        # is not committed comes again.
        log.error("worker.stop_timed_out", seconds=seconds)
        os._exit(GAVE_UP)
    return stopping.exception()
