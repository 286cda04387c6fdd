"""The whole flow on a real Kafka, with two workers and two front doors."""

import msgspec
from service import TOPICS, emails, until

from enrich_stream.records import EnrichedContact, IdentifierTasks, decode


def test_a_job_is_polled_on_the_other_front_door(service):
    """Read your writes on any front door, at once, and the same answer on both."""
    service.workers(2)
    one, other = service.front_door("api-1"), service.front_door("api-2")

    job_id = one.submit([f"person-{n}" for n in range(50)] + ["nobody"])

    assert other.poll(job_id)["id"] == job_id
    result = other.result(job_id)
    assert result["status"] == "partial_success"
    assert emails(result) == [[f"person-{n}@x.example"] for n in range(50)] + [None]
    assert one.result(job_id) == result


def test_a_batch_is_spread_over_both_workers(service):
    """Tasks go by person, so one job meets every worker of the group."""
    service.workers(2)
    door = service.front_door()
    owned = [set(partitions) for partitions in service.task_partitions()]

    job_id = door.submit([f"person-{n}" for n in range(100)])
    door.result(job_id)

    used = {r.partition for r in service.records(TOPICS.tasks) if r.key.decode() == job_id}
    assert len(owned) == 2
    assert all(used & partitions for partitions in owned), (used, owned)


def test_a_single_linkedin_contact_is_answered_at_once(service):
    """200 with the data, through every part of the flow."""
    service.workers(1)
    door = service.front_door()

    body = {"identifier": {"linkedin_url": "in/person-7"}, "fields": ["contact.email"]}
    response = door.post(body)

    assert response.status_code == 200
    assert response.json()["data"] == {"contact": {"email": ["person-7@x.example"]}}


def test_jobs_are_shown_while_no_worker_runs(service):
    """Finished jobs are answered, and new ones are accepted and queued until a worker comes."""
    (worker,) = service.workers(1)
    door = service.front_door()
    done = door.submit(["person-1"])
    door.result(done)

    worker.stop()
    waiting = door.submit(["person-2"])

    assert door.poll(done)["status"] == "succeeded"
    assert door.poll(waiting)["status"] == "queued"
    service.stack.start_worker("worker-1")
    assert emails(door.result(waiting)) == [["person-2@x.example"]]


def test_a_repeated_record_changes_nothing(service):
    """The request's record once more: same job, nothing looked up again."""
    service.workers(1)
    door = service.front_door()
    job_id = door.submit(["person-3", "nobody"])
    result = door.result(job_id)
    (request,) = [r for r in service.records(TOPICS.requests) if r.key.decode() == job_id]

    service.produce(TOPICS.requests, request.key, request.value)
    service.wait_until_consumed(TOPICS.requests)
    service.wait_until_consumed(TOPICS.tasks)

    tasks = [r for r in service.records(TOPICS.tasks) if r.key.decode() == job_id]
    assert sum(len(decode(r.value, IdentifierTasks).items) for r in tasks) == 2
    assert door.result(job_id) == result


def test_a_poison_record_is_buried_and_its_partition_goes_on(service):
    """What cannot be understood reaches the dead letters as it was, on every topic of ours."""
    service.workers(1)
    door = service.front_door()
    poison = {
        TOPICS.requests.name: b"{poison 1",
        TOPICS.tasks.name: b'{"version": 99}',
        TOPICS.results.name: b"\xff\x00",
        TOPICS.retries.name: b"[]",
    }
    for name, value in poison.items():
        for partition in range(TOPICS.by_name(name).partitions):
            service.produce(TOPICS.by_name(name), b"\xfe", value, partition)

    job_id = door.submit([f"person-{n}" for n in range(100)])

    assert len(door.result(job_id)["result"]["items"]) == 100
    expected = sum(TOPICS.by_name(name).partitions for name in poison)
    until(lambda: len(_buried(service, poison)) >= expected, "all poison is buried")
    for record in _buried(service, poison):
        headers = {name: text.decode() for name, text in record.headers}
        assert poison[headers["dead-letter-topic"]] == record.value
        assert headers["dead-letter-reason"]


def test_every_item_is_on_the_output_topic_with_a_stable_id(service):
    """Downstream services find each person of a job under job id/index."""
    service.workers(2)
    door = service.front_door()
    job_id = door.submit([f"person-{n}" for n in range(20)])
    door.result(job_id)

    def contacts():
        found = [decode(r.value, EnrichedContact) for r in _ours(service)]
        return {contact.id: contact for contact in found}

    def _ours(service):
        return [r for r in service.records(TOPICS.contacts) if job_id.encode() in (r.value or b"")]

    until(lambda: len(contacts()) == 20, "all contacts are out")
    assert sorted(contacts()) == [f"{job_id}/{n:03d}" for n in range(20)]
    contact = contacts()[f"{job_id}/007"]
    assert contact.identifier == "linkedin_url:person-7"
    assert msgspec.to_builtins(contact)["fields"]["contact.email"]["values"][0]["provider"]


def _buried(service, poison):
    return [r for r in service.records(TOPICS.dead_letters) if r.value in poison.values()]
