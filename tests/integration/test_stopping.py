"""What a worker does when it is told to stop while it cannot finish."""

import contextlib
import socket
import threading

import pytest
from service import emails, until


class SilentServer:
    """A provider that takes every question and never answers."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/people"
        self.connections = []
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                self.connections.append(self._listener.accept()[0])

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        for connection in self.connections:
            connection.close()


@pytest.fixture
def silent_provider():
    server = SilentServer()
    yield server
    server.close()


def test_a_stuck_provider_and_a_second_signal_do_not_keep_a_worker_from_stopping(
    service, silent_provider
):
    """Exit code 0 within the grace period; what it had in hand is done by the next one."""
    stuck = {
        "ENRICH_DIRECTORY_FILE": "",
        "ENRICH_ENDPOINT_URL": silent_provider.url,
        "ENRICH_ENDPOINT_TIMEOUT_SECONDS": "600",
        "ENRICH_ITEM_DEADLINE_SECONDS": "600",
        "ENRICH_SHUTDOWN_GRACE_SECONDS": "6",
    }
    worker = service.stack.start_worker("worker-1", stuck)
    door = service.front_door()
    job_id = door.submit(["person-1", "person-2"])
    until(lambda: len(silent_provider.connections) == 2, "both are asked for")

    worker.popen.terminate()
    worker.popen.terminate()

    # A worker that takes longer than its grace period ends with another code.
    assert worker.popen.wait(60) == 0, worker.last_lines()
    service.stack.start_worker("worker-2")
    assert emails(door.result(job_id)) == [["person-1@x.example"], ["person-2@x.example"]]


def test_a_worker_that_is_stopped_leaves_the_group_at_once(service, silent_provider):
    """The others need not wait for its session to end; theirs would take a minute here."""
    service.stack.environ["ENRICH_SESSION_TIMEOUT_SECONDS"] = "40"
    staying, leaving = service.workers(2)

    assert leaving.stop() == 0

    until(lambda: len(service.task_partitions()) == 1, "the group has met again", seconds=30)
    assert staying.is_running
