"""The provider over an HTTP endpoint of the operator's own: connections, limits and time."""

import asyncio

import aiohttp
from pydantic import SecretStr
from yarl import URL

from enrich_stream.errors import SetupError
from enrich_stream.person import Field, IdentifierKind
from enrich_stream.providers.base import Answer, Question
from enrich_stream.providers.endpoint.protocol import nothing_known, question_body, read_answer

URL_SETTING = "ENRICH_ENDPOINT_URL"
TOKEN_SETTING = "ENRICH_ENDPOINT_TOKEN"  # noqa: S105 - the name of the setting

NOT_STARTED = "not started"
TIMED_OUT = "timed out"
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


class EndpointProvider:
    """A service inside the company that knows people, asked once for each question."""

    name = "endpoint"
    kinds = frozenset(IdentifierKind)
    fields = frozenset(Field)
    is_local = False
    answers_at_once = True

    def __init__(
        self,
        url: str,
        token: SecretStr | None = None,
        *,
        timeout_seconds: float = 10.0,
        concurrency: int = 50,
    ) -> None:
        """Sets up; nothing is connected before the first question.

        Args:
            url: Where to ask, ``http`` or ``https``, already in its encoded form.
            token: Sent as a bearer token; none when empty.
            timeout_seconds: How long one question may take, the wait for a connection included.
            concurrency: How many connections there may be, and so questions at once.
        """
        self._url = URL(url, encoded=True)
        self._token = token
        self._timeout_seconds = timeout_seconds
        self._concurrency = concurrency
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Opens the session; ``SetupError`` when a setting cannot be used."""
        if self._url.user is not None or self._url.password is not None:
            raise SetupError(
                f"{URL_SETTING}: must not hold a user or password; a token goes in {TOKEN_SETTING}"
            )
        self._session = aiohttp.ClientSession(
            headers={
                "Content-Type": "application/json",
                "Accept": "application/json",
                # Said here, for otherwise it depends on what else is installed.
                "Accept-Encoding": "gzip",
                "User-Agent": "enrich-stream",
            }
            | self._authorization(),
            connector=aiohttp.TCPConnector(
                limit=self._concurrency, keepalive_timeout=KEEP_ALIVE_SECONDS
            ),
            # Nothing of one person's answer may travel with the question about another.
            cookie_jar=aiohttp.DummyCookieJar(),
            # The deadline bounds the whole call; a second clock would only be another reason.
            timeout=aiohttp.ClientTimeout(),
        )

    async def ask(self, question: Question) -> Answer:
        """Asks once, within the question's deadline and the timeout, whichever ends first."""
        now = asyncio.get_running_loop().time()
        if question.deadline <= now:  # a question that nobody waits for costs credits all the same
            return nothing_known(question.fields, TIMED_OUT)
        try:
            async with asyncio.timeout_at(min(question.deadline, now + self._timeout_seconds)):
                return await self._ask(question)
        except TimeoutError:
            return nothing_known(question.fields, TIMED_OUT)
        except aiohttp.ClientError as error:
            return nothing_known(question.fields, _reason(error))

    async def stop(self) -> None:
        """Closes all connections."""
        if self._session:
            await self._session.close()
        self._session = None

    async def _ask(self, question: Question) -> Answer:
        if self._session is None:
            return nothing_known(question.fields, NOT_STARTED)
        # Without redirects: a question with a token must not be carried to another place.
        async with self._session.post(
            self._url, data=question_body(question), allow_redirects=False
        ) as response:
            # Read whatever the status is: a connection with something left in it cannot be reused.
            body = await _body(response)
            return read_answer(response.status, body, question.fields)

    def _authorization(self) -> dict[str, str]:
        token = self._token.get_secret_value() if self._token else ""
        if not token:
            return {}
        if not (token.isascii() and token.isprintable()) or " " in token:
            raise SetupError(f"{TOKEN_SETTING}: must be visible ASCII characters without spaces")
        return {"Authorization": f"Bearer {token}"}


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
