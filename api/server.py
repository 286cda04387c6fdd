"""A front-door process: the application under uvicorn."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from functools import partial

import structlog
import uvicorn

from api.app import create_api, open_services, standby_path
from api.health import readiness
from api.job_store import discard_standby
from api.services import Services
from api.standby_lag import StandbyLag
from enrich_stream.errors import SetupError
from enrich_stream.monitoring.consumer_lag import ConsumerLag
from enrich_stream.monitoring.listener import monitoring
from enrich_stream.settings import Settings
from enrich_stream.shutdown import until_told_to_stop
from enrich_stream.topics import Topics, topics_for

log = structlog.get_logger(__name__)

_DRAIN_SECONDS = 10


class _Server(uvicorn.Server):
    """uvicorn, with the signals left to us: its own handling ends the process before clean-up."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture nothing."""
        yield


async def run_api(
    settings: Settings, *, host: str | None = None, port: int | None = None, rebuild: bool = False
) -> None:
    """Serve until told to stop; ``SetupError`` when it cannot start."""
    told_to_stop = asyncio.create_task(until_told_to_stop())
    topics = topics_for(settings)
    if rebuild:
        discard_standby(standby_path(settings))
        log.info("standby.discarded", why="--rebuild")
    listener = _listen(host or settings.api_host, settings.api_port if port is None else port)
    async with open_services(settings, topics) as services, _monitoring(settings, topics, services):
        server = _Server(
            uvicorn.Config(
                create_api(services),
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=_DRAIN_SECONDS,
            )
        )
        address = listener.getsockname()
        log.info("api.listening", host=address[0], port=address[1])
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        await asyncio.wait({told_to_stop, serving}, return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        await serving


def _monitoring(
    settings: Settings, topics: Topics, services: Services
) -> contextlib.AbstractAsyncContextManager[None]:
    standby = services["standby"]
    return monitoring(
        settings,
        partial(readiness, standby, services["publisher"]),
        ConsumerLag(settings, topics).measure_for_ever,
        StandbyLag(standby).measure_for_ever,
    )


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio sends at once on each connection; without, head and body of
    # an answer go out in two writes, and the second waits 40 ms for the client's delayed ACK.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise SetupError(
            f"cannot listen on {host}:{port}: {error.strerror};"
            " choose another with --port or ENRICH_API_PORT"
        ) from None
    return listener
