"""The ``enrich-stream`` command."""

import typer

from enrich_stream.cli.chaos import chaos
from enrich_stream.cli.demo import demo
from enrich_stream.cli.dev import dev
from enrich_stream.cli.directory import directory_app
from enrich_stream.cli.keys import keys_app
from enrich_stream.cli.providers import providers_app
from enrich_stream.cli.serve import api, worker
from enrich_stream.cli.submit import submit
from enrich_stream.cli.topics import topics_app

app = typer.Typer(
    help="Contact enrichment that a company runs itself.",
    no_args_is_help=True,
    # A traceback is for developers, and may show personal data in its variables.
    pretty_exceptions_enable=False,
)
app.command()(dev)
app.command()(demo)
app.command()(api)
app.command()(worker)
app.command()(submit)
app.command()(chaos)
app.add_typer(topics_app, name="topics")
app.add_typer(keys_app, name="keys")
app.add_typer(directory_app, name="directory")
app.add_typer(providers_app, name="providers")
