"""Workers and front doors as processes of their own, for one machine: dev, demo, tests, benchmarks.

Each process has its own data directory and log file, and ends when this one does.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Self

from enrich_stream.errors import SetupError
from enrich_stream.shutdown import PARENT_VARIABLE

_REBUILD: Mapping[bool, tuple[str, ...]] = {True: ("--rebuild",), False: ()}
_STOP_SECONDS = 30.0
_LOOK_SECONDS = 0.1


@dataclass
class Process:
    """One worker or front door that runs.

    Attributes:
        name: For example ``worker-1``.
        data_dir: Its RocksDB files.
        log: The file with what it printed.
    """

    name: str
    data_dir: Path
    log: Path
    popen: "subprocess.Popen[bytes]"

    def stop(self, seconds: float = _STOP_SECONDS) -> int:
        """SIGTERM, then wait; SIGKILL when it takes longer than ``seconds``."""
        self.popen.terminate()
        try:
            return self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            return self.kill()

    def kill(self) -> int:
        """SIGKILL: as by a power cut."""
        self.popen.kill()
        return self.popen.wait()

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self.popen.poll() is None

    def last_lines(self, count: int = 20) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-count:])


@dataclass
class Stack:
    """Processes that talk to one Kafka.

    Attributes:
        home: Where data directories and logs go.
        environ: Settings for all of them, on top of this process's environment.
        processes: All that were started, also those that have ended.
    """

    home: Path
    bootstrap_servers: str
    environ: Mapping[str, str] = field(default_factory=dict)
    processes: list[Process] = field(default_factory=list)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start_worker(
        self,
        name: str = "worker-1",
        environ: Mapping[str, str] = MappingProxyType({}),
        *,
        rebuild: bool = False,
    ) -> Process:
        """Start a worker; a name used before takes up that one's data again."""
        return self._start(name, ["worker", *_REBUILD[rebuild]], environ)

    def start_api(
        self,
        name: str = "api-1",
        environ: Mapping[str, str] = MappingProxyType({}),
        *,
        port: int,
        rebuild: bool = False,
    ) -> Process:
        """Start a front door on a port of the loopback; 0 is not for here, see ``free_port``."""
        address = ["--host", "127.0.0.1", "--port", str(port)]
        return self._start(name, ["api", *address, *_REBUILD[rebuild]], environ)

    def stop(self) -> None:
        """Stop the front doors first, so that nothing is accepted that nobody will do now."""
        for process in sorted(self.processes, key=lambda p: p.name):
            if process.is_running:
                process.stop()

    def _start(self, name: str, command: list[str], environ: Mapping[str, str]) -> Process:
        data_dir, log = self.home / name, self.home / "logs" / f"{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            popen = subprocess.Popen(  # noqa: S603 - our own command
                [sys.executable, "-m", "enrich_stream", *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                # A group of its own: Ctrl-C in the terminal is for us, and we stop it in order.
                start_new_session=True,
                env={
                    **os.environ,
                    "KAFKA_BOOTSTRAP_SERVERS": self.bootstrap_servers,
                    "ENRICH_DATA_DIR": str(data_dir),
                    PARENT_VARIABLE: str(os.getpid()),
                    **self.environ,
                    **environ,
                },
            )
        process = Process(name, data_dir, log, popen)
        self.processes.append(process)
        return process


def free_port(preferred: int | None = None) -> int:
    """A port of the loopback that nobody listens on: ``preferred`` when it is free."""
    for port in ([preferred] if preferred else []) + [0]:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise SetupError("no free port on 127.0.0.1")


def wait_until_ready(process: Process, url: str, seconds: float = 60.0) -> None:
    """Return when the front door at ``url`` says so; ``SetupError`` with its log when it ends."""
    wait_for(lambda: _is_ready(url), process, seconds)


def wait_for(condition: Callable[[], bool], process: Process, seconds: float) -> None:
    """Return when ``condition`` holds; ``SetupError`` with the process's log when it cannot."""
    deadline = time.monotonic() + seconds
    while not condition():
        if not process.is_running or time.monotonic() > deadline:
            raise SetupError(f"{process.name} did not come up:\n{process.last_lines()}")
        time.sleep(_LOOK_SECONDS)


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health/ready", timeout=5) as answer:  # noqa: S310 - our own loopback address
            return bool(json.load(answer)["status"] == "ok")
    except (urllib.error.URLError, OSError, ValueError):
        return False


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """SIGTERM ends the block as Ctrl-C does, and both do where a shell had SIGINT ignored."""

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    signals = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, interrupt) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
