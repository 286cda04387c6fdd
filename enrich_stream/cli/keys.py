"""``enrich-stream keys``: who may use the front door."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from enrich_stream import access_keys
from enrich_stream.access_keys import AccessKey, create_key, create_signing_key
from enrich_stream.cli.running import ask_kafka
from enrich_stream.errors import InputError
from enrich_stream.key_ring import KeyRing, key_consumer, write_key
from enrich_stream.settings import load_settings
from enrich_stream.topic_admin import check_topics
from enrich_stream.topics import topics_for

_WIDTHS = (29, 16, 7, 9, 24, 24, 1)

keys_app = typer.Typer(
    name="keys",
    help="Make, show and withdraw the access keys of the front door.",
    no_args_is_help=True,
)


@keys_app.command()
def create(
    organisation: Annotated[
        str, typer.Option(help="Whose jobs the key may start and see.", show_default=False)
    ],
    name: Annotated[str, typer.Option(help="What its owner calls it.")] = "",
    expires: Annotated[
        str | None,
        typer.Option(help="A date or a moment, UTC unless it says otherwise: 2027-01-31."),
    ] = None,
    public_key: Annotated[
        Path | None,
        typer.Option(
            help="An Ed25519 public key in PEM: the key has no secret, its requests are signed.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
) -> None:
    """Make a key. Its secret is shown now and never again."""
    if public_key:
        key = ask_kafka(_create_signing(organisation, name, expires, public_key.read_bytes()))
        typer.echo(f"ENRICH_ACCESS_KEY={key.id}")
        return
    key, secret = ask_kafka(_create(organisation, name, expires))
    typer.echo(f"ENRICH_ACCESS_KEY={key.id}\nENRICH_SECRET_KEY={secret}")
    typer.echo("The secret is not kept and cannot be shown again.", err=True)


@keys_app.command("list")
def list_keys() -> None:
    """Show all keys, without their secrets."""
    # Plain columns: a key's id must come out whole, however narrow the terminal.
    typer.echo(
        _line("access key", "organisation", "state", "opens by", "created", "expires", "name")
    )
    for key in ask_kafka(_all_keys()):
        state, expires = access_keys.state(key), key.expires_at or "never"
        way = "signature" if key.public_key else "secret"
        typer.echo(_line(key.id, key.organisation, state, way, key.created_at, expires, key.name))


@keys_app.command()
def revoke(
    access_key: Annotated[str, typer.Argument(help="The key's id, ak_…", show_default=False)],
) -> None:
    """Withdraw a key for good: every front door refuses it from then on."""
    ask_kafka(_revoke(access_key))
    typer.echo(f"{access_key} is revoked.", err=True)


def _line(*cells: str) -> str:
    pairs = zip(cells, _WIDTHS, strict=True)
    return "  ".join(f"{cell:{width}}" for cell, width in pairs).rstrip()


async def _create(organisation: str, name: str, expires: str | None) -> tuple[AccessKey, str]:
    key, secret = create_key(organisation, name=name, expires_at=_moment(expires))
    await _write(key)
    return key, secret


async def _create_signing(
    organisation: str, name: str, expires: str | None, public_key: bytes
) -> AccessKey:
    key = create_signing_key(organisation, public_key, name=name, expires_at=_moment(expires))
    await _write(key)
    return key


async def _all_keys() -> list[AccessKey]:
    settings = load_settings()
    topics = topics_for(settings)
    await check_topics(settings.kafka_bootstrap_servers, topics)
    consumer = key_consumer(settings.kafka_bootstrap_servers)
    async with KeyRing(consumer, topics.access_keys) as keys:
        return list(keys)


async def _revoke(key_id: str) -> None:
    key = next((key for key in await _all_keys() if key.id == key_id), None)
    if key is None:
        raise InputError("there is no such key; `enrich-stream keys list` shows all")
    await _write(access_keys.revoke(key))


async def _write(key: AccessKey) -> None:
    settings = load_settings()
    topics = topics_for(settings)
    await check_topics(settings.kafka_bootstrap_servers, topics)
    await write_key(settings.kafka_bootstrap_servers, topics.access_keys, key)


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InputError("--expires must be a date such as 2027-01-31") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
