"""The HTTP clients of all connectors, which keep to their limits together."""

from collections.abc import Mapping

from aiohttp.abc import AbstractResolver

from enrich_stream.providers.client.client import HttpClient
from enrich_stream.providers.client.clock import Clock
from enrich_stream.providers.client.dialect import Dialect
from enrich_stream.providers.client.limits import Limits, MemoryLimits
from enrich_stream.providers.client.redis_limits import RedisLimits
from enrich_stream.providers.client.settings import ConnectorSettings
from enrich_stream.settings import Settings


class HttpClients:
    """Makes a client for each connector."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self._clock = clock or Clock()
        self._parked_seconds = settings.provider_parked_seconds
        self._limits: Limits = MemoryLimits(self._clock)
        self._shared: RedisLimits | None = None
        if settings.redis_url and (url := settings.redis_url.get_secret_value()):
            self._limits = self._shared = RedisLimits(url, self._limits, self._clock)

    def client(
        self,
        name: str,
        settings: ConnectorSettings,
        *,
        base_url: str,
        headers: Mapping[str, str],
        dialect: Dialect | None = None,
        resolver: AbstractResolver | None = None,
    ) -> HttpClient:
        """A client under the operator's settings; not started.

        Args:
            name: The provider's.
            settings: Its part of the settings.
            base_url: Where its API is when the operator does not say.
            headers: Of every request.
            dialect: How it says what it has to say; None is as usual.
            resolver: Finds the addresses of hosts; None asks the system.
        """
        return HttpClient(
            name,
            str(settings.base_url or base_url),
            limits=self._limits,
            headers=headers,
            dialect=dialect,
            timeout_seconds=settings.timeout_seconds,
            concurrency=settings.concurrency,
            parked_seconds=self._parked_seconds,
            resolver=resolver,
            clock=self._clock,
        )

    async def close(self) -> None:
        """Lets go of what the clients share."""
        if self._shared:
            await self._shared.close()
