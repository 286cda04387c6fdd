"""What all contenders share: one Kafka, one Redis, one provider, and a directory."""

import contextlib
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.processes import running, until
from bench.redis_server import Redis, start_redis
from enrich_stream.broker.choose import start_broker
from enrich_stream.stack import free_port

ITEMS_AT_ONCE = 200
"""Persons a worker process asks about at once; the same for every contender."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stands around a contender.

    Attributes:
        home: For data and logs.
        kafka: Bootstrap servers.
        kafka_home: The broker's files.
        kafka_pid: Of its process; None when it is not of this machine.
        redis: The one Redis.
        provider_port: Where the provider listens on the loopback.
    """

    home: Path
    kafka: str
    kafka_home: Path
    kafka_pid: int | None
    redis: Redis
    provider_port: int

    def provider_url(self, delay_ms: int) -> str:
        """Where the provider answers after so long."""
        return f"http://127.0.0.1:{self.provider_port}/{delay_ms}"

    def server_pids(self) -> list[int]:
        """Of Kafka and Redis."""
        return [pid for pid in (self.kafka_pid, self.redis.pid) if pid is not None]


@contextlib.contextmanager
def surroundings(home: Path) -> Iterator[Surroundings]:
    """Start everything that is shared, stop it at the end."""
    port = free_port()
    provider = [sys.executable, "-m", "bench.provider", "--port", str(port)]
    kafka_home = home / "kafka"
    with (
        start_broker(data_dir=kafka_home, heap_mib=1024) as kafka,
        start_redis(home / "redis") as redis,
        running(provider, home / "logs" / "provider.log") as process,
    ):
        until(lambda: listens(port), process, "the provider")
        pid = getattr(kafka, "pid", None)
        yield Surroundings(home, kafka.bootstrap_servers, kafka_home, pid, redis, port)


def listens(port: int) -> bool:
    """Whether somebody answers there."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
