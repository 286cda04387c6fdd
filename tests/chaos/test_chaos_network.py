"""The disturbed network between a worker and Kafka."""

import asyncio
import contextlib

import pytest

from enrich_stream.broker.ports import free_port
from enrich_stream.chaos.network import Network


async def echo(reader, writer):
    with contextlib.suppress(ConnectionError):
        while piece := await reader.read(100):
            writer.write(piece)
            await writer.drain()
    writer.transport.abort()


@pytest.fixture
async def network():
    """A network in front of a server that says what it is told, and a connection through it."""
    port, server_port = free_port(), free_port()
    async with (
        await asyncio.start_server(echo, "127.0.0.1", server_port),
        Network(port, server_port) as network,
    ):
        network.port = port
        yield network


@contextlib.asynccontextmanager
async def connection(network):
    reader, writer = await asyncio.open_connection("127.0.0.1", network.port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def test_what_is_sent_through_a_cut_network_arrives_once_it_is_mended(network):
    """As TCP does it: late, complete and in order."""
    async with connection(network) as (reader, writer):
        network.cut()
        writer.write(b"one")
        arriving = asyncio.create_task(reader.read(100))
        done, _ = await asyncio.wait({arriving}, timeout=0.2)
        assert not done

        network.mend()
        assert await arriving == b"one"


async def test_a_slow_network_takes_its_time_on_both_ways(network):
    """Each piece is carried so much later, there and back."""
    async with connection(network) as (reader, writer):
        network.slow(0.1)
        started = asyncio.get_running_loop().time()
        writer.write(b"one")
        assert await reader.read(100) == b"one"
        assert asyncio.get_running_loop().time() - started >= 0.2


async def test_broken_connections_end_and_new_ones_can_be_made(network):
    """The other side notices at once."""
    async with connection(network) as (reader, writer):
        writer.write(b"one")
        assert await reader.read(100) == b"one"

        network.break_connections()
        with contextlib.suppress(ConnectionError):
            assert await reader.read(100) == b""

    async with connection(network) as (reader, writer):
        writer.write(b"two")
        assert await reader.read(100) == b"two"
