"""The Apache Kafka server on the local Java."""

import re
import shutil
import subprocess
import uuid
from base64 import b64encode
from collections.abc import Callable, Mapping
from pathlib import Path

from enrich_stream.broker.command import last_lines, run
from enrich_stream.broker.jars import class_path, kafka_version
from enrich_stream.broker.ports import free_port
from enrich_stream.broker.properties import Detour, server_properties
from enrich_stream.broker.server import Launch
from enrich_stream.errors import SetupError

OLDEST_JAVA = 17
_LOG_CONFIG = Path(__file__).with_name("log4j2.xml")
_JAVA_TIMEOUT_SECONDS = 60.0
_JAVA_OPTIONS = (
    # The collector with the least memory beside the heap; pauses are short on one this small.
    "-XX:+UseSerialGC",
    # A broker that can no longer work should be seen to be down.
    "-XX:+ExitOnOutOfMemoryError",
    "-Djava.awt.headless=true",
    f"-Dlog4j2.configurationFile={_LOG_CONFIG}",
)
_NO_JAVA = (
    "no Kafka to run on. Install Java 17 or newer and Maven, or start a Docker engine, "
    "or set KAFKA_BOOTSTRAP_SERVERS to a running cluster."
)


def find_java(environ: Mapping[str, str]) -> str:
    """The Java to use: that of ``JAVA_HOME``, else the first on the path.

    Raises:
        SetupError: There is none, or it is too old for Kafka.
    """
    java_home = environ.get("JAVA_HOME")
    path = str(Path(java_home) / "bin") if java_home else environ.get("PATH", "")
    java = shutil.which("java", path=path)
    version = _java_version(java, environ) if java else None
    if java is None or version is None:
        raise SetupError(_NO_JAVA)
    if version < OLDEST_JAVA:
        raise SetupError(f"Java {version} at {java} is too old: Kafka needs {OLDEST_JAVA} or newer")
    return java


def jvm_launch(
    *,
    home: Path,
    is_kept: bool,
    port: int | None,
    heap_mib: int,
    environ: Mapping[str, str],
    say: Callable[[str], None],
    detour: Detour | None = None,
) -> Launch:
    """A launch of the server on formatted storage below ``home``."""
    java = find_java(environ)
    jars = class_path(environ, say=say)
    port = port or free_port()
    config = home / "server.properties"

    def prepare() -> None:
        _write_config(config, port=port, log_dir=home / "data", detour=detour)
        _format_storage(java, jars, config, environ)

    return Launch(
        what=f"Apache Kafka {kafka_version()} on {java}",
        bootstrap_servers=f"127.0.0.1:{port}",
        command=(
            *(java, f"-Xmx{heap_mib}m", *_JAVA_OPTIONS),
            *("-cp", jars, "kafka.Kafka", str(config)),
        ),
        home=home,
        is_kept=is_kept,
        prepare=prepare,
    )


def _java_version(java: str, environ: Mapping[str, str]) -> int | None:
    """The feature release, for example 17; None when that is no working Java."""
    try:
        done = run((java, "-version"), environ=environ, timeout_seconds=_JAVA_TIMEOUT_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return None
    # Up to Java 8 the first number was always 1.
    found = re.search(r'version "(?:1\.)?(\d+)', done.stdout)
    return int(found[1]) if found else None


def _write_config(config: Path, *, port: int, log_dir: Path, detour: Detour | None) -> None:
    properties = server_properties(
        listen_host="127.0.0.1",
        port=port,
        controller_port=free_port(),
        log_dir=str(log_dir),
        detour=detour,
    )
    lines = (f"{name}={value}\n" for name, value in properties.items())
    config.write_text("".join(lines), "utf-8")


def _format_storage(java: str, jars: str, config: Path, environ: Mapping[str, str]) -> None:
    """Give new storage its cluster id; storage that has one is left alone."""
    # Written last by Kafka's own tool, so its absence also tells of a format that was cut short.
    if (config.parent / "data" / "meta.properties").exists():
        return
    tool = ("kafka.tools.StorageTool", "format", "--ignore-formatted")
    command = (
        *(java, "-XX:TieredStopAtLevel=1", *_JAVA_OPTIONS),
        *("-cp", jars, *tool, "--cluster-id", new_cluster_id(), "--config", str(config)),
    )
    done = run(command, environ=environ, timeout_seconds=_JAVA_TIMEOUT_SECONDS)
    if done.returncode != 0:
        raise SetupError(f"Kafka's storage could not be formatted:\n{last_lines(done.stdout)}")


def new_cluster_id() -> str:
    """An id as Kafka writes them: 16 random bytes."""
    return cluster_id(uuid.uuid4())


def cluster_id(number: uuid.UUID) -> str:
    """The number as Kafka writes it, 22 characters of URL-safe base64.

    Without the minus sign of that alphabet: at the beginning, it would look like an option.
    """
    return b64encode(number.bytes, altchars=b"__").decode().rstrip("=")
