"""The processes of a run, with what an operator has to start again what ends by itself."""

import asyncio
import os
import shutil
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from enrich_stream.stack import Process, Stack, free_port, wait_until_ready

_LOOK_SECONDS = 0.2
_READY_SECONDS = 120.0
# The second: before it has begun, a process has nothing that it would have to end in good order.
_IN_GOOD_ORDER = {0, -signal.SIGTERM}


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that was not told to end, or did not end as it should.

    Attributes:
        name: Of the process.
        code: Its exit code.
        said: The end of its log.
    """

    name: str
    code: int
    said: str


@dataclass
class Installation:
    """Workers and front doors on one Kafka.

    Attributes:
        stack: Starts the processes.
        detour: Environment of the first worker, whose network can be disturbed; empty: it cannot.
        ports: Where each front door listens.
        ended: What ended by itself and was started again.
        badly_stopped: What was told to stop and did not do so in good order.
    """

    stack: Stack
    detour: Mapping[str, str] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    ended: list[Ended] = field(default_factory=list)
    badly_stopped: list[Ended] = field(default_factory=list)
    _running: dict[str, Process] = field(default_factory=dict)

    @property
    def workers(self) -> list[str]:
        """The names of those that run or are about to."""
        return sorted(name for name in self._running if name not in self.ports)

    @property
    def urls(self) -> dict[str, str]:
        """Where each front door is."""
        return {name: f"http://127.0.0.1:{port}" for name, port in self.ports.items()}

    def start(self, workers: int, front_doors: int) -> None:
        """Start the first processes."""
        for number in range(front_doors):
            self.ports[f"api-{number + 1}"] = free_port()
        for name in (*self.ports, *(f"worker-{n + 1}" for n in range(workers))):
            self._start(name)

    async def supervise(self) -> None:
        """Start again whatever ends by itself, for as long as the run lasts."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            for name, process in list(self._running.items()):
                if not process.is_running:
                    code = process.popen.wait()
                    self.ended.append(Ended(name, code, process.last_lines(5)))
                    self._start(name)

    async def until_ready(self) -> None:
        """Return when every front door says so."""
        for name, url in self.urls.items():
            await asyncio.to_thread(wait_until_ready, self._running[name], url, _READY_SECONDS)

    async def kill(self, name: str) -> Path:
        """``kill -9``; returns where its data lies. It stays down until it is started."""
        process = self._running.pop(name)
        await asyncio.to_thread(process.kill)
        return process.data_dir

    async def kill_and_start(self, name: str, *, wipe: bool = False) -> None:
        """``kill -9``, then a new process on the same disk or on an empty one."""
        data_dir = await self.kill(name)
        if wipe:
            await asyncio.to_thread(shutil.rmtree, data_dir, ignore_errors=True)
        self._start(name)

    async def stop(self, name: str) -> None:
        """SIGTERM; what does not end in good order is noted."""
        process = self._running.pop(name)
        code = await asyncio.to_thread(process.stop)
        if code not in _IN_GOOD_ORDER:
            self.badly_stopped.append(Ended(name, code, process.last_lines(5)))

    async def stop_and_start(self, name: str) -> None:
        """SIGTERM, then a new process on the same disk."""
        await self.stop(name)
        self._start(name)

    async def freeze(self, name: str, seconds: float) -> None:
        """SIGSTOP for so long, then SIGCONT."""
        process = self._running[name]
        os.kill(process.popen.pid, signal.SIGSTOP)
        await asyncio.sleep(seconds)
        os.kill(process.popen.pid, signal.SIGCONT)

    async def scale(self, workers: int) -> None:
        """Start or stop workers until there are so many; the last ones go first."""
        wanted = [f"worker-{n + 1}" for n in range(workers)]
        for name in wanted:
            if name not in self._running:
                self._start(name)
        await asyncio.gather(*(self.stop(name) for name in self.workers if name not in wanted))

    def _start(self, name: str) -> None:
        if name in self.ports:
            self._running[name] = self.stack.start_api(name, port=self.ports[name])
        else:
            environ = self.detour if name == "worker-1" else {}
            self._running[name] = self.stack.start_worker(name, environ)
