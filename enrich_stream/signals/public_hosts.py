"""Servers that callers name: asked only at public addresses, each with limits of its own.

A caller who names ``http://169.254.169.254/`` or a name that resolves to 10.0.0.5 must not learn
through this service what is there. So an address is judged at the moment of connecting, by what the
name resolves to then, and written-out addresses are judged before.
"""

import ipaddress
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from cachetools import LRUCache
from yarl import URL

from enrich_stream.errors import InputError
from enrich_stream.providers.client import Clock, Dialect, HttpClient, MemoryLimits

NOT_PUBLIC = "must be at a public address"
MAX_HOSTS = 1000
"""Of which it is remembered when they want to be left alone."""

_CARRIES_IPV4 = tuple(
    # NAT64 and 6to4: behind such an address stands one of IPv4, private ones included.
    ipaddress.ip_network(prefix)
    for prefix in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16")
)


def is_public(address: str) -> bool:
    """Whether an address is one of the internet's and not of a network around here."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped:
            return is_public(str(ip.ipv4_mapped))
        if any(ip in network for network in _CARRIES_IPV4):
            return False
    return ip.is_global and not ip.is_multicast


def check_url(url: URL, *, allow_private: bool = False) -> None:
    """``InputError`` when a URL is none that a caller may have asked."""
    if url.scheme not in {"http", "https"} or not url.host or url.user or url.password:
        raise InputError("must be an address like https://example.com/feed")
    if allow_private:
        return
    try:
        may_be_asked = is_public(url.host)
    except ValueError:
        # A name: what it resolves to is judged when it is connected to. Digits and dots that are no
        # address are another way to write one ("127.1"), which goes by every check of addresses.
        may_be_asked = not url.host.replace(".", "").isdigit()
    if not may_be_asked:
        raise InputError(NOT_PUBLIC)


class PublicResolver(AbstractResolver):
    """Resolves names, and leaves out what is not public."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The public addresses of a name; ``OSError`` when it has none."""
        found = await ThreadedResolver().resolve(host, port, family)
        public = [one for one in found if is_public(one["host"])]
        if not public:
            raise OSError(None, NOT_PUBLIC)
        return public

    async def close(self) -> None:
        """Nothing is open."""


class PublicHosts:
    """A client for each server that is asked.

    The clients end with the question: one broken server must not open the breaker for the others,
    nor one that wants a key park them. What stays is when a server wants to be asked again.
    """

    def __init__(
        self,
        name: str,
        *,
        dialect: Dialect,
        accept: str = "application/json",
        timeout_seconds: float = 10.0,
        allow_private: bool = False,
        resolver: AbstractResolver | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Sets up.

        Args:
            name: Of the platform, for log lines.
            dialect: How its servers say what they have to say.
            accept: What is asked for.
            timeout_seconds: How long one request may take.
            allow_private: Whether servers at private addresses may be asked as well.
            resolver: Finds the addresses of servers; None takes ``PublicResolver``, or the system's
                when private addresses are allowed.
            clock: Another clock, in tests.
        """
        self._name = name
        self._dialect = dialect
        self._accept = accept
        self._timeout_seconds = timeout_seconds
        self._resolver = resolver or (None if allow_private else PublicResolver())
        self.allow_private = allow_private
        self._clock = clock or Clock()
        self._limits: LRUCache[str, MemoryLimits] = LRUCache(MAX_HOSTS)

    @asynccontextmanager
    async def client(self, url: URL) -> AsyncIterator[HttpClient]:
        """A started client of the server at ``url``; ``InputError`` when it must not be asked."""
        check_url(url, allow_private=self.allow_private)
        origin = str(url.origin())
        limits = self._limits.setdefault(origin, MemoryLimits(self._clock))
        http = HttpClient(
            self._name,
            origin,
            limits=limits,
            headers={"Accept": self._accept},
            dialect=self._dialect,
            timeout_seconds=self._timeout_seconds,
            resolver=self._resolver,
            clock=self._clock,
        )
        await http.start()
        try:
            yield http
        finally:
            await http.stop()
