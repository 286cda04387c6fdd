"""A front-door process: the application under uvicorn."""

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Iterator
from functools import partial

import structlog
import uvicorn
from starlette.types import ASGIApp

from api.app import create_api
from api.health import readiness
from api.http_protocol import HttpProtocol
from api.job_store import discard_standby
from api.services import Services, open_services, standby_path
from api.standby_lag import StandbyLag
from enrich_stream.errors import SetupError
from enrich_stream.key_ring import KeyRing
from enrich_stream.monitoring.consumer_lag import ConsumerLag
from enrich_stream.monitoring.listener import monitoring
from enrich_stream.settings import Settings
from enrich_stream.shutdown import until_told_to_stop
from enrich_stream.startup import topics_are_there
from enrich_stream.topics import Topics, topics_for

log = structlog.get_logger(__name__)

_DRAIN_SECONDS = 10


class ApiServer(uvicorn.Server):
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
    if not await topics_are_there(settings.kafka_bootstrap_servers, topics, told_to_stop):
        return
    if rebuild:
        discard_standby(standby_path(settings))
        log.info("standby.discarded", why="--rebuild")
    listener = listen_on(host or settings.api_host, settings.api_port if port is None else port)
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(listener.close)
        services = await stack.enter_async_context(open_services(settings, topics))
        _check_is_guarded(listener, services["keys"])
        await stack.enter_async_context(_monitoring(settings, topics, services))
        server = ApiServer(http_config(create_api(services), settings))
        address = listener.getsockname()
        log.info("api.listening", host=address[0], port=address[1])
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        await asyncio.wait({told_to_stop, serving}, return_when=asyncio.FIRST_COMPLETED)
        services["standby"].dismiss(within_seconds=_DRAIN_SECONDS / 2)
        server.should_exit = True
        await serving


def _monitoring(
    settings: Settings, topics: Topics, services: Services
) -> contextlib.AbstractAsyncContextManager[None]:
    standby = services["standby"]
    return monitoring(
        settings,
        partial(readiness, standby, services["publisher"], services["keys"]),
        ConsumerLag(settings, topics).measure_for_ever,
        StandbyLag(standby).measure_for_ever,
    )


def http_config(app: ASGIApp, settings: Settings) -> uvicorn.Config:
    """How uvicorn serves the application."""
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        # Any callable that makes a protocol will do; its types know only classes.
        http=partial(HttpProtocol, settings),  # type: ignore[arg-type]
        ws="none",
        # What a request binds for its log lines ends with it.
        reset_contextvars=True,
        timeout_graceful_shutdown=_DRAIN_SECONDS,
    )


def _check_is_guarded(listener: socket.socket, keys: KeyRing) -> None:
    """Refuse to be reached from elsewhere while nobody needs a key."""
    address = listener.getsockname()[0]
    if not keys.is_in_use and not ipaddress.ip_address(address).is_loopback:
        raise SetupError(
            f"there are no access keys yet, so whoever reaches {address} could use everything;"
            " make one with: enrich-stream keys create --organisation NAME"
        )


def listen_on(host: str, port: int) -> socket.socket:
    """A socket bound to the address; ``SetupError`` when it is not to be had."""
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
