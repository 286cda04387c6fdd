"""``GET /api/enrichments/{id}``, health, and what every answer has."""

import uuid
from types import SimpleNamespace

import pytest
from aiokafka import TopicPartition
from front_door import TOPICS, MemoryKafka, add_key, front_door, until
from samples import a_job, settled

from api.job_store import JobStore
from enrich_stream.partitions import partition_of
from enrich_stream.person import Outcome
from enrich_stream.records import VERSION, EnrichmentRequested, encode

PATHS = ["/api/enrichments/{}", "/api/operations/{}"]


def accept(kafka, job):
    record = EnrichmentRequested(version=VERSION, job=job, items=())
    kafka.append(TOPICS.requests, job.id.encode(), encode(record))


@pytest.mark.parametrize("path", PATHS)
async def test_an_accepted_job_is_queued_before_any_worker_has_seen_it(tmp_path, path):
    """A job is known from the moment Kafka has it, on a front door that did not take it."""
    kafka = MemoryKafka()
    async with front_door(tmp_path, kafka) as http:
        accept(kafka, a_job(2))
        response = await http.get(path.format("op_1"))

    assert response.status_code == 200
    assert response.json() == {
        "id": "op_1",
        "operationId": "op_1",
        "status": "queued",
        "progress": None,
        "result": None,
        "error": None,
    }


async def test_a_running_job_shows_its_progress(tmp_path):
    """Half of the items settled: processing, 50, and no result yet."""
    kafka = MemoryKafka()
    kafka.settle(a_job(2), settled(1))
    async with front_door(tmp_path, kafka) as http:
        poll = (await http.get("/api/enrichments/op_1")).json()

    # The header may not have been read at the first look.
    assert (poll["status"], poll["progress"], poll["result"]) == ("processing", 50, None)


async def test_a_finished_batch_has_its_items_in_the_callers_order(tmp_path):
    """Items as they were answered, sorted by index, whatever order they settled in."""
    kafka = MemoryKafka()
    items = [settled(i, answer={"status": "success", "place": i}) for i in (2, 0, 1)]
    kafka.settle(a_job(3), *items)
    async with front_door(tmp_path, kafka) as http:
        poll = (await http.get("/api/enrichments/op_1")).json()

    assert (poll["status"], poll["progress"]) == ("succeeded", 100)
    assert [item["place"] for item in poll["result"]["items"]] == [0, 1, 2]


async def test_a_finished_single_has_both_data_and_items(tmp_path):
    """Clients that read result.data and clients that read result.items are both served."""
    kafka = MemoryKafka()
    answer = {"status": "success", "data": {"contact": {"email": []}}}
    kafka.settle(a_job(1, kind="single"), settled(0, answer=answer))
    async with front_door(tmp_path, kafka) as http:
        poll = (await http.get("/api/enrichments/op_1")).json()

    assert poll["result"] == {"items": [answer], "data": answer["data"]}


@pytest.mark.parametrize("can_be_retried", [False, True])
async def test_a_failed_batch_says_so_and_why_for_each_item(tmp_path, can_be_retried):
    """None found: failed, and worth another try when that is so for one of them."""
    kafka = MemoryKafka()
    answers = [
        {"status": "failed", "error": {"message": "No.", "retryable": retryable}}
        for retryable in (False, can_be_retried)
    ]
    outcomes = (Outcome.ABSENT, Outcome.UNKNOWN)
    kafka.settle(a_job(2), *(settled(n, outcomes[n], answers[n]) for n in range(2)))
    async with front_door(tmp_path, kafka) as http:
        poll = (await http.get("/api/enrichments/op_1")).json()

    assert poll["status"] == "failed"
    assert poll["error"]["retryable"] is can_be_retried
    assert poll["result"]["items"] == answers


async def test_a_complete_header_without_its_rows_is_not_yet_an_answer(tmp_path):
    """Header and rows travel on two topics; 100 is shown only when the rows are here too."""
    kafka = MemoryKafka()
    kafka.settle(a_job(1), settled(0))
    for partition in [p for p in kafka.logs if p.topic == TOPICS.job_items_changelog.name]:
        del kafka.logs[partition]
    async with front_door(tmp_path, kafka) as http:
        poll = (await http.get("/api/enrichments/op_1")).json()

    assert (poll["status"], poll["progress"], poll["result"]) == ("processing", 99, None)


async def test_who_reads_again_gets_the_same_bytes_and_tag(tmp_path):
    """From the second time on they were kept, but for evidence that is asked for now."""
    kafka = MemoryKafka()
    kafka.settle(a_job(2), settled(0), settled(1))
    async with front_door(tmp_path, kafka) as http:
        reads = [await http.get("/api/enrichments/op_1") for _ in range(3)]
        with_evidence = await http.get("/api/enrichments/op_1?include=evidence")
        tag = {"If-None-Match": reads[0].headers["etag"]}
        unchanged = await http.get("/api/enrichments/op_1", headers=tag)
        listed = await http.get("/api/operations")

    assert len({(read.content, read.headers["etag"]) for read in reads}) == 1
    assert "evidence" in with_evidence.json()["result"]["items"][0]
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert listed.content == b"[" + reads[0].content + b"]"


async def test_what_is_kept_of_a_job_is_shown_to_its_own_organisation_only(tmp_path):
    """To everybody else it does not exist, however often it was read."""
    kafka = MemoryKafka()
    kafka.settle(a_job(1, organisation="acme"), settled(0))
    _, own = add_key(kafka, "acme")
    _, other = add_key(kafka, "other")
    async with front_door(tmp_path, kafka) as http:
        for _ in range(2):
            assert (await http.get("/api/enrichments/op_1", headers=own)).status_code == 200
            assert (await http.get("/api/enrichments/op_1", headers=other)).status_code == 404


async def test_a_late_record_of_a_job_is_shown_also_to_who_has_read_it(tmp_path):
    """What was kept of it ends with it."""
    kafka = MemoryKafka()
    kafka.settle(a_job(1), settled(0))
    async with front_door(tmp_path, kafka) as http:
        first = await http.get("/api/enrichments/op_1")
        kafka.settle(a_job(1), settled(0, answer={"status": "success", "late": True}))

        async def shows_it():
            return (await http.get("/api/enrichments/op_1")).content != first.content

        await until(shows_it)


async def test_an_unknown_id_is_a_404_once_the_standby_has_caught_up(tmp_path):
    """Nobody has accepted it: not found, in the contract's shape."""
    async with front_door(tmp_path, MemoryKafka()) as http:
        response = await http.get("/api/enrichments/op_none")

    body = response.json()
    assert response.status_code == 404
    assert body["message"] == "Resource not found."
    assert body["path"] == "/api/enrichments/op_none"


async def test_what_cannot_be_told_is_a_503_and_not_a_404(tmp_path):
    """While the standby is behind, a job it has not heard of may well exist."""
    kafka = MemoryKafka()
    async with front_door(tmp_path, kafka, catch_up_seconds=0.05) as http:
        kafka.delivers = False
        accept(kafka, a_job(1))
        response = await http.get("/api/enrichments/op_1")

    assert response.status_code == 503
    assert response.headers["retry-after"]


async def test_finished_jobs_are_answered_while_kafka_is_down(tmp_path):
    """Reads come from the local copy."""
    kafka = MemoryKafka()
    kafka.settle(a_job(1), settled(0))
    async with front_door(tmp_path, kafka) as http:
        await http.get("/api/enrichments/op_1")
        kafka.is_up = False

        assert (await http.get("/api/enrichments/op_1")).json()["status"] == "succeeded"


async def test_a_restart_goes_on_where_the_copy_ends(tmp_path):
    """What was read before is answered without reading it again."""
    kafka = MemoryKafka()
    kafka.settle(a_job(1), settled(0))
    async with front_door(tmp_path, kafka) as http:
        await http.get("/api/enrichments/op_1")
    for log in kafka.logs.values():
        for record in log:
            record.value = b"would be unreadable now"

    async with front_door(tmp_path, kafka) as http:
        assert (await http.get("/api/enrichments/op_1")).json()["status"] == "succeeded"


async def test_a_copy_of_another_life_of_the_topics_is_thrown_away(tmp_path):
    """Topics that were made anew are shorter than the copy: its jobs no longer exist."""
    kafka = MemoryKafka()
    kafka.settle(a_job(1), settled(0))
    async with front_door(tmp_path, kafka) as http:
        await http.get("/api/enrichments/op_1")

    async with front_door(tmp_path, MemoryKafka()) as http:
        assert (await http.get("/api/enrichments/op_1")).status_code == 404


async def test_a_restarted_front_door_shows_no_less_than_before(tmp_path):
    """Until it has read what was there at its start, only jobs that have ended are answered."""
    kafka = MemoryKafka()
    kafka.settle(a_job(1, job_id="op_ended"), settled(0))
    kafka.settle(a_job(2, job_id="op_open"), settled(0))
    async with front_door(tmp_path, kafka) as http:
        assert (await http.get("/api/enrichments/op_open")).json()["progress"] == 50
    kafka.settle(a_job(2, job_id="op_open"), settled(0), settled(1))

    kafka.delivers = False
    async with front_door(tmp_path, kafka, catch_up_seconds=0.05) as http:
        assert (await http.get("/api/enrichments/op_ended")).json()["status"] == "succeeded"
        assert (await http.get("/api/enrichments/op_open")).status_code == 503

        kafka.delivers = True
        kafka.settle(a_job(1, job_id="op_other"), settled(0))
        assert (await http.get("/api/enrichments/op_open")).json()["status"] == "succeeded"


@pytest.mark.parametrize("key", [b"\xff\xfe", b"/"])
async def test_a_key_that_is_nobodys_job_does_not_stop_the_standby(tmp_path, key):
    """Whatever else somebody writes to the topics, the jobs behind it are shown."""
    kafka = MemoryKafka()
    row = SimpleNamespace(key=key, value=b"\xff", offset=0)
    for topic in (TOPICS.job_items_changelog, TOPICS.jobs_changelog, TOPICS.requests):
        partition = partition_of("op_1", topic.partitions)
        kafka.logs[TopicPartition(topic.name, partition)].append(row)
    kafka.settle(a_job(1), settled(0))
    async with front_door(tmp_path, kafka) as http:
        poll = (await http.get("/api/enrichments/op_1")).json()

    assert poll["status"] == "succeeded"


async def test_an_error_nobody_expected_does_not_end_the_standby(tmp_path, monkeypatch):
    """It reads on where it was, and says that it is not ready meanwhile."""
    kafka = MemoryKafka()
    failing = [True]
    apply = JobStore.apply

    def fails_once(store, **batch):
        if failing and any(batch["requests"]):
            failing.pop()
            raise RuntimeError("a bug")
        return apply(store, **batch)

    monkeypatch.setattr(JobStore, "apply", fails_once)
    monkeypatch.setattr("api.standby.RETRY_SECONDS", 0.01)
    async with front_door(tmp_path, kafka) as http:
        accept(kafka, a_job(1))
        assert (await http.get("/api/enrichments/op_1")).status_code == 200

    assert not failing


async def test_ready_is_true_only_when_kafka_takes_writes_and_the_standby_has_caught_up(tmp_path):
    """Readiness is about accepting and showing jobs; liveness about the process."""
    kafka = MemoryKafka()
    kafka.is_up = True
    async with front_door(tmp_path, kafka) as http:
        # The first answered read means that the standby has read to the end.
        await http.get("/api/enrichments/op_none")
        assert (await http.get("/health/ready")).status_code == 200
    async with front_door(tmp_path / "other", kafka) as http:
        kafka.is_up = False
        response = await http.get("/health/ready")
        live = await http.get("/health/live")

    assert response.status_code == 503
    assert response.json()["checks"]["kafkaTakesWrites"] is False
    assert live.status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("DELETE", "/api/enrichments", 405), ("GET", "/health/live", 200)],
)
async def test_every_answer_has_a_request_id_and_errors_have_one_shape(
    tmp_path, method, path, status
):
    """The header is a UUID, and an error repeats it in its body."""
    async with front_door(tmp_path, MemoryKafka()) as http:
        response = await http.request(method, path)

    request_id = response.headers["x-request-id"]
    assert response.status_code == status
    assert uuid.UUID(request_id)
    if status >= 400:
        body = response.json()
        assert body["requestId"] == request_id
        assert body.keys() >= {"statusCode", "error", "message", "path", "timestamp"}


async def test_an_error_nobody_expected_shows_nothing_of_itself(tmp_path, monkeypatch):
    """500 in the contract's shape, without the error's text."""
    monkeypatch.setattr("api.poll.included", lambda _: 1 / 0)
    kafka = MemoryKafka()
    kafka.settle(a_job(1), settled(0))
    async with front_door(tmp_path, kafka) as http:
        response = await http.get("/api/enrichments/op_1")

    assert response.status_code == 500
    assert response.json()["message"] == "An unexpected error occurred."
    assert "division" not in response.text
