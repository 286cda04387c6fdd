"""Whether a Kafka can be worked with: asked of the cluster itself, not guessed from time."""

import asyncio
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from aiokafka.client import AIOKafkaClient
from aiokafka.conn import collect_hosts
from aiokafka.errors import KafkaError

from enrich_stream.errors import SetupError

_PAUSE_SECONDS = 0.05
_CONNECT_TIMEOUT_SECONDS = 2.0
_ANSWER_TIMEOUT_SECONDS = 5.0


def wait_until_ready(
    bootstrap_servers: str,
    *,
    timeout_seconds: float,
    is_running: Callable[[], bool] = lambda: True,
) -> bool:
    """Wait until the cluster serves clients; False when it never did, or stopped running.

    Raises:
        SetupError: The addresses are none.
    """
    try:
        collect_hosts(bootstrap_servers)
    except ValueError as error:
        raise SetupError(f"{bootstrap_servers} is not a list of Kafka's host:port") from error
    deadline = time.monotonic() + timeout_seconds
    while is_running():
        if _accepts_connections(bootstrap_servers) and _answers(bootstrap_servers):
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(_PAUSE_SECONDS)
    return False


def _accepts_connections(bootstrap_servers: str) -> bool:
    """A cheap first look: the Kafka client logs an error for each connection refused."""
    for host, port, _ in collect_hosts(bootstrap_servers):
        try:
            socket.create_connection((host, port), _CONNECT_TIMEOUT_SECONDS).close()
        except OSError:
            continue
        return True
    return False


def _answers(bootstrap_servers: str) -> bool:
    # A thread of its own, because the caller may be inside a running event loop.
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(asyncio.run, _has_brokers(bootstrap_servers)).result()


async def _has_brokers(bootstrap_servers: str) -> bool:
    """Whether a broker has joined: a port is open before its broker takes part in the cluster."""
    client = AIOKafkaClient(bootstrap_servers=bootstrap_servers)
    try:
        async with asyncio.timeout(_ANSWER_TIMEOUT_SECONDS):
            await client.bootstrap()
    except (KafkaError, OSError):
        return False
    else:
        return bool(client.cluster.brokers())
    finally:
        await client.close()
