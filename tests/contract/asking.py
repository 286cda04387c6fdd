"""How the suite of the contract speaks to a server that runs, and what every answer must be.

``CONTRACT_URL``, ``ENRICH_ACCESS_KEY`` and ``ENRICH_SECRET_KEY`` name the server and a key of it;
``CONTRACT_KNOWN`` is the LinkedIn identifier of somebody whose e-mail it can find. With them,
``pytest tests/contract`` asks any server. The integration tests ask the real service.
"""

import os
import re
import time
import uuid

PATHS = ["/api/enrichments", "/api/operations"]
STATUSES = {"queued", "processing", "succeeded", "failed", "partial_success", "cancelled"}
RUNNING = {"queued", "processing"}
DEADLINE_SECONDS = 60.0
KNOWN = {"linkedin_url": os.environ.get("CONTRACT_KNOWN", "in/mira-okafor")}
NOBODY = {"github_username": "no-such-user-91"}
HEADERS = {
    "X-Access-Key": os.environ.get("ENRICH_ACCESS_KEY", ""),
    "X-Secret-Key": os.environ.get("ENRICH_SECRET_KEY", ""),
}


def submit(http, body, **headers):
    return http.post("/api/enrichments", json=body, headers=headers)


def single(identifier=KNOWN, fields=("contact.email",), **more):
    return {"identifier": identifier, "fields": list(fields), **more}


def batch(*identifiers, fields=("contact.email",)):
    return {"identifiers": list(identifiers), "fields": list(fields)}


def finished(http, job_id, path=PATHS[0]):
    """The operation once it has ended; every answer on the way is one of the contract's."""
    deadline, progress = time.monotonic() + DEADLINE_SECONDS, 0
    while True:
        response = http.get(f"{path}/{job_id}")
        assert response.status_code == 200
        operation = response.json()
        check_operation(operation, job_id)
        assert (operation["progress"] or 0) >= progress
        progress = operation["progress"] or 0
        if operation["status"] not in RUNNING:
            return operation
        assert operation["result"] is None
        assert time.monotonic() < deadline, operation
        time.sleep(0.2)


def check_operation(operation, job_id):
    assert operation["id"] == operation["operationId"] == job_id
    assert operation["status"] in STATUSES
    assert operation["progress"] is None or 0 <= operation["progress"] <= 100
    assert operation["result"] is None or isinstance(operation["result"], dict)
    assert operation["error"] is None or isinstance(operation["error"]["message"], str)


def check_error(response, status, reason, path):
    """``PublicErrorResponseDto``, the request's id in header and body."""
    body = response.json()
    assert response.status_code == body["statusCode"] == status
    assert response.headers["content-type"].startswith("application/json")
    assert (body["error"], body["path"]) == (reason, path)
    assert isinstance(body["message"], str)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", body["timestamp"])
    assert body["requestId"] == response.headers["x-request-id"]
    assert uuid.UUID(body["requestId"])
    return body
