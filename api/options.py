"""``options`` of a body: each is optional, and a fault says how to mend it."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict
from pydantic import Field as Constrained
from pydantic_core import PydanticCustomError

from enrich_stream.providers.registry import provider_names
from enrich_stream.records import NO_OPTIONS, JobOptions

OWN_RULES = frozenset({"isIn", "arrayUnique"})
"""Constraints whose messages are written here, as the caller is to read them."""

_TEN_YEARS_SECONDS = 10 * 365 * 86_400


def _known(name: str) -> str:
    names = provider_names()
    if name not in names:
        text = f"each of providers must be one of {', '.join(names)}"
        raise PydanticCustomError("isIn", text)
    return name


def _each_once(names: list[str]) -> list[str]:
    if len(set(names)) < len(names):
        raise PydanticCustomError("arrayUnique", "each of providers must be named once")
    return names


class Options(BaseModel):
    """What may be asked for besides the fields.

    Attributes:
        max_age_seconds: An answer of an earlier look-up stands when it was no older than this at
            the acceptance of the request; 0 asks again. Never longer than the service keeps them.
        max_provider_calls: How often providers may be asked for the whole request; whoever is
            not asked about for that reason ends as unknown, with that reason.
        providers: Who may be asked, in this order.
        include: ``evidence`` shows with each answer where its values are from and who was asked.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    max_age_seconds: Annotated[int, Constrained(ge=0, le=_TEN_YEARS_SECONDS)] | None = None
    max_provider_calls: Annotated[int, Constrained(ge=0, le=1_000_000)] | None = None
    providers: (
        Annotated[
            list[Annotated[str, AfterValidator(_known)]],
            Constrained(min_length=1, max_length=50),
            AfterValidator(_each_once),
        ]
        | None
    ) = None
    include: Annotated[list[Literal["evidence"]], Constrained(max_length=10)] | None = None


def job_options(given: object) -> JobOptions:
    """The options of a body without faults, as they travel with the job."""
    if given is None:
        return NO_OPTIONS
    options = Options.model_validate(given)
    return JobOptions(
        max_age_seconds=options.max_age_seconds,
        max_provider_calls=options.max_provider_calls,
        providers=tuple(options.providers or ()),
        include=_sorted_once(options.include or ()),
    )


def _sorted_once(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))
