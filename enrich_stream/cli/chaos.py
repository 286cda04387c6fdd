"""``enrich-stream chaos``: break the service on purpose and see whether it keeps its promises."""

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from enrich_stream.broker.choose import start_broker
from enrich_stream.broker.ports import free_port
from enrich_stream.broker.properties import Detour
from enrich_stream.chaos.ledger import Verdict
from enrich_stream.chaos.plan import Dose, Fault, draw_plan
from enrich_stream.chaos.run import Place, Scenario, run
from enrich_stream.cli.running import errors_as_one_line
from enrich_stream.stack import interruptible

BROKEN = 2
INTERRUPTED = 130
_SHOWN = 20
_SESSION_SECONDS = 6.0


def chaos(
    *,
    seed: Annotated[int, typer.Option(help="Of the first round; the next takes the next.")] = 1,
    rounds: Annotated[int, typer.Option(min=1, help="How many runs, one after the other.")] = 1,
    jobs: Annotated[int, typer.Option(min=1)] = 1_000,
    items: Annotated[int, typer.Option(min=1, max=100, help="Persons in a batch.")] = 20,
    kills: Annotated[int, typer.Option(min=0, help="Workers to kill -9.")] = 10,
    wipes: Annotated[int, typer.Option(min=0, help="Workers to kill -9 and wipe.")] = 3,
    keep: Annotated[
        Path | None, typer.Option(help="A new directory for the logs and data of the processes.")
    ] = None,
) -> None:
    """Kill, wipe, freeze, cut off, rescale and poison a service of its own, and judge it.

    Starts a Kafka (or uses KAFKA_BOOTSTRAP_SERVERS, under a topic prefix of its own, without
    disturbing the brokers), workers, front doors and a provider that counts its calls. Exit code
    0: every promise was kept, 2: it was not, and what was broken is printed.
    """
    console = Console(highlight=False, soft_wrap=True)
    with errors_as_one_line(), interruptible():
        try:
            held = [
                _one_round(_scenario(number, jobs, items, _dose(kills, wipes)), keep, console)
                for number in range(seed, seed + rounds)
            ]
        except KeyboardInterrupt:
            console.print("Stopped; nothing was judged.")
            raise typer.Exit(INTERRUPTED) from None
    if not all(held):
        raise typer.Exit(BROKEN)


def _scenario(seed: int, jobs: int, items: int, dose: Dose) -> Scenario:
    plan = draw_plan(seed, dose, _SESSION_SECONDS)
    return Scenario(seed, jobs, items, dose.scales[0], plan, session_seconds=_SESSION_SECONDS)


def _dose(kills: int, wipes: int) -> Dose:
    return Dose(
        {
            Fault.KILL_WORKER: max(0, kills - 4),
            Fault.KILL_TWICE: 2 if kills else 0,
            Fault.WIPE_WORKER: wipes,
            Fault.STOP_WORKER: 2,
            Fault.FREEZE_WORKER: 1,
            Fault.CUT_NETWORK: 1,
            Fault.SLOW_NETWORK: 1,
            Fault.FLAP_NETWORK: 1,
            Fault.WIPE_FRONT_DOOR: 1,
            Fault.KILL_FRONT_DOOR: 1,
            Fault.RESTART_BROKER: 1,
            Fault.KILL_BROKER: 1,
            Fault.POISON: 1,
        },
        scales=(1, 3, 1, 4),
    )


def _one_round(scenario: Scenario, keep: Path | None, console: Console) -> bool:
    """Whether every promise was kept."""
    prefix = f"chaos-{scenario.seed}-{int(time.time())}-"
    detour = Detour(port=free_port(), advertised_port=free_port())
    console.print(
        f"[bold]seed {scenario.seed}[/bold]: {scenario.jobs} jobs of {scenario.items},"
        f" {len(scenario.plan)} steps"
    )
    with tempfile.TemporaryDirectory(prefix="enrich-stream-chaos-") as temporary:
        home = keep / str(scenario.seed) if keep else Path(temporary)
        with start_broker(say=console.print, detour=detour) as broker:
            place = Place(broker, prefix, home, detour if broker.is_ours else None)
            verdict = asyncio.run(run(scenario, place, console.print))
    _print(console, verdict)
    return verdict.holds


def _print(console: Console, verdict: Verdict) -> None:
    for what, faults in {
        "lost": verdict.lost,
        "wrong": verdict.wrong,
        "stuck": verdict.stuck,
    }.items():
        for fault in faults[:_SHOWN]:
            console.print(f"  {what}: {fault}", markup=False)
    console.print(
        f"{len(verdict.lost)} lost, {len(verdict.wrong)} wrong, {len(verdict.stuck)} stuck"
        f" of {verdict.items} items; {verdict.paid_again} provider calls made again"
        f" ({verdict.calls_again} allowed)"
    )
