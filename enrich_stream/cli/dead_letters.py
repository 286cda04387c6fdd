"""``enrich-stream dead-letters``: what could not be handled, sent back or done with."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Annotated

import typer

from enrich_stream.cli.dead_letters_display import print_letter, print_table, summary
from enrich_stream.cli.running import errors_as_one_line
from enrich_stream.dead_letters.box import DeadLetterBox, open_box
from enrich_stream.dead_letters.letter import DeadLetter
from enrich_stream.errors import InputError
from enrich_stream.settings import load_settings
from enrich_stream.topics import topics_for

dead_letters_app = typer.Typer(
    name="dead-letters",
    help="Look at the records that could not be handled; send them back, or be done with them.",
    no_args_is_help=True,
)

Ids = Annotated[list[str] | None, typer.Argument(help="As listed, for example 3/17.")]
All = Annotated[bool, typer.Option("--all", help="All that were not dealt with.")]
Reason = Annotated[str, typer.Option(help="Of these only those whose reason has this in it.")]


@dead_letters_app.command("list")
def show_list(
    *,
    reason: Reason = "",
    handled: Annotated[
        bool, typer.Option("--handled", help="Also those that were dealt with.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """List what lies there, oldest first; nothing of the records themselves."""

    async def work(box: DeadLetterBox) -> None:
        marks = await box.handled()
        found = [
            summary(letter, marks.mark(letter))
            async for letter in box.letters()
            if reason in letter.reason and (handled or marks.mark(letter) is None)
        ]
        found.sort(key=lambda row: row["put_aside_at"])
        if as_json:
            for row in found:
                typer.echo(json.dumps(row))
        else:
            print_table(found)

    _run(work)


@dead_letters_app.command()
def show(
    letter_id: Annotated[str, typer.Argument(metavar="ID", help="As listed, for example 3/17.")],
    *,
    reveal: Annotated[
        bool,
        typer.Option("--reveal", help="Key, headers and value too: they may be personal data."),
    ] = False,
) -> None:
    """Show one, without the record's own content unless that is asked for."""

    async def work(box: DeadLetterBox) -> None:
        marks = await box.handled()
        letter = await box.letter(letter_id)
        print_letter(letter, marks.mark(letter), reveal=reveal)

    _run(work)


@dead_letters_app.command()
def replay(ids: Ids = None, *, every: All = False, reason: Reason = "") -> None:
    """Send records back to where they were found, once what was wrong is mended."""
    _for_each(ids, DeadLetterBox.replay, "sent back", every=every, reason=reason)


@dead_letters_app.command()
def drop(ids: Ids = None, *, every: All = False, reason: Reason = "") -> None:
    """Be done with records; until their retention they are still in list --handled."""
    _for_each(ids, DeadLetterBox.drop, "dropped", every=every, reason=reason)


def _for_each(
    ids: list[str] | None,
    deal_with: Callable[[DeadLetterBox, DeadLetter], Awaitable[None]],
    done: str,
    *,
    every: bool,
    reason: str,
) -> None:
    async def work(box: DeadLetterBox) -> None:
        if every == bool(ids):
            raise InputError("name the ids, or say --all")
        async for letter in _open_letters(box) if every else _named_letters(box, ids or ()):
            if reason in letter.reason:
                await deal_with(box, letter)
                typer.echo(f"{letter.id} {done}")

    _run(work)


async def _open_letters(box: DeadLetterBox) -> AsyncIterator[DeadLetter]:
    marks = await box.handled()
    async for letter in box.letters():
        if marks.mark(letter) is None:
            yield letter


async def _named_letters(box: DeadLetterBox, ids: Iterable[str]) -> AsyncIterator[DeadLetter]:
    for letter_id in ids:
        yield await box.letter(letter_id)


def _run(work: Callable[[DeadLetterBox], Awaitable[None]]) -> None:
    # Its own complaints about a cluster that does not answer would stand beside ours.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)

    async def with_box() -> None:
        settings = load_settings()
        async with open_box(settings.kafka_bootstrap_servers, topics_for(settings)) as box:
            await work(box)

    with errors_as_one_line():
        asyncio.run(with_box())
