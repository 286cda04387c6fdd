"""The public contract: keys, limits, and what every answer has."""

import uuid

import pytest
from asking import (
    HEADERS,
    PATHS,
    check_error,
    single,
    submit,
)


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", PATHS[0]), ("GET", f"{PATHS[0]}/op_1"), ("GET", f"{PATHS[1]}/op_1")],
)
def test_without_keys_there_is_a_401(stranger, method, path):
    """Authentication is required, everywhere and in the contract's words."""
    response = stranger.request(method, path, json=single() if method == "POST" else None)

    body = check_error(response, 401, "Unauthorized", path)
    assert body["message"] == "Authentication is required."


def test_a_wrong_secret_is_a_401(stranger):
    """The public half alone opens nothing."""
    response = stranger.get(f"{PATHS[0]}/op_1", headers=HEADERS | {"X-Secret-Key": "sk_wrong"})

    body = check_error(response, 401, "Unauthorized", f"{PATHS[0]}/op_1")
    assert body["message"] == "Invalid or missing authentication credentials"


def test_both_halves_in_one_header_do_as_well(stranger):
    """For tools that can only send ``Authorization``."""
    token = f"{HEADERS['X-Access-Key']}.{HEADERS['X-Secret-Key']}"
    response = stranger.get(f"{PATHS[0]}/op_1", headers={"Authorization": f"Bearer {token}"})

    assert response.status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "status", "reason"),
    [
        ("GET", "/nowhere", 404, "Not Found"),
        ("GET", "/api/enrichments/a/b/c", 404, "Not Found"),
        ("PUT", "/api/enrichments", 405, "Method Not Allowed"),
        ("POST", "/api/operations/op_1", 405, "Method Not Allowed"),
    ],
)
def test_wrong_paths_and_methods_have_the_same_shape(http, method, path, status, reason):
    """No page of HTML, no redirect."""
    check_error(http.request(method, path), status, reason, path)


@pytest.mark.parametrize("path", [PATHS[0], f"{PATHS[0]}/op_1", f"{PATHS[1]}/op_1", "/nowhere"])
def test_every_answer_to_a_key_tells_its_request_and_what_is_left(http, path):
    """``X-Request-Id`` and both spellings of the rate headers."""
    headers = http.get(path).headers

    assert uuid.UUID(headers["x-request-id"])
    for prefix in ("RateLimit", "X-RateLimit"):
        limit, remaining, reset = (
            int(headers[f"{prefix}-{name}"]) for name in ("Limit", "Remaining", "Reset")
        )
        assert 0 <= remaining < limit
        assert 0 < reset <= 60


def test_polls_have_a_bucket_of_their_own(http):
    """300 a minute of the 600, on both paths."""
    limits = {path: http.get(f"{path}/op_1").headers["ratelimit-limit"] for path in PATHS}

    assert set(limits.values()) == {"300"}
    assert submit(http, {}).headers["ratelimit-limit"] == "600"
