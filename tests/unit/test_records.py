"""What travels on the topics."""

import msgspec
import pytest
from samples import AT, a_job, a_request, results_of, settled, tasks_of
from test_recollection import contact

from enrich_stream import job
from enrich_stream.errors import UnreadableRecordError
from enrich_stream.fan_out import tasks_for
from enrich_stream.memory import remember
from enrich_stream.records import (
    EnrichmentRequested,
    IdentifierResults,
    IdentifierTasks,
    JobHeader,
    JobItem,
    RememberedContact,
    check_key,
    decode,
    encode,
)


def test_a_record_comes_back_as_it_was_sent():
    """Encoding and decoding lose nothing, and parts that are JSON already stay as they are."""
    request = a_request(3)
    results = decode(encode(results_of(a_job(1), settled(0))), IdentifierResults)

    assert decode(encode(request), EnrichmentRequested) == request
    assert bytes(results.items[0].answer) == bytes(settled(0).answer)


def with_unknown(record, *places):
    """The record as a newer version writes it: with a member more in each of these places."""
    content = msgspec.json.decode(encode(record))
    for place in places:
        part = content
        for step in place:
            part = part[step]
        part["added-later"] = {"x": [1, "two", None]}
    return msgspec.json.encode(content)


PLACES = {
    EnrichmentRequested: (a_request(3), [(), ("job",), ("items", 1)]),
    IdentifierTasks: (tasks_of(3), [(), ("job",), ("items", 0), ("items", 2)]),
    IdentifierResults: (results_of(a_job(1), settled(0)), [(), ("job",), ("items", 0)]),
    JobItem: (JobItem(version=1, item=settled(0)), [(), ("item",)]),
    JobHeader: (job.open_job(a_job(3), AT), [(), ("job",)]),
    RememberedContact: (
        remember(None, contact(0, "mira@x.example")),
        [(), ("fields", "contact.email"), ("fields", "contact.email", "values", 0)],
    ),
}


@pytest.mark.parametrize("record_type", PLACES)
def test_members_that_a_reader_does_not_know_are_kept(record_type):
    """A newer writer may add members without raising the version; they travel on, as they were."""
    record, places = PLACES[record_type]
    newer = with_unknown(record, *places)

    kept = decode(newer, record_type)

    assert isinstance(kept, record_type)
    assert msgspec.json.decode(encode(kept)) == msgspec.json.decode(newer)


def test_what_is_made_of_parts_that_have_unknown_members_has_them_too():
    """From request to task, from result to row, and through every change of a job's header."""
    request = decode(with_unknown(a_request(2), ("job",), ("items", 1)), EnrichmentRequested)
    tasks = tasks_for(request, frozenset({0, 1}), 1)[0]
    header = job.open_job(tasks.job, AT)
    header = job.dispatch(job.settle(header, [settled(0)], AT), AT)
    results = with_unknown(results_of(a_job(1), settled(0)), ("items", 0))
    row = JobItem(version=1, item=decode(results, IdentifierResults).items[0])

    for record, place in [(tasks, ("items", 1)), (tasks, ("job",)), (header, ("job",))]:
        assert "added-later" in at(record, place)
    assert "added-later" in at(row, ("item",))
    assert "added-later" not in at(tasks, ("items", 0))


def at(record, place):
    part = msgspec.json.decode(encode(record))
    for step in place:
        part = part[step]
    return part


def test_an_unknown_member_does_not_hide_a_wrong_one():
    """What a reader knows must be right, whatever else there is."""
    wrong = with_unknown(a_request(1), ()).replace(b'"total":1', b'"total":"one"')
    with pytest.raises(UnreadableRecordError, match=r"job\.total"):
        decode(wrong, EnrichmentRequested)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (None, "no value"),
        (b"", "truncated"),
        (b"{", "truncated"),
        (b"\xff\xfe", "malformed"),
        (b"[]", "Expected `object`"),
        (b'{"version":1}', "missing required field `job`"),
        (b'{"version":2}', "record version 2 is newer than 1: upgrade"),
        (encode(a_request()).replace(b'"version":1', b'"version":9'), "upgrade"),
        (encode(a_request())[:-20], "truncated"),
    ],
)
def test_what_cannot_be_understood_says_why(data, why):
    """Whatever is wrong with a record, it is one error with a reason."""
    with pytest.raises(UnreadableRecordError, match=why):
        decode(data, EnrichmentRequested)


@pytest.mark.parametrize("key", [None, b"", b"\xff", b"op_2"])
def test_a_record_under_another_key_is_refused(key):
    """The key decides the partition, so it must be the one the content says."""
    with pytest.raises(UnreadableRecordError, match="key"):
        check_key(key, "op_1")
