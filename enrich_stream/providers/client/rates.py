"""How often a provider may be called: the notation of the settings, and what it means.

``15/s 500/min, verifier: 10/s 300/min`` allows 15 calls in any second and 500 in any minute of
each endpoint, and less of the endpoint ``verifier``. All windows of an endpoint hold together.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

EVERY_ENDPOINT = ""
"""The name under which the rates of all endpoints stand that are not named themselves."""

_SECONDS = {"s": 1, "min": 60, "h": 3600, "day": 86_400}
_RATE = re.compile(r"([1-9][0-9]{0,8})/(s|min|h|day)")
_PART = re.compile(r"(?:\s*([a-z][a-z0-9_-]*)\s*:)?\s*(\S.*?)\s*")


@dataclass(frozen=True, slots=True)
class Rate:
    """At most so many calls within any period of so many seconds."""

    limit: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Calls of one kind to one provider, which share its limits.

    Attributes:
        name: As it stands in settings and log lines.
        rates: All of them hold together; none means that nothing is limited here.
    """

    name: str
    rates: tuple[Rate, ...] = ()


def parse_limits(text: str) -> Mapping[str, tuple[Rate, ...]]:
    """The rates by the endpoint's name; ``ValueError`` tells what is expected."""
    limits: dict[str, tuple[Rate, ...]] = {}
    for part in filter(str.strip, text.split(",")):
        match = _PART.fullmatch(part)
        rates = [_RATE.fullmatch(word) for word in match[2].split()] if match else [None]
        if not match or None in rates:
            raise ValueError("must be limits like '15/s 500/min' or '100/min, verifier: 10/s'")
        limits[match[1] or EVERY_ENDPOINT] = tuple(
            Rate(int(rate[1]), _SECONDS[rate[2]]) for rate in rates if rate
        )
    return limits


def endpoint(name: str, limits: str) -> Endpoint:
    """The endpoint of that name under limits in the notation above."""
    parsed = parse_limits(limits)
    return Endpoint(name, parsed.get(name, parsed.get(EVERY_ENDPOINT, ())))
