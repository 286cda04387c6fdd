"""One run: everything started, used, broken, and judged."""

import asyncio
import random
import time
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from typing import Any

from enrich_stream.broker.properties import Detour
from enrich_stream.chaos.evidence import gather
from enrich_stream.chaos.faults import Targets, strike
from enrich_stream.chaos.installation import Installation
from enrich_stream.chaos.ledger import Verdict, judge
from enrich_stream.chaos.network import Network
from enrich_stream.chaos.orders import draw_orders
from enrich_stream.chaos.poison import Poisoner
from enrich_stream.chaos.provider import CountingProvider
from enrich_stream.chaos.scenario import Place, Scenario
from enrich_stream.chaos.submitters import Submitters
from enrich_stream.stack import Stack
from enrich_stream.topic_admin import apply_topics, delete_topics

_FRONT_DOORS = 2
_STEP_SECONDS = 150.0


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
        targets = await _start(scenario, place, provider, draw, stack)
        submitters = await stack.enter_async_context(
            Submitters(
                targets.installation.urls,
                draw_orders(scenario.seed, scenario.jobs, scenario.items),
                draw,
                scenario.in_flight,
            )
        )
        try:
            await _use_and_break(scenario, submitters, targets, say)
        except TimeoutError:
            submitters.troubles.append(f"nothing went on for {_STEP_SECONDS:.0f} s")
        say("asking every front door for every job once more")
        return judge(await gather(scenario, place, targets, submitters, provider))


async def _start(
    scenario: Scenario,
    place: Place,
    provider: CountingProvider,
    draw: random.Random,
    stack: AsyncExitStack,
) -> Targets:
    """Start all processes, which end with the stack, and those who disturb them."""
    network, detour = await _open_detour(stack, place.detour)
    servers = place.broker.bootstrap_servers
    environ = {"KAFKA_TOPIC_PREFIX": place.prefix, **scenario.environ(provider.url)}
    processes = Stack(place.home, servers, environ)
    stack.push_async_callback(asyncio.to_thread, processes.stop)
    installation = Installation(processes, detour)
    installation.start(scenario.workers, _FRONT_DOORS)
    stack.callback(asyncio.create_task(installation.supervise()).cancel)
    await installation.until_ready()
    poisoner = Poisoner(servers, place.topics, draw, set())
    return Targets(installation, place.broker, poisoner, network)


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
