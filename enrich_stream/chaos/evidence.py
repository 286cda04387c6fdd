"""What is known at the end of a run, from everybody who saw something of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from enrich_stream.chaos.disks import differences
from enrich_stream.chaos.faults import Targets
from enrich_stream.chaos.installation import Installation
from enrich_stream.chaos.orders import Order
from enrich_stream.chaos.people import traces
from enrich_stream.chaos.provider import CountingProvider
from enrich_stream.chaos.reader import Origin, origin_of, read_all, until_consumed
from enrich_stream.chaos.scenario import Place, Scenario
from enrich_stream.chaos.submitters import Submitters, Told

_QUIET_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that was seen in a run.

    Attributes:
        orders: What was to be submitted.
        front_doors: Their names; each was asked for every job at the end.
        accepted: By job id.
        told: By order, every last word about it.
        calls: How often each person was asked for at the provider.
        contacts: The output topic: key and content of each record.
        buried: Where the records lie that nobody can understand.
        dead_letters: Where the records lay that were buried.
        behind: What the workers had not consumed when everything should have been.
        unlike_kafka: Rows of the last worker's disk that differ from what Kafka has.
        leaks: By log file, what it tells of the people; nobody else may read that.
        troubles: Whatever else a user or an operator would complain about.
        calls_again: How many calls may have been made in vain.
    """

    orders: Sequence[Order]
    front_doors: Sequence[str]
    accepted: Mapping[str, Order]
    told: Mapping[int, Sequence[Told]]
    calls: Mapping[str, int]
    contacts: Iterable[tuple[bytes | None, Mapping[str, Any]]]
    buried: set[Origin]
    dead_letters: set[Origin]
    behind: Sequence[Origin]
    unlike_kafka: Sequence[str]
    leaks: Mapping[str, set[str]]
    troubles: Sequence[str]
    calls_again: int


async def gather(
    scenario: Scenario,
    place: Place,
    targets: Targets,
    submitters: Submitters,
    provider: CountingProvider,
) -> Evidence:
    """Ask everybody once more, and look into every corner."""
    servers, topics = place.broker.bootstrap_servers, place.topics
    installation = targets.installation
    await installation.until_ready()
    # Before the rescaling: a rebalance might set going again what was stuck.
    behind = await until_consumed(servers, place.group, topics, _QUIET_SECONDS)
    await installation.scale(1)
    await targets.poisoner.knock()
    behind += await until_consumed(servers, place.group, topics, _QUIET_SECONDS)
    await submitters.ask_everywhere()
    (last,) = installation.workers
    await installation.stop(last)
    return Evidence(
        orders=submitters.orders,
        front_doors=sorted(installation.ports),
        accepted=submitters.accepted,
        told=submitters.told,
        calls=provider.calls,
        contacts=[
            (record.key, msgspec.json.decode(record.value))
            async for record in read_all(servers, topics.contacts)
            if _is_contact(record.value)
        ],
        buried=targets.poisoner.buried,
        dead_letters={origin_of(record) async for record in read_all(servers, topics.dead_letters)},
        behind=behind,
        unlike_kafka=await differences(servers, topics, place.home / last),
        leaks={
            log.name: told
            for log in (place.home / "logs").iterdir()
            if (told := traces(log.read_text(errors="replace")))
        },
        troubles=[*submitters.troubles, *_complaints(installation)],
        calls_again=scenario.calls_again,
    )


def _is_contact(value: bytes | None) -> bool:
    try:
        return value is not None and "identifier" in msgspec.json.decode(value, type=dict)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False


def _complaints(installation: Installation) -> list[str]:
    gave_up = [f"{e.name} ended by itself with {e.code}: {e.said}" for e in installation.ended]
    bad = [f"{e.name} stopped with {e.code}: {e.said}" for e in installation.badly_stopped]
    return [*gave_up, *bad]
