"""Which providers there are, made from the settings, in the order they are asked.

Another package adds its own under the entry point group ``enrich_stream.providers``: each entry is
a function that takes the settings and the HTTP clients and returns a provider, or None when it is
off. They are asked last, in the order of their names.
"""

import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from functools import cache
from importlib.metadata import entry_points

import structlog

from enrich_stream.errors import SetupError
from enrich_stream.providers.base import Provider
from enrich_stream.providers.client.settings import ConnectorSettings
from enrich_stream.providers.clients import HttpClients
from enrich_stream.providers.connector import Connector
from enrich_stream.providers.directory import DirectoryProvider
from enrich_stream.providers.endpoint import EndpointProvider
from enrich_stream.providers.github import GitHub
from enrich_stream.providers.gravatar import Gravatar
from enrich_stream.providers.hunter import Hunter
from enrich_stream.providers.leadmagic import LeadMagic
from enrich_stream.providers.peopledatalabs import PeopleDataLabs
from enrich_stream.providers.prospeo import Prospeo
from enrich_stream.settings import Settings
from enrich_stream.signals.intent import load_rules
from enrich_stream.signals.provider import SignalsProvider
from enrich_stream.signals.sources import make_sources, sources_off
from enrich_stream.verification.verifier import Verifier

ENTRY_POINTS = "enrich_stream.providers"

CONNECTORS: tuple[type[Connector], ...] = (
    GitHub,
    Gravatar,
    Hunter,
    Prospeo,
    LeadMagic,
    PeopleDataLabs,
)
"""Free ones first, then the more certain before the others."""

MakeProvider = Callable[[Settings, HttpClients], Provider | None]
"""What an entry point of another package is."""

log = structlog.get_logger(__name__)


@cache
def provider_names() -> tuple[str, ...]:
    """All providers there are, whether or not the settings turn them on.

    One of another package is known by the name of its entry point.
    """
    own = (DirectoryProvider.name, EndpointProvider.name)
    connectors = (connector.name for connector in CONNECTORS)
    others = sorted(entry.name for entry in entry_points(group=ENTRY_POINTS))
    return (*own, *connectors, SignalsProvider.name, *others)


def make_providers(settings: Settings, clients: HttpClients | None = None) -> list[Provider]:
    """The providers that the settings turn on; the operator's own records come first."""
    clients = clients or HttpClients(settings)
    providers = [
        *_own(settings),
        *_connectors(settings, clients),
        *_signals(settings, clients),
        *_others(settings, clients),
    ]
    names = [provider.name for provider in providers]
    if twice := {name for name in names if names.count(name) > 1}:
        raise SetupError(f"there are two providers with the name {min(twice)}: rename yours")
    return providers


@contextlib.asynccontextmanager
async def open_providers(settings: Settings) -> AsyncIterator[Sequence[Provider]]:
    """The providers, started, and stopped at the end."""
    async with contextlib.AsyncExitStack() as stack:
        _log_who_is_off(settings)
        clients = HttpClients(settings)
        stack.push_async_callback(clients.close)
        providers = make_providers(settings, clients)
        for provider in providers:
            stack.push_async_callback(provider.stop)
            await provider.start()
        yield providers


def _log_who_is_off(settings: Settings) -> None:
    for event, off in (
        ("providers.off", connectors_off(settings)),
        ("signals.off", sources_off(settings)),
    ):
        if off:
            log.info(event, **off)


def connectors_off(settings: Settings) -> dict[str, str]:
    """The connectors of ours that are not asked, each with the reason."""
    reasons = {c.name: _why_off(c, getattr(settings, c.name)) for c in CONNECTORS}
    return {name: reason for name, reason in reasons.items() if reason}


def verifiers(providers: Sequence[Provider]) -> list[Verifier]:
    """Those of the providers' verifiers of e-mails that can be asked."""
    return [made.verifier for made in providers if isinstance(made, Hunter | LeadMagic)]


def _own(settings: Settings) -> Iterator[Provider]:
    if settings.directory_file is not None:
        yield DirectoryProvider(
            settings.directory_file,
            settings.data_dir / "directory",
            phone_region=settings.directory_phone_region,
        )
    if settings.endpoint_url is not None:
        yield EndpointProvider(
            str(settings.endpoint_url),
            settings.endpoint_token,
            timeout_seconds=settings.endpoint_timeout_seconds,
            concurrency=settings.endpoint_concurrency,
        )


def _connectors(settings: Settings, clients: HttpClients) -> Iterator[Provider]:
    off = connectors_off(settings)
    for connector in CONNECTORS:
        if connector.name not in off:
            yield connector(getattr(settings, connector.name), clients)


def _signals(settings: Settings, clients: HttpClients) -> Iterator[Provider]:
    if sources := make_sources(settings, clients):
        yield SignalsProvider(sources, load_rules(settings.signals_intent_rules_file))


def _why_off(connector: type[Connector], settings: ConnectorSettings) -> str:
    variable = f"ENRICH_{connector.name.upper()}"
    if settings.enabled is False:
        return f"{variable}_ENABLED is false"
    if connector.needs_key and not settings.secret:
        return f"{variable}_KEY is not set"
    if not settings.is_wanted:
        return f"neither {variable}_ENABLED nor {variable}_KEY is set"
    return ""


def _others(settings: Settings, clients: HttpClients) -> Iterator[Provider]:
    for entry in sorted(entry_points(group=ENTRY_POINTS), key=lambda entry: entry.name):
        try:
            make: MakeProvider = entry.load()
        except (ImportError, AttributeError) as error:
            raise SetupError(
                f"the provider {entry.name} cannot be loaded from {entry.value}"
                f" ({type(error).__name__}): mend or uninstall its package"
            ) from error
        provider = make(settings, clients)
        if provider is not None and provider.name != entry.name:
            raise SetupError(
                f"the provider {provider.name} is registered as {entry.name}: let its entry point"
                " have its name"
            )
        if provider is not None:
            yield provider
