"""``signals_config`` of a body: each of it is optional."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict
from pydantic import Field as Constrained
from pydantic_core import PydanticCustomError

from enrich_stream.signals.platforms import KNOWN_NAMES

_Label = Annotated[str, Constrained(min_length=1, max_length=200)]


def _known_platform(name: str) -> str:
    if name.strip().lower() not in KNOWN_NAMES:
        known = ", ".join(sorted(KNOWN_NAMES))
        raise PydanticCustomError("isPlatform", "must be one of {known}", {"known": known})
    return name


_Platform = Annotated[str, AfterValidator(_known_platform)]
_Handle = Annotated[str, Constrained(min_length=1, max_length=2048)]
"""As long as the address of a feed may be."""


class SignalsConfig(BaseModel):
    """What signals to collect, when ``fields`` asks for signals; ``handles`` of one person."""

    model_config = ConfigDict(extra="forbid", strict=True)

    platforms: list[_Platform] = Constrained(default=[], max_length=50)
    max_posts: dict[_Platform, Annotated[int, Constrained(ge=0, le=1000)]] = Constrained(
        default={}, max_length=50
    )
    intent_signals: list[_Label] = Constrained(default=[], max_length=50)
    since_days: Annotated[int, Constrained(ge=1, le=3650)] | None = None
    handles: dict[_Platform, _Handle] = Constrained(default={}, max_length=50)
