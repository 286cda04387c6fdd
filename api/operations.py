"""What the OpenAPI document says of each route; a test holds the table to the routes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from api.bodies import PostEnrichment
from api.job_id import MAX_KEY_CHARS
from api.schemas import (
    EnrichmentQueuedResponseDto,
    EnrichmentSyncResponseDto,
    Health,
    OperationResponseDto,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path.

    Attributes:
        id: Its name in generated clients.
        summary: What it does, in one line.
        description: What else a caller should know.
        answers: By status, what it means and the shape of its body.
        problems: The statuses of its errors, beside those that every route has.
        body: The shape of the request's body.
        examples: Bodies that are accepted, by name.
        links: By status, the operations that go on with the answer's id.
        parameters: As OpenAPI has them; those of the path are added.
        needs_key: Whether it answers 401 without a key, and is counted under a limit.
        content_type: Of its answers.
    """

    id: str
    summary: str
    description: str = ""
    answers: Mapping[int, tuple[str, type[BaseModel] | None]]
    problems: tuple[int, ...] = ()
    body: type[BaseModel] | None = None
    examples: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    links: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    parameters: tuple[Mapping[str, Any], ...] = ()
    needs_key: bool = True
    content_type: str = "application/json"


_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "A repeat under the same key is the same operation.",
    "schema": {"type": "string", "minLength": 1, "maxLength": MAX_KEY_CHARS},
}
_EXAMPLES: Mapping[str, Mapping[str, Any]] = {
    "one": {
        "identifier": {"linkedin_url": "https://www.linkedin.com/in/mira-okafor"},
        "fields": ["contact.email", "contact.phone"],
    },
    "batch": {
        "identifiers": [{"email": "mira_okafor@northwind.example"}, {"x_handle": "@mira_okafor"}],
        "fields": ["contact.email", "profile"],
    },
}
_OPERATION = {200: ("The operation as it is now.", OperationResponseDto)}

OPERATIONS: Mapping[tuple[str, str], Operation] = {
    ("POST", "/api/enrichments"): Operation(
        id="submitEnrichment",
        summary="Submit enrichment",
        description="Enrich one person or up to 100. A single LinkedIn identifier with contact"
        " fields only can be answered at once; everything else becomes an operation to poll.",
        answers={
            200: ("Enriched at once.", EnrichmentSyncResponseDto),
            202: ("Accepted and stored durably; poll pollUrl.", EnrichmentQueuedResponseDto),
        },
        problems=(400, 402, 408, 413, 415),
        body=PostEnrichment,
        examples=_EXAMPLES,
        parameters=(_IDEMPOTENCY_KEY,),
        links={202: ("getEnrichment", "getOperation")},
    ),
    ("GET", "/api/enrichments/{job_id}"): Operation(
        id="getEnrichment", summary="Get enrichment", answers=_OPERATION, problems=(404,)
    ),
    ("GET", "/api/operations/{job_id}"): Operation(
        id="getOperation", summary="Get operation", answers=_OPERATION, problems=(404,)
    ),
    ("GET", "/health/live"): Operation(
        id="getLiveness",
        summary="Whether the process answers",
        answers={200: ("It does.", Health)},
        needs_key=False,
    ),
    ("GET", "/health/ready"): Operation(
        id="getReadiness",
        summary="Whether operations can be accepted and shown",
        answers={200: ("They can.", Health), 503: ("They cannot now.", Health)},
        needs_key=False,
    ),
    ("GET", "/openapi.json"): Operation(
        id="getOpenApi",
        summary="This document",
        answers={200: ("OpenAPI 3.1.", None)},
        needs_key=False,
    ),
    ("GET", "/docs"): Operation(
        id="getDocs",
        summary="This document, for people",
        answers={200: ("A page without scripts.", None)},
        needs_key=False,
        content_type="text/html",
    ),
}
