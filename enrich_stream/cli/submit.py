"""``enrich-stream submit FILE``: a file of people in, the same file enriched out."""

import asyncio
import traceback
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from enrich_stream.cli.submit_display import print_summary, show_progress
from enrich_stream.errors import EnrichStreamError, InputError
from enrich_stream.submit import Submission, Summary, parse_fields, submit_people
from enrich_stream.submit.columns import parse_column_choice
from enrich_stream.submit.people_file import STDIN, open_people

_INTERRUPTED = 130


def submit(
    file: Annotated[
        Path, typer.Argument(help="CSV or JSON Lines of people; - for standard input.")
    ],
    *,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="A .csv, .tsv or .jsonl file. [<file>.enriched.*]"),
    ] = None,
    fields: Annotated[
        str, typer.Option(help="What to ask: contact.email, contact.phone, profile, signals.")
    ] = "contact.email,contact.phone",
    column: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=KIND",
            help="Which column names people, and how (linkedin_url, email, github_username, "
            "x_handle); then no other column is looked at. May be repeated.",
        ),
    ] = None,
    url: Annotated[
        str, typer.Option(envvar="ENRICH_URL", help="The service.")
    ] = "http://127.0.0.1:8000",
    access_key: Annotated[
        str, typer.Option(envvar="ENRICH_ACCESS_KEY", hidden=True, show_default=False)
    ] = "",
    secret_key: Annotated[
        str, typer.Option(envvar="ENRICH_SECRET_KEY", hidden=True, show_default=False)
    ] = "",
    in_flight: Annotated[
        int, typer.Option(min=1, max=64, help="Batches of 100 with the service at once.")
    ] = 8,
    patience: Annotated[
        float, typer.Option(min=0, help="Seconds without any answer before the run gives up.")
    ] = 300.0,
    restart: Annotated[
        bool,
        typer.Option("--restart", help="Ask everything again and replace the output."),
    ] = False,
) -> None:
    """Enrich a CSV or JSON Lines file of people.

    People are recognised by columns such as "LinkedIn URL", "Email", "GitHub" or "Twitter"; a row
    with several is asked about by the first of LinkedIn, e-mail, GitHub, X. All columns are
    carried through; status, emails, phones and error are added. After Ctrl-C or a failure the
    same command goes on where it stopped, and asks nothing twice.
    """
    again = f"the same command{' without --restart' if restart else ''} again"
    try:
        submission = Submission(
            source=file,
            output=output,
            url=url,
            fields=parse_fields(fields),
            columns=dict(parse_column_choice(choice) for choice in column or ()),
            access_key=access_key.strip(),
            secret_key=secret_key.strip(),
            in_flight=in_flight,
            patience_seconds=patience,
            restart=restart,
        )
        print_summary(Console(), _run(submission))
    except KeyboardInterrupt:
        _stop(f"stopped; run {again} to continue", _INTERRUPTED)
    except InputError as error:
        _stop(f"error: {error}")
    except EnrichStreamError as error:
        _stop(f"error: {error}; what is done is saved, run {again} to continue")
    except OSError as error:
        where = error.filename or "reading or writing"
        _stop(f"error: {where}: {error.strerror}; run {again} to continue")
    except Exception as defect:  # noqa: BLE001 - a traceback could show people
        _stop(f"error: a defect in enrich-stream, please report it: {_place_of(defect)}")


def _run(submission: Submission) -> Summary:
    if submission.source == STDIN and submission.output is None:
        raise InputError("with standard input, --output must say where to write")
    # Standard input is read before the event loop starts: there Ctrl-C could not stop it.
    with open_people(submission.source) as people, show_progress(Console(stderr=True)) as watch:
        return asyncio.run(submit_people(people, submission, watch))


def _place_of(defect: Exception) -> str:
    frame = traceback.extract_tb(defect.__traceback__)[-1]
    return f"{type(defect).__name__} at {Path(frame.filename).name}:{frame.lineno}"


def _stop(message: str, code: int = 1) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(code)
