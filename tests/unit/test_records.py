"""What travels on the topics."""

import msgspec
import pytest
from samples import a_job, a_request, results_of, settled

from enrich_stream.errors import UnreadableRecordError
from enrich_stream.records import (
    EnrichmentRequested,
    IdentifierResults,
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


def test_members_that_a_reader_does_not_know_are_ignored():
    """A newer writer may add members without raising the version."""
    newer = msgspec.json.decode(encode(a_request())) | {"added_later": {"x": 1}}

    assert decode(msgspec.json.encode(newer), EnrichmentRequested) == a_request()


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


@pytest.mark.parametrize("value", [b"mira@x.example", b"mira's@x.example"])
def test_a_reason_quotes_nothing_from_the_record(value):
    """It goes to logs and headers; the decoder's own text quotes a value that is none of a list."""
    data = encode(a_request()).replace(b"batch", value)

    with pytest.raises(UnreadableRecordError) as caught:
        decode(data, EnrichmentRequested)

    assert str(caught.value) == "not a record of this kind: Invalid enum value … - at `$.job.kind`"


@pytest.mark.parametrize("key", [None, b"", b"\xff", b"op_2"])
def test_a_record_under_another_key_is_refused(key):
    """The key decides the partition, so it must be the one the content says."""
    with pytest.raises(UnreadableRecordError, match="key"):
        check_key(key, "op_1")
