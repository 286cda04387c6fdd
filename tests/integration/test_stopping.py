"""What a worker does when it is told to stop while it cannot finish."""

import contextlib
import socket
import threading

import pytest
from counting_endpoint import counting_endpoint
from service import TOPICS, emails, until


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
        "ENRICH_ENDPOINT_URL": silent_provider.url,
        "ENRICH_ENDPOINT_TIMEOUT_SECONDS": "600",
        "ENRICH_ITEM_DEADLINE_SECONDS": "600",
        "ENRICH_SHUTDOWN_GRACE_SECONDS": "6",
    }
    worker = service.stack.start_worker("worker-1", stuck)
    door = service.front_door()
    job_id = door.submit(["stranger-1", "stranger-2"])
    until(lambda: len(silent_provider.connections) == 2, "both are asked for")

    worker.popen.terminate()
    worker.popen.terminate()

    # A worker that takes longer than its grace period ends with another code.
    assert worker.popen.wait(60) == 0, worker.last_lines()
    service.stack.start_worker("worker-2")
    items = door.result(job_id)["result"]["items"]
    assert [item["error"]["message"] for item in items] == ["No matching person was found."] * 2


@pytest.mark.slow
def test_a_worker_that_is_stopped_leaves_the_group_at_once(service):
    """The others need not wait for its session to end; theirs would take a minute here."""
    service.stack.environ["ENRICH_SESSION_TIMEOUT_SECONDS"] = "40"
    staying, leaving = service.workers(2)

    assert leaving.stop() == 0

    until(lambda: len(service.task_partitions()) == 1, "the group has met again", seconds=30)
    assert staying.is_running


@pytest.mark.slow
def test_a_worker_told_to_stop_in_the_middle_of_a_rebalance_loses_nothing(service):
    """It has people in hand and is giving partitions to a newcomer: exit code 0, the job ends."""
    names = [f"stranger-{n}" for n in range(20)]
    with counting_endpoint(seconds=2.0) as people:
        service.stack.environ["ENRICH_ENDPOINT_URL"] = people.url
        (leaving,) = service.workers(1)
        door = service.front_door()
        job_id = door.submit(names)
        until(lambda: people.calls, "people are asked for")
        rebalances = leaving.metric("enrich_rebalances_total")
        service.stack.start_worker("worker-2")
        until(lambda: leaving.metric("enrich_rebalances_total") > rebalances, "a rebalance begins")

        leaving.popen.terminate()

        assert leaving.popen.wait(60) == 0, leaving.last_lines()
        assert emails(door.result(job_id)) == [[f"{name}@x.example"] for name in names]


@pytest.mark.slow
@pytest.mark.parametrize("end", ["kill", "stop"])
def test_a_worker_that_ends_idle_takes_nothing_with_it(service, end):
    """Kill -9 or SIGTERM while nothing is to be done: what was done stays, the next job is done."""
    (worker,) = service.workers(1)
    door = service.front_door()
    names = [f"person-{n}" for n in range(20)]
    before = door.result(door.submit(names))
    service.wait_until_consumed(TOPICS.results)

    getattr(worker, end)()
    service.stack.start_worker("worker-1")

    assert door.poll(before["id"]) == before
    assert emails(door.result(door.submit(names))) == emails(before)
