"""Which providers there are, made from the settings, in the order they are asked."""

import contextlib
from collections.abc import AsyncIterator, Sequence

from enrich_stream.providers.base import Provider
from enrich_stream.providers.directory import DirectoryProvider
from enrich_stream.providers.endpoint import EndpointProvider
from enrich_stream.settings import Settings

_PROVIDERS = (DirectoryProvider, EndpointProvider)


def provider_names() -> tuple[str, ...]:
    """All providers there are, whether or not the settings turn them on."""
    return tuple(provider.name for provider in _PROVIDERS)


def make_providers(settings: Settings) -> list[Provider]:
    """The providers that the settings turn on; the operator's own records come first."""
    providers: list[Provider] = []
    if settings.directory_file is not None:
        providers.append(
            DirectoryProvider(
                settings.directory_file,
                settings.data_dir / "directory",
                phone_region=settings.directory_phone_region,
            )
        )
    if settings.endpoint_url is not None:
        providers.append(
            EndpointProvider(
                str(settings.endpoint_url),
                settings.endpoint_token,
                timeout_seconds=settings.endpoint_timeout_seconds,
                concurrency=settings.endpoint_concurrency,
            )
        )
    return providers


@contextlib.asynccontextmanager
async def open_providers(settings: Settings) -> AsyncIterator[Sequence[Provider]]:
    """The providers, started, and stopped at the end."""
    async with contextlib.AsyncExitStack() as stack:
        providers = make_providers(settings)
        for provider in providers:
            stack.push_async_callback(provider.stop)
            await provider.start()
        yield providers
