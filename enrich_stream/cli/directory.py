"""``enrich-stream directory``: look at the operator's records before they are used."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from enrich_stream.errors import InputError
from enrich_stream.providers.directory.build import problems
from enrich_stream.providers.directory.loading import reason_of
from enrich_stream.providers.directory.store import LoadReport

CLEAN, WITH_PROBLEMS, UNUSABLE = 0, 1, 2

directory_app = typer.Typer(help="Look after the operator's own records.", no_args_is_help=True)


@directory_app.callback()
def directory() -> None:
    """Look after the operator's own records."""


@directory_app.command()
def check(
    file: Annotated[Path, typer.Argument(help="The records, .csv or .jsonl.")],
    phone_region: Annotated[
        str,
        typer.Option(
            envvar="ENRICH_DIRECTORY_PHONE_REGION",
            help="Country of phones that do not say theirs, for example US.",
        ),
    ] = "US",
) -> None:
    """Print every row and value that could not be used, by line and without the data itself.

    Ends with 0 when there are none, 1 when there are some, 2 when the file cannot be used at all.
    """
    report = LoadReport()
    try:
        _print_problems(file, phone_region, report)
    except InputError as error:
        typer.echo(f"{file}: {error}", err=True)
        raise typer.Exit(UNUSABLE) from None
    except OSError as error:
        typer.echo(reason_of(error), err=True)
        raise typer.Exit(UNUSABLE) from None
    typer.echo(
        f"{report.rows} rows: {report.people} people, {report.skipped} rows skipped,"
        f" {report.left_out} values left out"
    )
    raise typer.Exit(WITH_PROBLEMS if report.skipped or report.left_out else CLEAN)


def _print_problems(file: Path, phone_region: str, report: LoadReport) -> None:
    with tempfile.TemporaryDirectory(prefix="enrich-stream-") as folder:
        for problem in problems(file, Path(folder) / "check.sqlite", phone_region, report):
            kind = "row skipped" if problem.skipped else "value left out"
            typer.echo(f"line {problem.line}: {kind}: {problem.reason}")
