"""One run: everything started, used, broken, and judged."""

import asyncio
import random
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from enrich_stream.app import APP_ID
from enrich_stream.broker.properties import Detour
from enrich_stream.broker.server import Broker
from enrich_stream.chaos.disks import differences
from enrich_stream.chaos.faults import Targets, strike
from enrich_stream.chaos.installation import Installation
from enrich_stream.chaos.ledger import Evidence, Verdict, judge
from enrich_stream.chaos.network import Network
from enrich_stream.chaos.orders import draw_orders
from enrich_stream.chaos.people import traces
from enrich_stream.chaos.plan import KILLS, Step
from enrich_stream.chaos.poison import Poisoner
from enrich_stream.chaos.provider import CountingProvider
from enrich_stream.chaos.reader import origin_of, read_all, until_consumed
from enrich_stream.chaos.submitters import Submitters
from enrich_stream.stack import Stack
from enrich_stream.topic_admin import apply_topics, delete_topics
from enrich_stream.topics import Topics, load_topics

_FRONT_DOORS = 2
_ITEM_CONCURRENCY = 40
_SYNC_CONCURRENCY = 10
_STEP_SECONDS = 150.0
_QUIET_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """What a run consists of.

    Attributes:
        seed: Draws orders, answers and poison.
        jobs: How many orders.
        items: How many persons are in a batch.
        workers: How many there are at the beginning.
        plan: What is done, in order, spread over the orders.
        session_seconds: The workers' session timeout.
        slowest_seconds: Of the provider.
        in_flight: How many orders are under way at once.
    """

    seed: int
    jobs: int
    items: int
    workers: int
    plan: Sequence[Step]
    session_seconds: float = 6.0
    slowest_seconds: float = 0.3
    in_flight: int = 24


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run takes place.

    Attributes:
        broker: The Kafka.
        prefix: Of the topics and the consumer group, which are this run's own.
        home: For data and logs of the processes.
        detour: A second way to the broker, for the first worker; None: there is none.
    """

    broker: Broker
    prefix: str
    home: Path
    detour: Detour | None

    @property
    def topics(self) -> Topics:
        """The topics of this run."""
        return load_topics(prefix=self.prefix)


async def run(scenario: Scenario, place: Place, say: Callable[[str], None]) -> Verdict:
    """Start, use, break, and judge."""
    await apply_topics(place.broker.bootstrap_servers, place.topics)
    try:
        return await _run(scenario, place, say)
    finally:
        if not place.broker.is_ours:  # the others are thrown away as a whole
            await delete_topics(place.broker.bootstrap_servers, place.topics)


async def _run(scenario: Scenario, place: Place, say: Callable[[str], None]) -> Verdict:
    draw = random.Random(scenario.seed)  # noqa: S311 - to be had again
    async with AsyncExitStack() as stack:
        provider = await stack.enter_async_context(
            CountingProvider(scenario.slowest_seconds, random.Random(draw.random()))  # noqa: S311 - the same
        )
        environ = _environ(scenario, place, provider)
        network, detour = await _open_detour(stack, place.detour)
        processes = Stack(place.home, place.broker.bootstrap_servers, environ)
        stack.push_async_callback(asyncio.to_thread, processes.stop)
        installation = Installation(processes, detour)
        installation.start(scenario.workers, _FRONT_DOORS)
        supervising = asyncio.create_task(installation.supervise())
        stack.callback(supervising.cancel)
        await installation.until_ready()
        poisoner = Poisoner(place.broker.bootstrap_servers, place.topics, draw, set())
        submitters = await stack.enter_async_context(
            Submitters(
                installation.urls,
                draw_orders(scenario.seed, scenario.jobs, scenario.items),
                draw,
                scenario.in_flight,
            )
        )
        targets = Targets(installation, place.broker, poisoner, network)
        try:
            await _use_and_break(scenario, submitters, targets, say)
        except TimeoutError:
            submitters.troubles.append(f"nothing went on for {_STEP_SECONDS:.0f} s")
        say("asking every front door for every job once more")
        evidence = await _gather(scenario, place, targets, submitters, provider)
        supervising.cancel()
        return judge(evidence)


async def _open_detour(
    stack: AsyncExitStack, detour: Detour | None
) -> tuple[Network | None, dict[str, str]]:
    """The network to be disturbed, and the environment of the worker that goes through it."""
    if detour is None:
        return None, {}
    network = await stack.enter_async_context(Network(detour.advertised_port, detour.port))
    return network, {"KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{detour.advertised_port}"}


async def _use_and_break(
    scenario: Scenario, submitters: Submitters, targets: Targets, say: Callable[[str], None]
) -> None:
    started = time.monotonic()
    using = asyncio.create_task(submitters.run())
    share = scenario.jobs / (len(scenario.plan) + 1)
    try:
        for number, step in enumerate(scenario.plan, start=1):
            await submitters.admit(round(share * (number + 1)))
            await _in_time(using, submitters.until_ended(round(share * (number - 0.5))))
            answered = len(submitters.told)
            say(f"{time.monotonic() - started:6.1f} s  {answered:5} orders answered  {step}")
            if targets.can(step.fault):
                await strike(step, targets)
            else:
                say("          left out: this cluster is not ours to disturb")
        await submitters.admit(scenario.jobs)
        await _in_time(using, submitters.until_ended(scenario.jobs))
        await using
    finally:
        using.cancel()
        with suppress(asyncio.CancelledError):
            await using


async def _in_time(using: "asyncio.Task[None]", progress: Coroutine[Any, Any, None]) -> None:
    waiting = asyncio.create_task(progress)
    await asyncio.wait({using, waiting}, timeout=_STEP_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    if using.done():
        using.result()
    if not waiting.done():
        waiting.cancel()
        raise TimeoutError


async def _gather(
    scenario: Scenario,
    place: Place,
    targets: Targets,
    submitters: Submitters,
    provider: CountingProvider,
) -> Evidence:
    servers, topics = place.broker.bootstrap_servers, place.topics
    installation = targets.installation
    await installation.until_ready()
    group = f"{place.prefix}{APP_ID}"
    # Before the rescaling: a rebalance might set going again what was stuck.
    behind = await until_consumed(servers, group, topics, _QUIET_SECONDS)
    await installation.scale(1)
    await targets.poisoner.knock()
    behind += await until_consumed(servers, group, topics, _QUIET_SECONDS)
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
        calls_again=_kills(scenario) * (_ITEM_CONCURRENCY + _SYNC_CONCURRENCY),
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


def _kills(scenario: Scenario) -> int:
    return sum(KILLS.get(step.fault, 0) for step in scenario.plan)


def _environ(scenario: Scenario, place: Place, provider: CountingProvider) -> dict[str, str]:
    return {
        "KAFKA_TOPIC_PREFIX": place.prefix,
        "ENRICH_ENDPOINT_URL": provider.url,
        "ENRICH_SESSION_TIMEOUT_SECONDS": str(scenario.session_seconds),
        "ENRICH_ITEM_CONCURRENCY": str(_ITEM_CONCURRENCY),
        "ENRICH_SYNC_CONCURRENCY": str(_SYNC_CONCURRENCY),
    }
