"""The operators' listener: metrics and health, apart from what the callers of the API reach.

It asks for no key, so it has an address of its own: the loopback unless set otherwise.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from typing import Any

import structlog
from aiohttp import web
from prometheus_client import disable_created_metrics
from prometheus_client.aiohttp import make_aiohttp_handler

from enrich_stream.errors import SetupError
from enrich_stream.monitoring.readiness import Ready
from enrich_stream.settings import Settings

log = structlog.get_logger(__name__)


_STOP_SECONDS = 2.0
Measurement = Callable[[], Coroutine[Any, Any, None]]


@contextlib.asynccontextmanager
async def monitoring(
    settings: Settings, ready: Ready, *measurements: Measurement
) -> AsyncIterator[None]:
    """Measure and listen while the block runs; neither when no port is set.

    Args:
        settings: Where to listen.
        ready: What ``/health/ready`` says.
        measurements: What keeps the gauges up to date, each without an end.

    Raises:
        SetupError: The address cannot be listened on.
    """
    if settings.monitoring_port is None:
        yield
        return
    runner = web.AppRunner(_application(ready), access_log=None, handle_signals=False)
    await runner.setup()
    try:
        await _listen(runner, settings.monitoring_host, settings.monitoring_port)
        host, port, *_ = runner.addresses[0]
        log.info("monitoring.listening", host=host, port=port)
        async with _measuring(measurements):
            yield
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def _measuring(measurements: Sequence[Measurement]) -> AsyncIterator[None]:
    running = [asyncio.create_task(_keep_measuring(measure)) for measure in measurements]
    try:
        yield
    finally:
        for task in running:
            task.cancel()
        if running:  # with Kafka away, what they hold may not let itself be closed
            await asyncio.wait(running, timeout=_STOP_SECONDS)


async def _keep_measuring(measure: Measurement) -> None:
    try:
        await measure()
    except Exception as error:  # noqa: BLE001 - whoever measures must not stop what is measured
        log.error("monitoring.failed", error=type(error).__name__)  # noqa: TRY400 - it says enough


def _application(ready: Ready) -> web.Application:
    async def live(_request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def is_ready(_request: web.Request) -> web.Response:
        found = await ready()
        return web.json_response(found.body, status=found.status_code)

    # A second series for each counter, with the time it began, is of no use here.
    disable_created_metrics()  # type: ignore[no-untyped-call]  # the library's
    application = web.Application()
    application.add_routes(
        [
            web.get("/metrics", make_aiohttp_handler()),
            web.get("/health/live", live),
            web.get("/health/ready", is_ready),
        ]
    )
    return application


async def _listen(runner: web.AppRunner, host: str, port: int) -> None:
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        raise SetupError(
            f"cannot listen on {host}:{port}: {error.strerror};"
            " choose another with ENRICH_MONITORING_PORT, or leave it empty"
        ) from None
