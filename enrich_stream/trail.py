"""The trail of a look-up: who was asked, for what, and what came of it. Pure."""

from collections.abc import Iterable

from msgspec.structs import replace

from enrich_stream.person import Outcome
from enrich_stream.records import Asked


def trail_of(asked: Iterable[Asked]) -> tuple[Asked, ...]:
    """Who was asked, in the order in which they answered.

    Of somebody who had the same nothing to say again and again there is one line, for a person may
    be put back many times.
    """
    trail: list[Asked] = []
    for line in asked:
        place = next((i for i, one in enumerate(trail) if _is_repeated(one, line)), None)
        if place is None:
            trail.append(line)
        else:
            trail[place] = _together(trail[place], line)
    return tuple(trail)


def _is_repeated(one: Asked, other: Asked) -> bool:
    same = replace(one, milliseconds=other.milliseconds, cost=other.cost, times=other.times)
    return same == other and set(one.outcomes.values()) == {Outcome.UNKNOWN.value}


def _together(one: Asked, other: Asked) -> Asked:
    return replace(
        other,
        milliseconds=one.milliseconds + other.milliseconds,
        cost=one.cost + other.cost,
        times=one.times + other.times,
    )
