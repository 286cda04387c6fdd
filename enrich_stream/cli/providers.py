"""``enrich-stream providers``: see whether the providers work before people are looked up."""

import asyncio
import logging
from collections.abc import Sequence

import typer
from rich.console import Console
from rich.table import Table

from enrich_stream.cli.running import errors_as_one_line
from enrich_stream.logs import set_up_logging
from enrich_stream.providers.checking import Checked, check_providers
from enrich_stream.providers.clients import HttpClients
from enrich_stream.providers.registry import connectors_off, make_providers
from enrich_stream.settings import Settings, load_settings

ALL_WORK, SOME_DO_NOT, NONE_ARE_ON = 0, 1, 2

SECONDS = 15.0
"""How long one provider may take."""

providers_app = typer.Typer(help="Look after the providers.", no_args_is_help=True)


@providers_app.callback()
def providers() -> None:
    """Look after the providers."""


@providers_app.command()
def check() -> None:
    """Ask each provider that is on one harmless question, and print what works.

    Ends with 0 when all of them do, 1 when some do not, 2 when none is on.
    """
    with errors_as_one_line():
        settings = load_settings()
        set_up_logging(settings)
        # What it would tell stands in the table.
        logging.getLogger("enrich_stream").setLevel(logging.CRITICAL)
        checked = asyncio.run(_check(settings))
    Console().print(_table(checked, connectors_off(settings)))
    if not checked:
        raise typer.Exit(NONE_ARE_ON)
    raise typer.Exit(SOME_DO_NOT if any(one.problem for one in checked) else ALL_WORK)


async def _check(settings: Settings) -> list[Checked]:
    clients = HttpClients(settings)
    try:
        return await check_providers(make_providers(settings, clients), SECONDS)
    finally:
        await clients.close()


def _table(checked: Sequence[Checked], off: dict[str, str]) -> Table:
    table = Table("provider", "state", "why", "ms", highlight=False)
    table.columns[3].justify = "right"
    for one in checked:
        state = "[red]does not work[/]" if one.problem else "[green]works[/]"
        table.add_row(one.provider, state, one.problem, str(one.milliseconds))
    for name, reason in off.items():
        table.add_row(name, "off", reason, "")
    return table
