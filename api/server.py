"""A front-door process: the application under uvicorn."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import structlog
import uvicorn

from api.app import create_api, open_services, standby_path
from api.job_store import discard_standby
from enrich_stream.errors import SetupError
from enrich_stream.settings import Settings
from enrich_stream.shutdown import until_told_to_stop
from enrich_stream.startup import topics_are_there
from enrich_stream.topics import topics_for

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
    listener = listen(
        host or settings.api_host,
        settings.api_port if port is None else port,
        settings.reader_timeout_seconds,
    )
    async with open_services(settings, topics) as services:
        server = ApiServer(
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
        services["standby"].dismiss(within_seconds=_DRAIN_SECONDS / 2)
        server.should_exit = True
        await serving


def listen(host: str, port: int, reader_timeout_seconds: float) -> socket.socket:
    """A socket for connections that end when the other side takes nothing for that long."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio sends at once on each connection; without, head and body of
    # an answer go out in two writes, and the second waits 40 ms for the client's delayed ACK.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # not on macOS
        milliseconds = int(reader_timeout_seconds * 1000)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise SetupError(
            f"cannot listen on {host}:{port}: {error.strerror};"
            " choose another with --port or ENRICH_API_PORT"
        ) from None
    return listener
