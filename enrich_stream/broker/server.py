"""A broker that we start and stop, and one that is simply there."""

import json
import os
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from enrich_stream.broker import watch
from enrich_stream.broker.command import last_lines
from enrich_stream.broker.lock import acquire
from enrich_stream.broker.ports import is_free
from enrich_stream.broker.ready import wait_until_ready
from enrich_stream.errors import SetupError, UnavailableError

_START_DEADLINE_SECONDS = 60.0
_EXTERNAL_DEADLINE_SECONDS = 15.0
_END_DEADLINE_SECONDS = 120.0
# What the watcher of a run that was killed just now usually needs to stop its broker.
_PREDECESSOR_SECONDS = 10.0


class Broker(ABC):
    """A Kafka to talk to; a context manager that closes it.

    Attributes:
        bootstrap_servers: Where clients connect; the same over restarts.
        is_ours: Whether it can be stopped, killed and started again.
    """

    bootstrap_servers: str
    is_ours: bool

    @abstractmethod
    def start(self) -> None:
        """Come up, on the same port and data as before, and return when it answers."""

    @abstractmethod
    def stop(self) -> None:
        """End in good order; the data stays for another ``start``."""

    @abstractmethod
    def kill(self) -> None:
        """End at once, as by a power cut; the data stays for another ``start``."""

    @abstractmethod
    def close(self) -> None:
        """End for good, and throw the data away unless it is to be kept."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass
class ExternalBroker(Broker):
    """The cluster that ``KAFKA_BOOTSTRAP_SERVERS`` names; never ours to stop."""

    bootstrap_servers: str
    is_ours = False

    def start(self) -> None:
        """Make sure that it answers."""
        if not wait_until_ready(self.bootstrap_servers, timeout_seconds=_EXTERNAL_DEADLINE_SECONDS):
            raise UnavailableError(
                f"no Kafka answers at KAFKA_BOOTSTRAP_SERVERS={self.bootstrap_servers}"
            )

    def stop(self) -> None:
        """Refused."""
        raise SetupError("the cluster of KAFKA_BOOTSTRAP_SERVERS is not ours to stop")

    def kill(self) -> None:
        """Refused."""
        self.stop()

    def close(self) -> None:
        """Leave it as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """How a broker of ours is run.

    Attributes:
        what: Its name in messages.
        bootstrap_servers: Where it will answer.
        command: The server process.
        home: The directory of its log and, unless it lies elsewhere, its data.
        is_kept: Whether the data outlives the broker.
        prepare: Done before each start, when nobody else can be using ``home``.
        cleanup: Commands to run after each end.
        discard: Commands that throw away data outside ``home``.
    """

    what: str
    bootstrap_servers: str
    command: tuple[str, ...]
    home: Path
    is_kept: bool
    prepare: Callable[[], None] = lambda: None
    cleanup: tuple[tuple[str, ...], ...] = ()
    discard: tuple[tuple[str, ...], ...] = ()

    @property
    def log(self) -> Path:
        """What the server printed."""
        return self.home / "kafka.log"

    def spec(self) -> watch.Spec:
        """The same in the watcher's words."""
        return {
            "command": list(self.command),
            "log": str(self.log),
            "parent": os.getpid(),
            "cleanup": [list(command) for command in self.cleanup],
            "discard": [] if self.is_kept else [list(command) for command in self.discard],
            "discard_dir": None if self.is_kept else str(self.home),
        }


class WatchedBroker(Broker):
    """A broker that runs under a watcher, so that it ends with this process.

    Attributes:
        launch: How it is run.
        pid: The server's process id (with Docker, the client's); None while it is down.
    """

    is_ours = True

    def __init__(self, launch: Launch) -> None:
        self.launch = launch
        self.bootstrap_servers = launch.bootstrap_servers
        self.pid: int | None = None
        self._watcher: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        """Whether the server process is there."""
        return self._watcher is not None and self._watcher.poll() is None

    def start(self) -> None:
        """Come up and answer.

        Raises:
            SetupError: It did not; the message carries the end of its log.
        """
        if self.is_running:
            return
        self._forget_watcher()
        try:
            self._spawn()
            self._wait()
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """End in good order; the data stays."""
        self._end(watch.STOP)

    def kill(self) -> None:
        """End at once; the data stays."""
        self._end(watch.KILL)

    def close(self) -> None:
        """End for good; data that is not kept need not be written in good order either."""
        if self.launch.is_kept:
            self.stop()
        else:
            self.kill()
            watch.discard(self.launch.spec())

    def _spawn(self) -> None:
        self.launch.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = acquire(self.launch.home / "lock", timeout_seconds=_PREDECESSOR_SECONDS)
        if lock is None:
            raise SetupError(f"another broker is running in {self.launch.home}")
        try:
            # Whoever has the port would answer in our broker's place.
            if not is_free(int(self.bootstrap_servers.rpartition(":")[2])):
                raise SetupError(f"{self.bootstrap_servers} is in use by another program")
            self.launch.prepare()
            # The watcher inherits the lock and so holds it exactly as long as the server may run.
            self._watcher = subprocess.Popen(  # noqa: S603 - our own file
                [sys.executable, "-I", "-S", watch.__file__, json.dumps(self.launch.spec())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                pass_fds=(lock,),
            )
        finally:
            os.close(lock)
        self.pid = self._read_pid(self._watcher)

    def _wait(self) -> None:
        if not wait_until_ready(
            self.bootstrap_servers,
            timeout_seconds=_START_DEADLINE_SECONDS,
            is_running=lambda: self.is_running,
        ):
            raise SetupError(self._why_not_up())

    def _read_pid(self, watcher: "subprocess.Popen[bytes]") -> int:
        line = watcher.stdout.readline() if watcher.stdout else b""
        if not line:
            raise SetupError(f"{self.launch.what} could not be started: {self.launch.command[0]}")
        return int(line)

    def _end(self, order: bytes) -> None:
        if self._watcher is None:
            return
        try:
            self._watcher.communicate(order, timeout=_END_DEADLINE_SECONDS)
        finally:
            self._forget_watcher()

    def _forget_watcher(self) -> None:
        """Let go of a watcher that has ended, or make it end by closing its pipe."""
        watcher, self._watcher, self.pid = self._watcher, None, None
        if watcher is not None:
            watcher.__exit__(None, None, None)

    def _why_not_up(self) -> str:
        log = self.launch.log.read_text("utf-8", errors="replace")
        how = "did not answer in time" if self.is_running else "ended by itself"
        return f"{self.launch.what} {how}; the end of its log:\n{last_lines(log)}"
