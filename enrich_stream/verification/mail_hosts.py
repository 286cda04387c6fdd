"""Asks the DNS whether a domain takes mail; keeps the answer for as long as the DNS allows."""

import asyncio
import ipaddress
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import dns.asyncresolver
import dns.exception
import dns.message
import dns.nameserver
import dns.rdatatype
import dns.resolver
from cachetools import TLRUCache

from enrich_stream.errors import SetupError
from enrich_stream.verification.mail_route import (
    MailRoute,
    route_by_address,
    route_by_mx,
    seconds_kept,
)

SERVERS_SETTING = "ENRICH_DNS_SERVERS"
MAX_DOMAINS = 50_000
"""About 10 MB when full."""
DNS_PORT = 53
TRIES = 3
"""A question that goes by UDP may get lost; each try has its share of the time."""

_Found = tuple[MailRoute, float]
"""The route and for how many seconds it may be kept."""


class MailHosts:
    """The mail routes of domains; one question at a time for each domain."""

    def __init__(
        self,
        servers: str = "",
        timeout_seconds: float = 5.0,
        *,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        """Reads the configuration; nothing is asked yet.

        Args:
            servers: Addresses of resolvers with or without a port, separated by commas; empty
                takes the system's.
            timeout_seconds: How long one domain may take.
            timer: The clock of the memory of answers, in seconds.

        Raises:
            SetupError: There is no resolver, or an address is none.
        """
        self._resolver = _resolver(servers)
        self._resolver.timeout = timeout_seconds / TRIES
        self._timeout_seconds = timeout_seconds
        self._known: TLRUCache[str, _Found] = TLRUCache(
            MAX_DOMAINS, ttu=lambda _domain, found, now: now + found[1], timer=timer
        )
        self._looking: dict[str, asyncio.Task[_Found]] = {}

    async def route(self, domain: str, deadline: float) -> MailRoute:
        """What is known of a domain's mail by the deadline.

        Args:
            domain: In ASCII.
            deadline: Seconds on the running event loop's clock.
        """
        known = self._known.get(domain)
        if known:
            return known[0]
        try:
            async with asyncio.timeout_at(deadline):
                # Shielded: others may wait for the same domain, and the next one will ask for it.
                return (await asyncio.shield(self._look_up_once(domain)))[0]
        except TimeoutError:
            return MailRoute.TIMED_OUT

    async def stop(self) -> None:
        """Give up what is still being looked up."""
        looking = list(self._looking.values())
        for task in looking:
            task.cancel()
        await asyncio.gather(*looking, return_exceptions=True)

    def _look_up_once(self, domain: str) -> "asyncio.Task[_Found]":
        if domain not in self._looking:
            task = asyncio.create_task(self._look_up(domain))
            self._looking[domain] = task
            task.add_done_callback(lambda _: self._looking.pop(domain))
        return self._looking[domain]

    async def _look_up(self, domain: str) -> _Found:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                route, ttl = await self._ask(domain)
        except (TimeoutError, dns.exception.Timeout):
            route, ttl = MailRoute.TIMED_OUT, 0
        # The second: a socket that cannot be opened.
        except (dns.exception.DNSException, OSError):
            route, ttl = MailRoute.FAILED, 0
        found = route, seconds_kept(route, ttl)
        self._known[domain] = found
        return found

    async def _ask(self, domain: str) -> tuple[MailRoute, int]:
        ttls: list[int] = []
        try:
            mx = await self._resolve(domain, dns.rdatatype.MX, ttls)
            if mx:
                exchanges = [record.exchange.to_text() for record in mx]
                return route_by_mx(exchanges), min(ttls)
            addresses = await self._resolve(domain, dns.rdatatype.A, ttls) or await self._resolve(
                domain, dns.rdatatype.AAAA, ttls
            )
            return route_by_address(has_address=bool(addresses)), min(ttls)
        except dns.resolver.NXDOMAIN as error:
            responses = error.kwargs["responses"].values()
            ttls += [response.resolve_chaining().minimum_ttl for response in responses]
            return MailRoute.NO_DOMAIN, min(ttls)

    async def _resolve(
        self, domain: str, kind: dns.rdatatype.RdataType, ttls: list[int]
    ) -> dns.resolver.Answer:
        answer = await self._resolver.resolve(
            domain, kind, raise_on_no_answer=False, lifetime=self._timeout_seconds, search=False
        )
        ttls.append(answer.chaining_result.minimum_ttl)
        return answer


def _resolver(servers: str) -> dns.asyncresolver.Resolver:
    if servers:
        resolver = dns.asyncresolver.Resolver(configure=False)
        resolver.nameservers = [_nameserver(server.strip()) for server in servers.split(",")]
        return resolver
    try:
        return dns.asyncresolver.Resolver()
    except dns.resolver.NoResolverConfiguration:
        raise SetupError(
            f"{SERVERS_SETTING}: this system has no resolver of its own; name one, like 127.0.0.1"
        ) from None


def _nameserver(server: str) -> dns.nameserver.Nameserver:
    try:
        is_bare_ipv6 = server.count(":") > 1 and not server.startswith("[")
        place = urlsplit(f"//[{server}]" if is_bare_ipv6 else f"//{server}")
        address = ipaddress.ip_address(place.hostname or "")
        return dns.nameserver.Do53Nameserver(str(address), place.port or DNS_PORT)
    except ValueError:
        raise SetupError(
            f"{SERVERS_SETTING}: {server!r} is not an address like 127.0.0.1, 127.0.0.1:5353"
            " or [::1]:5353"
        ) from None
