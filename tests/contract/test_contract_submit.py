"""The public contract: submitting."""

import re
import uuid

import pytest
from asking import (
    KNOWN,
    NOBODY,
    PATHS,
    batch,
    check_error,
    check_operation,
    single,
    submit,
)


def test_a_single_linkedin_contact_can_be_answered_at_once(http):
    """200 with ``data`` and ``meta``; arrays of strings, of what was asked and no more."""
    response = submit(http, single())

    body = response.json()
    assert response.status_code == 200, body
    assert response.headers["content-type"].startswith("application/json")
    assert body["meta"] == {"requestId": response.headers["x-request-id"]}
    assert body["data"].keys() == {"contact"}
    assert body["data"]["contact"].keys() == {"email"}
    assert all(isinstance(email, str) for email in body["data"]["contact"]["email"])
    assert body["data"]["contact"]["email"]


@pytest.mark.parametrize(
    "body",
    [
        batch(KNOWN),
        batch(KNOWN, NOBODY),
        single({"email": "a@x.example"}),
        single({"x_handle": "somebody"}),
        single(NOBODY),
        single(fields=["contact.email", "signals"]),
        single(fields=["profile"]),
    ],
    ids=["a batch of one", "a batch", "an e-mail", "a handle", "GitHub", "signals", "profile"],
)
def test_everything_else_is_accepted_as_an_operation(http, body):
    """202 with the five members; ``id`` and ``operationId`` are one ULID."""
    response = submit(http, body)

    accepted = response.json()
    assert response.status_code == 202, accepted
    assert accepted.keys() == {"id", "operationId", "status", "pollUrl", "meta"}
    assert re.fullmatch(r"op_[0-9A-HJKMNP-TV-Z]{26}", accepted["id"])
    assert accepted["operationId"] == accepted["id"]
    assert accepted["status"] == "queued"
    assert accepted["meta"] == {"requestId": response.headers["x-request-id"]}
    assert accepted["pollUrl"].startswith("http")
    assert accepted["pollUrl"].rpartition("/")[2] == accepted["id"]


def test_the_poll_url_leads_to_the_operation(http):
    """Whoever follows it needs no other knowledge."""
    accepted = submit(http, batch(KNOWN)).json()

    check_operation(http.get(accepted["pollUrl"]).json(), accepted["id"])


def test_headers_of_older_clients_are_ignored(http):
    """A project's id was once asked for."""
    assert submit(http, batch(KNOWN), **{"X-Project-Id": "p_1"}).status_code == 202


def test_one_idempotency_key_is_one_operation(http):
    """The same operation and poll address; another key is another operation."""
    key = {"Idempotency-Key": str(uuid.uuid4())}
    first, again = submit(http, batch(KNOWN), **key), submit(http, batch(KNOWN), **key)
    other = submit(http, batch(KNOWN), **{"Idempotency-Key": str(uuid.uuid4())})

    assert first.status_code == again.status_code == 202
    for member in ("id", "operationId", "status", "pollUrl"):
        assert first.json()[member] == again.json()[member]
    assert other.json()["id"] != first.json()["id"]


@pytest.mark.parametrize("length", [0, 257])
def test_an_idempotency_key_has_1_to_256_characters(http, length):
    """Others are refused, not cut."""
    response = submit(http, batch(KNOWN), **{"Idempotency-Key": "k" * length})

    check_error(response, 400, "Bad Request", PATHS[0])


@pytest.mark.parametrize(
    ("body", "places"),
    [
        ({}, {"fields", "identifier"}),
        ({"fields": ["contact.email"]}, {"identifier"}),
        ({"identifier": KNOWN}, {"fields"}),
        (single(identifiers=[KNOWN]), {"identifiers"}),
        (single({}), {"identifier"}),
        (single(KNOWN | NOBODY), {"identifier"}),
        (single({"email": "nobody"}), {"identifier.email"}),
        (single({"phone": "1"}), {"identifier", "identifier.phone"}),
        (single(fields=[]), {"fields"}),
        (single(fields=["company_name"]), {"fields.0"}),
        (batch(), {"identifiers"}),
        (batch(*[KNOWN] * 101), {"identifiers"}),
        (single(signals_config={"since_days": "30"}), {"signals_config.since_days"}),
    ],
)
def test_a_body_that_is_wrong_is_a_400_that_names_each_place(http, body, places):
    """Validation failed, with ``property``, ``message`` and ``constraints`` of every fault."""
    answer = check_error(submit(http, body), 400, "Bad Request", PATHS[0])

    assert answer["message"] == "Validation failed"
    assert {error["property"] for error in answer["errors"]} == places
    for error in answer["errors"]:
        assert isinstance(error["message"], str)
        assert all(isinstance(text, str) for text in error["constraints"].values())


def test_a_hundred_identifiers_are_a_batch(http):
    """Up to 100, whatever they are."""
    assert submit(http, batch(*[KNOWN] * 100)).status_code == 202


@pytest.mark.parametrize("content", ["", "{", "[]", '"text"'])
def test_what_is_no_json_object_is_a_400(http, content):
    """In the one shape."""
    response = http.post(PATHS[0], content=content, headers={"Content-Type": "application/json"})

    check_error(response, 400, "Bad Request", PATHS[0])
