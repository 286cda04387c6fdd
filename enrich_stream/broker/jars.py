"""The Kafka server's jars: resolved by Maven once, cached outside the repository.

The cache has a ``complete`` file, written last, that names the pom and every jar it stands for.
Anything short of that (an interrupted download, a changed pom, a jar that was cleaned away) is
resolved anew; with it, a start needs neither Maven nor the network.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from enrich_stream.broker.command import last_lines, run
from enrich_stream.broker.lock import locked
from enrich_stream.errors import SetupError

_POM = Path(__file__).with_name("pom.xml")
_DOWNLOAD_TIMEOUT_SECONDS = 900.0


def kafka_version() -> str:
    """The version of Kafka that the pom asks for."""
    found = re.search(r"<kafka\.version>([^<]+)</kafka\.version>", _POM.read_text("utf-8"))
    if found is None:
        raise SetupError(f"{_POM.name} does not say kafka.version")
    return found[1]


def cache_dir(environ: Mapping[str, str]) -> Path:
    """Where the jars of this version are kept."""
    home = environ.get("HOME") or str(Path.home())
    base = Path(environ.get("XDG_CACHE_HOME") or Path(home) / ".cache")
    return base / "enrich-stream" / f"kafka-{kafka_version()}"


def class_path(environ: Mapping[str, str], *, say: Callable[[str], None]) -> str:
    """The server's class path; the jars are downloaded first if they are not all there.

    Raises:
        SetupError: They are not there and cannot be had.
    """
    cache = cache_dir(environ)
    jars = _complete_jars(cache)
    if jars is None:
        cache.mkdir(parents=True, exist_ok=True)
        with locked(cache / "lock", timeout_seconds=_DOWNLOAD_TIMEOUT_SECONDS) as is_ours:
            if not is_ours:
                raise SetupError(f"another process has been filling {cache} for too long")
            # Whoever held the lock before may have done the work.
            jars = _complete_jars(cache) or _download(cache, environ, say)
    return os.pathsep.join(map(str, jars))


def _complete_jars(cache: Path) -> list[Path] | None:
    """The jars in a fixed order, or None when the cache is not whole."""
    try:
        complete = json.loads((cache / "complete").read_text("utf-8"))
        if complete["pom"] != _pom_hash():
            return None
        jars = {cache / "jars" / name: size for name, size in complete["jars"].items()}
        if any(jar.stat().st_size != size for jar, size in jars.items()):
            return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return sorted(jars)


def _download(cache: Path, environ: Mapping[str, str], say: Callable[[str], None]) -> list[Path]:
    maven = shutil.which("mvn", path=environ.get("PATH", ""))
    if maven is None:
        raise SetupError(_MAVEN_IS_MISSING)
    say(f"Downloading Apache Kafka {kafka_version()} with Maven, once, into {cache}")
    (cache / "complete").unlink(missing_ok=True)
    for leftover in (*cache.glob("partial-*"), cache / "jars"):
        shutil.rmtree(leftover, ignore_errors=True)
    # A directory of its own: a Maven that outlived its parent cannot write into our result.
    partial = Path(tempfile.mkdtemp(prefix="partial-", dir=cache))
    _run_maven(maven, partial, environ)
    jars = cache / "jars"
    (partial / "jars").rename(jars)
    _mark_complete(cache)
    shutil.rmtree(partial, ignore_errors=True)
    return sorted(jars.glob("*.jar"))


def _run_maven(maven: str, partial: Path, environ: Mapping[str, str]) -> None:
    # A copy: Maven may write beside its pom, and the package may be read-only.
    shutil.copy(_POM, partial / "pom.xml")
    command = (
        maven,
        "--batch-mode",
        "--quiet",
        "--strict-checksums",
        f"--file={partial / 'pom.xml'}",
        "dependency:copy-dependencies",
        "-DincludeScope=runtime",
        f"-DoutputDirectory={partial / 'jars'}",
    )
    try:
        done = run(command, environ=environ, timeout_seconds=_DOWNLOAD_TIMEOUT_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SetupError(f"Maven could not resolve Apache Kafka: {error}") from error
    if done.returncode != 0:
        raise SetupError(f"Maven could not resolve Apache Kafka:\n{last_lines(done.stdout)}")


def _mark_complete(cache: Path) -> None:
    sizes = {jar.name: jar.stat().st_size for jar in (cache / "jars").glob("*.jar")}
    unfinished = cache / "complete.partial"
    unfinished.write_text(json.dumps({"pom": _pom_hash(), "jars": sizes}), "utf-8")
    unfinished.replace(cache / "complete")


def _pom_hash() -> str:
    return hashlib.sha256(_POM.read_bytes()).hexdigest()


_MAVEN_IS_MISSING = (
    "no Kafka to run on: Maven (mvn) is needed once to fetch Apache Kafka for the local Java. "
    "Install Maven, or start a Docker engine, or set KAFKA_BOOTSTRAP_SERVERS to a running cluster."
)
