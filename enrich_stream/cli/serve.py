"""``enrich-stream api`` and ``enrich-stream worker``: the two parts an operator runs."""

from typing import Annotated

import typer

from enrich_stream.cli.running import serve


def api(
    *,
    host: Annotated[str | None, typer.Option(help="Instead of ENRICH_API_HOST.")] = None,
    port: Annotated[int | None, typer.Option(help="Instead of ENRICH_API_PORT.")] = None,
    rebuild: Annotated[
        bool,
        typer.Option("--rebuild", help="Replace the local copy of the jobs by what Kafka has."),
    ] = False,
) -> None:
    """Run a front door: accept requests, show jobs."""
    # Imported here, so that a worker does not load the front door and the other way round.
    from api.server import run_api  # noqa: PLC0415

    serve(lambda settings: run_api(settings, host=host, port=port, rebuild=rebuild))


def worker(
    *,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Replace the local tables by what Kafka has.")
    ] = False,
) -> None:
    """Run a worker: look people up, keep the state of jobs."""
    from enrich_stream.worker import run_worker  # noqa: PLC0415

    serve(lambda settings: run_worker(settings, rebuild=rebuild))
