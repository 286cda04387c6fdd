"""A Redis of our own for the peers that keep their state in one: durable, on the loopback."""

import contextlib
import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.processes import running, until
from enrich_stream.errors import SetupError
from enrich_stream.stack import free_port


@dataclass(frozen=True, slots=True)
class Redis:
    """A server that runs.

    Attributes:
        url: Where clients come.
        pid: Of its process.
        home: Where its append-only files are.
    """

    url: str
    pid: int
    home: Path

    def bytes_on_disk(self) -> int:
        """What it has written to its append-only files and not yet rewritten."""
        return sum(path.stat().st_size for path in self.home.glob("appendonlydir/*.aof"))


@contextlib.contextmanager
def start_redis(home: Path) -> Iterator[Redis]:
    """A Redis that writes every change to its append-only file, flushed each second.

    That is its documented durable setting, and as much as Kafka promises with one replica.
    """
    program = shutil.which("redis-server")
    if program is None:
        raise SetupError(
            "no redis-server: install it first, on Debian with apt install redis-server"
        )
    home.mkdir(parents=True)
    port = free_port()
    options = {
        "bind": "127.0.0.1",
        "port": str(port),
        "dir": str(home),
        "appendonly": "yes",
        "save": "",
        # A rewrite in the middle of a round would be somebody's bad luck.
        "auto-aof-rewrite-percentage": "0",
    }
    command = [program, *(word for name, value in options.items() for word in (f"--{name}", value))]
    with running(command, home / "redis.log") as process:
        until(lambda: _answers(port), process, "redis-server")
        yield Redis(f"redis://127.0.0.1:{port}/0", process.pid, home)


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as client:
        client.sendall(b"PING\r\n")
        return client.recv(16).startswith(b"+PONG")
    return False
