"""The shapes of all answers, for the OpenAPI document; named as the contract names them.

The answers themselves are put together in ``job_body`` and ``problems``, partly from JSON that
passes through as it is; that they have these shapes is what the tests of the contract check.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from enrich_stream.job import Status


class _Answer(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)


class PublicResponseMetaDto(_Answer):
    """What belongs to the request and not to its result."""

    request_id: str = Field(description="The same as the header X-Request-Id.")


class Contact(_Answer):
    """Verified contact data, of what was asked for; an empty list says that there is none."""

    email: list[str] = Field(default_factory=list, description="Best first.")
    phone: list[str] = Field(default_factory=list, description="E.164, best first.")


class Signals(_Answer):
    """A name alone: the shape is in ``struct_schemas``."""


class ItemEvidence(_Answer):
    """A name alone: the shape is in ``struct_schemas``."""


class PersonData(_Answer):
    """What is known of a person, of what was asked for."""

    contact: Contact = Field(default_factory=Contact)
    profile: dict[str, Any] = Field(default_factory=dict)
    signals: Signals = Field(
        default_factory=Signals,
        description="An endpoint of the operator's own may answer another object.",
    )


class OutcomeError(_Answer):
    """Why something was not found, in words that are safe to show."""

    message: str
    retryable: bool = Field(
        description="True when nobody could be asked, so that a later try may find it."
    )


class EnrichmentSyncResponseDto(_Answer):
    """One person, answered at once."""

    data: PersonData
    meta: PublicResponseMetaDto
    error: OutcomeError | None = Field(
        default=None, description="Which fields could not be determined, if any."
    )


class EnrichmentQueuedResponseDto(_Answer):
    """An operation that was accepted and is stored durably."""

    id: str
    operation_id: str = Field(description="The same as id.")
    status: Literal["queued"]
    poll_url: str
    meta: PublicResponseMetaDto


class EnrichedItem(_Answer):
    """One person of an operation."""

    identifier: dict[str, str] = Field(description="As it was given.")
    status: Literal["success", "failed"]
    data: PersonData = Field(default_factory=PersonData)
    error: OutcomeError | None = None
    evidence: ItemEvidence = Field(
        default_factory=ItemEvidence, description="When it was asked for."
    )


class OperationResult(_Answer):
    """What an operation has found."""

    items: list[EnrichedItem] = Field(default_factory=list, description="In the caller's order.")
    data: PersonData = Field(
        default_factory=PersonData, description="Of an operation on a single person."
    )


class OperationResponseDto(_Answer):
    """How far an operation is, and its result once it has ended."""

    id: str
    operation_id: str = Field(description="The same as id.")
    status: Status
    progress: int | None = Field(description="Per cent, 0 to 100; null while queued.")
    result: OperationResult | None
    error: OutcomeError | None


class RememberedField(_Answer):
    """What an earlier look-up would answer."""

    outcome: Literal["found", "absent"]
    as_of: str = Field(description="When it was found out.")


class EstimatedItem(_Answer):
    """One identifier of a body."""

    identifier: dict[str, str] = Field(description="As it was given.")
    canonical: str = Field(description="What is looked up; the same for every spelling.")
    duplicate_of: int | None = Field(description="The place of the first of the same person.")
    remembered: dict[str, RememberedField] = Field(description="By field.")
    max_provider_calls: int


class Estimate(_Answer):
    """What a body would take at most."""

    mode: Literal["sync", "async"]
    persons: int = Field(description="How many different ones there are.")
    max_provider_calls: int
    items: list[EstimatedItem] = Field(description="In the caller's order.")


class EstimateResponse(_Answer):
    """An estimate."""

    data: Estimate
    meta: PublicResponseMetaDto


class PublicValidationErrorItemDto(_Answer):
    """One thing that is wrong with a body."""

    property: str = Field(examples=["identifiers.3.linkedin_url"])
    message: str
    constraints: dict[str, str] = Field(default_factory=dict)


class PublicErrorResponseDto(_Answer):
    """Every error has this shape."""

    status_code: int
    error: str = Field(examples=["Bad Request"])
    message: str
    path: str = Field(examples=["/api/enrichments"])
    request_id: str
    timestamp: str = Field(examples=["2026-11-23T16:15:42.679Z"])
    errors: list[PublicValidationErrorItemDto] = Field(
        default_factory=list, description="All that is wrong with a body, at once."
    )


class Health(_Answer):
    """Whether the service works."""

    status: Literal["ok", "unavailable"]
    checks: dict[str, bool] = Field(
        default_factory=dict, description="What it depends on; for callers with a key."
    )
