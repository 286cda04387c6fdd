"""Processes of a benchmark: started, ended with it, and what they cost according to Linux."""

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from enrich_stream.errors import SetupError

_STOP_SECONDS = 20.0
_LOOK_SECONDS = 0.05
_START_SECONDS = 60.0
_TICKS = os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def running(
    command: Sequence[str], log: Path, environ: Mapping[str, str] | None = None
) -> Iterator["subprocess.Popen[bytes]"]:
    """A process for as long as the block runs; what it prints goes to ``log``."""
    process = start(command, log, environ)
    try:
        yield process
    finally:
        stop(process)


def start(
    command: Sequence[str], log: Path, environ: Mapping[str, str] | None = None
) -> "subprocess.Popen[bytes]":
    """Start a process that ends when this one does, however that dies."""
    log.parent.mkdir(parents=True, exist_ok=True)
    tied = shutil.which("setpriv")
    with log.open("ab") as output:
        return subprocess.Popen(
            [*((tied, "--pdeathsig", "TERM") if tied else ()), *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **(environ or {})},
        )


def stop(process: "subprocess.Popen[bytes]") -> None:
    """SIGTERM, and SIGKILL when that is not enough."""
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def until(condition: Callable[[], bool], process: "subprocess.Popen[bytes]", what: str) -> None:
    """Return when ``condition`` holds; ``SetupError`` when the process ends or takes too long."""
    deadline = time.monotonic() + _START_SECONDS
    while not condition():
        if process.poll() is not None or time.monotonic() > deadline:
            raise SetupError(f"{what} did not come up; its log says why")
        time.sleep(_LOOK_SECONDS)


def cpu_seconds(pids: Sequence[int]) -> float:
    """The processor time that processes and their children have used up to now."""
    return sum(_own_cpu_seconds(pid) for pid in _families(pids))


def resident_mib(pids: Sequence[int]) -> float:
    """The memory that processes and their children have now."""
    return sum(_resident_kib(pid) for pid in _families(pids)) / 1024


def _families(pids: Sequence[int]) -> Iterator[int]:
    for pid in pids:
        yield pid
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            yield from _families([int(child) for child in children.read_text().split()])


def _own_cpu_seconds(pid: int) -> float:
    # The name comes second, in brackets, and may hold spaces.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    user, system = int(fields[11]), int(fields[12])
    return (user + system) / _TICKS


def _resident_kib(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1])
