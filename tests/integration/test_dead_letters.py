"""Poison on a real Kafka: put aside, listed, sent back after an upgrade, gone from the list."""

import json

import pytest
from service import TOPICS, emails, until
from typer.testing import CliRunner

from enrich_stream import clock
from enrich_stream.cli import app
from enrich_stream.partitions import partition_of
from enrich_stream.person import Field
from enrich_stream.records import VERSION, EnrichmentRequested, Item, Job, encode

UPGRADE = "import enrich_stream.worker, enrich_stream.records as r; r.VERSION += 1"
"""What makes a worker of the next version of this one: it understands one version more."""


@pytest.fixture
def command(kafka, monkeypatch):
    """The enrich-stream command, on the Kafka of these tests."""
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka.bootstrap_servers)
    return lambda *words: CliRunner().invoke(app, ["dead-letters", *words])


def listed(command, *options):
    """By origin, the letters that the list shows."""
    result = command("list", "--json", *options)
    assert result.exit_code == 0, result.output
    rows = map(json.loads, result.stdout.splitlines())
    return {row["origin"]: row for row in rows}


def a_request(job_id, name, version=VERSION):
    job = Job(
        id=job_id,
        organisation="default",
        kind="batch",
        total=1,
        fields=(Field.EMAIL,),
        accepted_at=clock.now(),
        request_id="r",
    )
    item = Item(index=0, given={"linkedin_url": name}, identifier=f"linkedin_url:{name}")
    return encode(EnrichmentRequested(version=version, job=job, items=(item,)))


def job_on(partition, name):
    """A job id whose records live on the partition."""
    ids = (f"op_{name}{n}" for n in range(1000))
    return next(i for i in ids if partition_of(i, TOPICS.requests.partitions) == partition)


def put(service, job_id, value):
    """Write a request's record; its place as the list shows origins."""
    before = len([r for r in service.records(TOPICS.requests) if r.key == job_id.encode()])
    service.produce(TOPICS.requests, job_id.encode(), value)
    found = [r for r in service.records(TOPICS.requests) if r.key == job_id.encode()]
    assert len(found) == before + 1
    return f"{TOPICS.requests.name}/{found[-1].partition}/{found[-1].offset}"


def test_a_record_of_a_newer_version_is_put_aside_and_replayed_after_the_upgrade(
    service, command, tmp_path
):
    """Its partition goes on meanwhile; the list says "upgrade"; replayed, the job is done."""
    (worker,) = service.workers(1)
    door = service.front_door()
    newer, next_one = job_on(3, "newer"), job_on(3, "next")
    origin = put(service, newer, a_request(newer, "person-5", VERSION + 1))
    put(service, next_one, a_request(next_one, "person-6"))

    assert emails(door.result(next_one)) == [["person-6@x.example"]]
    until(lambda: origin in listed(command), "it is put aside")
    letter = listed(command)[origin]
    assert letter["stage"] == "split_request"
    assert "upgrade" in letter["reason"]
    assert letter["state"] == "open"

    worker.stop()
    (tmp_path / "sitecustomize.py").write_text(UPGRADE)
    service.stack.environ["PYTHONPATH"] = str(tmp_path)
    service.workers(1)
    door = service.front_door("api-2")
    replayed = command("replay", letter["id"])

    assert (replayed.exit_code, replayed.stdout) == (0, f"{letter['id']} sent back\n")
    assert emails(door.result(newer)) == [["person-5@x.example"]]
    assert origin not in listed(command)
    assert listed(command, "--handled")[origin]["state"].startswith("replayed ")


def test_dropped_letters_leave_the_list_and_only_those_that_were_meant(service, command):
    """By id, or all of one reason; what is shown of them is not what is in them."""
    service.workers(1)
    value = b'{"version":1,"job":"mira@x.example"}'
    origins = [put(service, f"op_poison{n}", value + b" " * n) for n in range(3)]
    until(lambda: listed(command).keys() >= set(origins), "all are put aside")
    letters = [listed(command)[origin] for origin in origins]
    assert [letter["bytes"] for letter in letters] == [36, 37, 38]

    shown = command("show", letters[0]["id"]).stdout
    assert "mira" not in shown
    assert "mira@x.example" in command("show", letters[0]["id"], "--reveal").stdout

    assert command("drop", letters[0]["id"]).exit_code == 0
    assert listed(command).keys() & set(origins) == set(origins[1:])
    assert command("drop", "--all", "--reason", "no such reason").stdout == ""
    assert listed(command).keys() & set(origins) == set(origins[1:])
    assert command("drop", "--all", "--reason", letters[1]["reason"]).exit_code == 0
    assert not listed(command).keys() & set(origins)


def test_a_replay_that_fails_again_is_put_aside_again_from_the_same_partition(service, command):
    """A record goes back to where it was found, wherever its key would have it go."""
    service.workers(1)
    home = partition_of("op_stray", TOPICS.requests.partitions)
    strayed = (home + 1) % TOPICS.requests.partitions
    service.produce(TOPICS.requests, b"op_stray", b"{stray", strayed)

    def origins():
        return [o for o, row in listed(command, "--handled").items() if row["bytes"] == 6]

    until(lambda: len(origins()) == 1, "it is put aside")
    assert command("replay", listed(command)[origins()[0]]["id"]).exit_code == 0

    until(lambda: len(origins()) == 2, "it is put aside again")
    assert [origin.split("/")[1] for origin in origins()] == [str(strayed)] * 2
    assert len(listed(command).keys() & set(origins())) == 1


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["show", "99999"], "99999 is no id of a dead letter, like 3/17"),
        (["show", "77/1"], "77/1 is no id of a dead letter, like 3/17"),
        (["drop", "0/999999"], "there is no dead letter 0/999999"),
        (["replay"], "name the ids, or say --all"),
        (["replay", "0/1", "--all"], "name the ids, or say --all"),
    ],
)
def test_a_mistake_is_one_line_and_does_nothing(command, words, why):
    """Exit code 1 and what to do better."""
    result = command(*words)

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"enrich-stream: {why}\n"
