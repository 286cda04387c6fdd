"""How a command runs: settings read, logging set up, errors as one line, and never a traceback."""

import asyncio
import gc
import logging
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import typer
import uvloop

from enrich_stream.errors import EnrichStreamError
from enrich_stream.logs import set_up_logging
from enrich_stream.settings import Settings, load_settings

_T = TypeVar("_T")

GARBAGE_THRESHOLD = 5_000
"""New objects between two looks for garbage; Python's 700 are soon used up by one batch."""


@contextmanager
def errors_as_one_line() -> Iterator[None]:
    """End the command with exit code 1 and one line on stderr when it fails on purpose."""
    try:
        yield
    except EnrichStreamError as error:
        typer.echo(f"enrich-stream: {error}", err=True)
        raise typer.Exit(1) from None


def ask_kafka(work: Coroutine[Any, Any, _T]) -> _T:
    """Do work that ends; what went wrong on purpose becomes one line and exit code 1."""
    # Its own complaints about a cluster that does not answer would stand beside ours.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    with errors_as_one_line():
        return asyncio.run(work)


def serve(run: Callable[[Settings], Coroutine[Any, Any, None]]) -> None:
    """Run a long-lived part of the service until it is told to stop."""
    with errors_as_one_line():
        settings = load_settings()
        set_up_logging(settings)
        # What is loaded by now stays, and need not be looked through again and again.
        gc.freeze()
        gc.set_threshold(GARBAGE_THRESHOLD)
        # Also for the loops that the engine makes for threads of its own.
        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
        with asyncio.Runner() as runner:
            runner.run(run(settings))
