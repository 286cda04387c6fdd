"""The ids of requests."""

import uuid

from api.request_id import new_request_id


def test_a_request_id_is_a_random_uuid_and_no_two_are_alike():
    """Version and variant are in it, and it is written as UUIDs are."""
    ids = [new_request_id() for _ in range(1000)]

    assert len(set(ids)) == 1000
    for text in ids:
        parsed = uuid.UUID(text)
        assert (str(parsed), parsed.version, parsed.variant) == (text, 4, uuid.RFC_4122)
