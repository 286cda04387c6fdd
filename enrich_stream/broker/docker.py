"""The Apache Kafka server in a container, when a Docker engine answers.

The container runs in the foreground of a Docker client, which is the process that the watcher
watches; whatever happened to the client, the container is removed afterwards by its name.
"""

import shutil
import subprocess
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path

from enrich_stream.broker.command import last_lines, run, succeeds
from enrich_stream.broker.jars import kafka_version
from enrich_stream.broker.jvm import cluster_id
from enrich_stream.broker.ports import free_port
from enrich_stream.broker.properties import Detour, server_properties
from enrich_stream.broker.server import Launch
from enrich_stream.errors import SetupError

_ENGINE_TIMEOUT_SECONDS = 5.0
_PULL_TIMEOUT_SECONDS = 900.0
_CONTROLLER_PORT = 9093
_DATA = "/var/lib/kafka/data"


def find_docker(environ: Mapping[str, str]) -> str | None:
    """The Docker client, if there is one whose engine answers."""
    docker = shutil.which("docker", path=environ.get("PATH", ""))
    if docker is None:
        return None
    asked = (docker, "version", "--format", "{{.Server.Version}}")
    answers = succeeds(asked, environ=environ, timeout_seconds=_ENGINE_TIMEOUT_SECONDS)
    return docker if answers else None


def docker_launch(
    *,
    docker: str,
    home: Path,
    is_kept: bool,
    port: int | None,
    heap_mib: int,
    detour: Detour | None = None,
) -> Launch:
    """A launch of the image on a volume that belongs to ``home``."""
    port = port or free_port()
    # From the directory alone, so that a kept one finds its volume again.
    number = uuid.uuid5(uuid.NAMESPACE_URL, str(home.resolve()))
    name = f"enrich-stream-kafka-{number.hex[:12]}"
    settings = _settings(port, heap_mib, cluster_id(number), detour)
    ports = (port, detour.port) if detour else (port,)
    return Launch(
        what=f"the container {name} of {image()}",
        bootstrap_servers=f"127.0.0.1:{port}",
        command=(
            *(docker, "run", "--rm", "--name", name),
            *(part for p in ports for part in ("--publish", f"127.0.0.1:{p}:{p}")),
            *("--volume", f"{name}:{_DATA}"),
            *(part for key, value in settings.items() for part in ("--env", f"{key}={value}")),
            image(),
        ),
        home=home,
        is_kept=is_kept,
        cleanup=((docker, "rm", "--force", name),),
        discard=((docker, "volume", "rm", "--force", name),),
    )


def image() -> str:
    """The image of the same version that the local Java would run."""
    return f"apache/kafka:{kafka_version()}"


def pull_image(docker: str, environ: Mapping[str, str], *, say: Callable[[str], None]) -> None:
    """Have the image on this machine.

    Raises:
        SetupError: It is not there and cannot be had.
    """
    inspect = (docker, "image", "inspect", image())
    if succeeds(inspect, environ=environ, timeout_seconds=_ENGINE_TIMEOUT_SECONDS):
        return
    say(f"Pulling the image {image()}, once")
    try:
        done = run(
            (docker, "pull", "--quiet", image()),
            environ=environ,
            timeout_seconds=_PULL_TIMEOUT_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SetupError(f"the image {image()} could not be pulled: {error}") from error
    if done.returncode != 0:
        raise SetupError(f"the image {image()} could not be pulled:\n{last_lines(done.stdout)}")


def _settings(port: int, heap_mib: int, cluster: str, detour: Detour | None) -> dict[str, str]:
    """The container's environment: the image turns ``KAFKA_X_Y`` into the property ``x.y``."""
    properties = server_properties(
        listen_host="0.0.0.0",  # noqa: S104 - inside the container; published on 127.0.0.1 only
        port=port,
        controller_port=_CONTROLLER_PORT,
        # Below the volume, whose top may hold what the file system puts there.
        log_dir=f"{_DATA}/node",
        detour=detour,
    )
    named = {f"KAFKA_{key.upper().replace('.', '_')}": value for key, value in properties.items()}
    return {
        **named,
        "CLUSTER_ID": cluster,
        "KAFKA_HEAP_OPTS": f"-Xmx{heap_mib}m",
        "KAFKA_LOG4J_ROOT_LOGLEVEL": "WARN",
    }
