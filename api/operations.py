"""What the OpenAPI document says of each route; a test holds the table to the routes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from api.bodies import PostEnrichment
from api.idempotency import MAX_KEY_CHARS
from api.include import Include
from api.listing import DEFAULT_LIMIT, MAX_LIMIT
from api.schemas import (
    EnrichmentQueuedResponseDto,
    EnrichmentSyncResponseDto,
    EstimateResponse,
    Health,
    OperationResponseDto,
)
from enrich_stream.job import Status


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
    answers: Mapping[int, tuple[str, type[BaseModel] | type[list[Any]] | None]]
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
_PREFER = {
    "name": "Prefer",
    "in": "header",
    "description": "`wait=N`: be answered when the operation has ended, at the latest after N"
    " seconds, at most 60. A 202 then also has the members of an operation, as it is by then.",
    "schema": {"type": "string", "pattern": "^wait=[0-9]{1,2}$"},
}
_IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "description": "The ETag of an earlier answer: 304 while nothing has changed.",
    "schema": {"type": "string"},
}
_INCLUDE = {
    "name": "include",
    "in": "query",
    "description": "What is shown besides: the items that are settled of an operation that still"
    " runs, and where each value is from. Both may be given, with a comma between.",
    "schema": {"type": "string", "enum": list(Include)},
}
_LAST_EVENT_ID = {
    "name": "Last-Event-ID",
    "in": "header",
    "description": "The id of the last event that was read: the stream goes on behind it.",
    "schema": {"type": "string", "pattern": "^[0-9a-f]{1,64}$"},
}
_LIST = (
    {
        "name": "limit",
        "in": "query",
        "description": "How many at most.",
        "schema": {
            "type": "integer",
            "minimum": 1,
            "maximum": MAX_LIMIT,
            "default": DEFAULT_LIMIT,
        },
    },
    {
        "name": "status",
        "in": "query",
        "description": "Only those in this state.",
        "schema": {"type": "string", "enum": list(Status)},
    },
    {
        "name": "cursor",
        "in": "query",
        "description": "Where the page begins; taken from the Link header of the page before.",
        "schema": {"type": "string"},
    },
)
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


def _poll(name: str, summary: str) -> "Operation":
    return Operation(
        id=name,
        summary=summary,
        answers={**_OPERATION, 304: ("Nothing has changed.", None)},
        problems=(400, 404),
        parameters=(_PREFER, _IF_NONE_MATCH, _INCLUDE),
    )


def _cancel(name: str) -> "Operation":
    return Operation(
        id=name,
        summary="Cancel what is not settled",
        description="What is settled stays, and nobody is asked about the others. An operation"
        " that has ended stays as it is.",
        answers={
            200: ("The operation as it ended.", OperationResponseDto),
            202: ("Stored durably; it ends in a moment.", OperationResponseDto),
        },
        problems=(404,),
    )


def _events(name: str) -> "Operation":
    return Operation(
        id=name,
        summary="Follow an operation by server-sent events",
        description="`snapshot`, then `item` for each settled item, then `done`.",
        answers={200: ("Events until the operation has ended.", None)},
        problems=(400, 404),
        parameters=(_INCLUDE, _LAST_EVENT_ID),
        content_type="text/event-stream",
    )


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
        problems=(400, 402, 408, 413, 415, 422),
        body=PostEnrichment,
        examples=_EXAMPLES,
        parameters=(_IDEMPOTENCY_KEY, _PREFER),
        links={202: ("getEnrichment", "getOperation")},
    ),
    ("POST", "/api/enrichments/estimate"): Operation(
        id="estimateEnrichment",
        summary="What a body would take",
        description="The same body, and nothing is done: who is meant, who is there twice, what is"
        " known already, how often providers would be asked at most.",
        answers={200: ("An estimate of this moment.", EstimateResponse)},
        problems=(400, 408, 413, 415),
        body=PostEnrichment,
        examples=_EXAMPLES,
    ),
    ("GET", "/api/enrichments/{job_id}"): _poll("getEnrichment", "Get enrichment"),
    ("DELETE", "/api/enrichments/{job_id}"): _cancel("cancelEnrichment"),
    ("GET", "/api/enrichments/{job_id}/events"): _events("followEnrichment"),
    ("GET", "/api/operations"): Operation(
        id="listOperations",
        summary="List operations, newest first",
        description="The organisation's own. The Link header has the address of the next page.",
        answers={200: ("A page.", list[OperationResponseDto])},
        problems=(400,),
        parameters=_LIST,
    ),
    ("GET", "/api/operations/{job_id}"): _poll("getOperation", "Get operation"),
    ("DELETE", "/api/operations/{job_id}"): _cancel("cancelOperation"),
    ("GET", "/api/operations/{job_id}/events"): _events("followOperation"),
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
