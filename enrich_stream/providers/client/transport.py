"""One request over HTTP: connections, and everything the network can do to an answer."""

from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from enrich_stream.providers.client.reply import Response

NOT_STARTED = "not started"
UNREACHABLE = "could not be reached"
CONNECTION_LOST = "connection lost"
BROKE_OFF = "answer broke off"
NOT_HTTP = "answered something that is not HTTP"

MAX_ANSWER_BYTES = 1024 * 1024
KEEP_ALIVE_SECONDS = 4.0
"""Shorter than the 5 s after which usual servers hang up: no question meets a closing door."""

_REASONS: tuple[tuple[type[aiohttp.ClientError], str], ...] = (
    (aiohttp.ClientConnectorError, UNREACHABLE),
    (aiohttp.ClientConnectionError, CONNECTION_LOST),
    (aiohttp.ClientPayloadError, BROKE_OFF),
)


class TransportError(Exception):
    """There is no response; the text is a fixed phrase why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request.

    Attributes:
        method: ``GET`` or ``POST``.
        url: Complete, in its encoded form.
        headers: Those that not every request to this provider has.
        content: The body, encoded.
    """

    method: str = "GET"
    url: URL
    headers: Mapping[str, str] | None = None
    content: bytes | None = None


class Transport:
    """Connections to one provider. Redirects are not followed and cookies not kept."""

    def __init__(self, *, connections: int = 0, resolver: AbstractResolver | None = None) -> None:
        """Sets up.

        Args:
            connections: How many there may be; 0 leaves that to the caller.
            resolver: Finds the addresses of hosts; None asks the system.
        """
        self._connections = connections
        self._resolver = resolver
        self.session: aiohttp.ClientSession | None = None

    async def start(self, headers: Mapping[str, str]) -> None:
        """Opens the session, with the headers of every request; nothing is connected yet."""
        self.session = aiohttp.ClientSession(
            headers={
                "Accept": "application/json",
                # Said here, for otherwise it depends on what else is installed.
                "Accept-Encoding": "gzip",
                "User-Agent": "enrich-stream",
            }
            | dict(headers),
            connector=aiohttp.TCPConnector(
                limit=self._connections,
                keepalive_timeout=KEEP_ALIVE_SECONDS,
                resolver=self._resolver,
            ),
            # Nothing of one person's answer may travel with the question about another.
            cookie_jar=aiohttp.DummyCookieJar(),
            middlewares=(_send_once,),
            # The caller bounds the whole call; a second clock would only be another reason.
            timeout=aiohttp.ClientTimeout(),
        )

    async def stop(self) -> None:
        """Closes all connections; requests under way fail."""
        if self.session:
            await self.session.close()
        self.session = None

    async def send(self, request: Request) -> Response:
        """The response to one request; ``TransportError`` when there is none."""
        if self.session is None:
            raise TransportError(NOT_STARTED)
        try:
            # Without redirects: a question with a key must not be carried to another place.
            async with self.session.request(
                request.method,
                request.url,
                headers=request.headers,
                data=request.content,
                allow_redirects=False,
            ) as response:
                # Whatever the status is: a connection with something left in it is not reused.
                return Response(response.status, response.headers, await _body(response))
        except aiohttp.ClientError as error:
            raise TransportError(_reason(error)) from None


async def _send_once(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Keeps the library from sending a request again by itself when the server hangs up on it.

    It would be charged again, and counted by the provider but not by us.
    """
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise aiohttp.ClientConnectionError from error


async def _body(response: aiohttp.ClientResponse) -> bytes | None:
    """The complete body; None when it is larger than an answer may be."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            return None
    return bytes(body)


def _reason(error: aiohttp.ClientError) -> str:
    # The error's text may quote the address or the answer; its type does not.
    return next((reason for kind, reason in _REASONS if isinstance(error, kind)), NOT_HTTP)
