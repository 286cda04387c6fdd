"""Event streams of real front doors."""

import subprocess
from shutil import which

import pytest
from event_lines import EventLines, indexes
from held_people import HeldPeople

TOTAL = 60
BEFORE = 20
"""Items that settle before the front door is killed."""


@pytest.fixture
def held_people(service):
    people = HeldPeople()
    service.stack.environ["ENRICH_ENDPOINT_URL"] = people.url
    # All may be asked about at once, so that each answer is one that a test lets go.
    service.stack.environ["ENRICH_ENDPOINT_CONCURRENCY"] = str(TOTAL)
    yield people
    people.close()


def events(door, job_id, last_id=None):
    """The events that curl reads of a stream until it ends, in whatever way."""
    headers = door.http.headers | ({"Last-Event-ID": last_id} if last_id else {})
    given = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    url = f"{door.http.base_url}/api/enrichments/{job_id}/events"
    lines = EventLines()
    with subprocess.Popen(["curl", "-sN", *given, url], stdout=subprocess.PIPE, text=True) as curl:
        for line in curl.stdout:
            if event := lines.take(line.rstrip("\n")):
                yield event


@pytest.mark.skipif(not which("curl"), reason="needs curl")
def test_a_stream_goes_on_at_the_other_front_door_after_a_kill(service, held_people):
    """Kill -9 of its front door: resumed after the last id, with no item missing or twice."""
    service.workers(1)
    one, other = service.front_door("api-1"), service.front_door("api-2")
    job_id = one.submit([f"held-{n}" for n in range(TOTAL)])

    held_people.let_go(BEFORE)
    first = []
    for event in events(one, job_id):
        first.append(event)
        if len(indexes(first)) == BEFORE // 2:
            one.process.kill()
    held_people.let_go(TOTAL - BEFORE)
    rest = list(events(other, job_id, first[-1][1]))

    assert BEFORE // 2 <= len(indexes(first)) < TOTAL
    assert sorted(indexes(first) + indexes(rest)) == list(range(TOTAL))
    assert [name for name, _, _ in rest] == ["item"] * len(indexes(rest)) + ["done"]
    items = {data["index"]: data["item"] for name, _, data in first + rest if name == "item"}
    assert [items[n] for n in range(TOTAL)] == other.result(job_id)["result"]["items"]
