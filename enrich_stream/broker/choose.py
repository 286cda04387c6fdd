"""Which Kafka to use, and starting it."""

import os
import secrets
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from enrich_stream.broker.docker import docker_launch, find_docker, pull_image
from enrich_stream.broker.jars import class_path
from enrich_stream.broker.jvm import find_java, jvm_launch
from enrich_stream.broker.properties import Detour
from enrich_stream.broker.server import Broker, ExternalBroker, WatchedBroker
from enrich_stream.errors import SetupError

DEFAULT_HEAP_MIB = 512

Say = Callable[[str], None]


def _nobody(_: str) -> None:
    """Nobody is told."""


def start_broker(
    *,
    data_dir: Path | None = None,
    keep_data: bool = False,
    environ: Mapping[str, str] = os.environ,
    port: int | None = None,
    heap_mib: int = DEFAULT_HEAP_MIB,
    say: Say = _nobody,
    detour: Detour | None = None,
) -> Broker:
    """Start a Kafka and return when it answers; ``close`` it, or use it as a context manager.

    It ends with this process, however that dies.

    Args:
        data_dir: A directory for this broker alone; None for a temporary one.
        keep_data: Whether the data outlives the broker; a temporary directory never does.
        environ: Where settings are read from, and what the broker's processes are given.
        port: Where it shall listen on 127.0.0.1; None for any free port.
        heap_mib: The most memory its Java may use for objects.
        say: Told when something takes long, such as a first download.
        detour: A second way in; a cluster that is simply there has none.

    Raises:
        SetupError: There is nothing here to run a Kafka on, or it did not come up.
        UnavailableError: The cluster of ``KAFKA_BOOTSTRAP_SERVERS`` does not answer.
    """
    broker = choose_broker(
        data_dir=data_dir,
        keep_data=keep_data,
        environ=environ,
        port=port,
        heap_mib=heap_mib,
        say=say,
        detour=detour,
    )
    try:
        broker.start()
    except BaseException:
        broker.close()
        raise
    return broker


def fetch_broker(environ: Mapping[str, str] = os.environ, *, say: Say = _nobody) -> None:
    """Have on this machine all that a start needs, so that it will be quick.

    Raises:
        SetupError: There is nothing here to run a Kafka on.
    """
    if _external(environ):
        return
    docker = find_docker(environ)
    if docker is None:
        find_java(environ)
        class_path(environ, say=say)
    else:
        pull_image(docker, environ, say=say)


def choose_broker(
    *,
    data_dir: Path | None,
    keep_data: bool,
    environ: Mapping[str, str],
    port: int | None,
    heap_mib: int,
    say: Say,
    detour: Detour | None = None,
) -> Broker:
    """The broker that ``start_broker`` starts."""
    external = _external(environ)
    if external:
        return ExternalBroker(external)
    home, is_kept = _home(data_dir, keep_data=keep_data)
    docker = find_docker(environ)
    if docker is None:
        return WatchedBroker(
            jvm_launch(
                home=home,
                is_kept=is_kept,
                port=port,
                heap_mib=heap_mib,
                environ=environ,
                say=say,
                detour=detour,
            )
        )
    pull_image(docker, environ, say=say)
    return WatchedBroker(
        docker_launch(
            docker=docker,
            home=home,
            is_kept=is_kept,
            port=port,
            heap_mib=heap_mib,
            detour=detour,
        )
    )


def _external(environ: Mapping[str, str]) -> str:
    return environ.get("KAFKA_BOOTSTRAP_SERVERS", "").strip()


def _home(data_dir: Path | None, *, keep_data: bool) -> tuple[Path, bool]:
    """The broker's directory, which need not exist yet, and whether it outlives the broker."""
    if data_dir is None:
        return Path(tempfile.gettempdir()) / f"enrich-stream-kafka-{secrets.token_hex(6)}", False
    # What is thrown away later must have been ours from the beginning.
    if data_dir.is_dir() and any(data_dir.iterdir()) and not (data_dir / "lock").exists():
        raise SetupError(f"{data_dir} holds something other than a broker's data")
    return data_dir.absolute(), keep_data
