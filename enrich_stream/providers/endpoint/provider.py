"""The provider over an HTTP endpoint of the operator's own: connections, limits and time."""

import asyncio

from pydantic import SecretStr
from yarl import URL

from enrich_stream import clock
from enrich_stream.errors import SetupError
from enrich_stream.person import Outcome
from enrich_stream.providers.base import Answer, Finding, Question, everything
from enrich_stream.providers.client.transport import Request, Transport, TransportError
from enrich_stream.providers.endpoint.places import Places
from enrich_stream.providers.endpoint.protocol import nothing_known, question_body, read_answer

URL_SETTING = "ENRICH_ENDPOINT_URL"
TOKEN_SETTING = "ENRICH_ENDPOINT_TOKEN"  # noqa: S105 - the name of the setting

TIMED_OUT = "timed out"
NO_CONNECTION = "no connection was free in time"

LEAST_SECONDS = 0.5
"""Nobody waits for a connection until later than this before the deadline: it would hardly be
answered, but paid for."""
AGAIN_SECONDS = 1.0
"""When to ask again."""


class EndpointProvider:
    """A service inside the company that knows people, asked once for each question."""

    name = "endpoint"
    answers = everything()
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
            timeout_seconds: How long one question may take once it has a connection.
            concurrency: How many connections there may be, and so questions at once.
        """
        self._url = URL(url, encoded=True)
        self._token = token
        self._timeout_seconds = timeout_seconds
        self._transport = Transport(connections=concurrency)
        self._places = Places(concurrency)

    async def start(self) -> None:
        """Opens the session; ``SetupError`` when a setting cannot be used."""
        if self._url.user is not None or self._url.password is not None:
            raise SetupError(
                f"{URL_SETTING}: must not hold a user or password; a token goes in {TOKEN_SETTING}"
            )
        await self._transport.start({"Content-Type": "application/json"} | self._authorization())

    async def ask(self, question: Question) -> Answer:
        """Asks once, within the question's deadline and the timeout, whichever ends first."""
        now = asyncio.get_running_loop().time()
        if question.deadline <= now:  # a question that nobody waits for costs credits all the same
            return nothing_known(question.fields, TIMED_OUT)
        latest = question.deadline - LEAST_SECONDS
        if not await self._places.take(latest, goes_first=question.somebody_waits):
            return _busy(question)
        try:
            return await self._ask_in_time(question)
        finally:
            self._places.give_back()

    async def stop(self) -> None:
        """Closes all connections."""
        await self._transport.stop()

    async def _ask_in_time(self, question: Question) -> Answer:
        end = asyncio.get_running_loop().time() + self._timeout_seconds
        try:
            async with asyncio.timeout_at(min(question.deadline, end)):
                return await self._ask(question)
        except TimeoutError:
            return nothing_known(question.fields, TIMED_OUT)
        except TransportError as error:
            return nothing_known(question.fields, str(error))

    async def _ask(self, question: Question) -> Answer:
        response = await self._transport.send(
            Request(method="POST", url=self._url, content=question_body(question))
        )
        return read_answer(response.status, response.body, question.fields)

    def _authorization(self) -> dict[str, str]:
        token = self._token.get_secret_value() if self._token else ""
        if not token:
            return {}
        if not (token.isascii() and token.isprintable()) or " " in token:
            raise SetupError(f"{TOKEN_SETTING}: must be visible ASCII characters without spaces")
        return {"Authorization": f"Bearer {token}"}


def _busy(question: Question) -> Answer:
    """Nothing was sent: it is not the endpoint that took too long."""
    finding = Finding(
        Outcome.UNKNOWN,
        reason=NO_CONNECTION,
        retry_at=clock.present().timestamp() + AGAIN_SECONDS,
        is_busy=True,
        was_asked=False,
    )
    return Answer(findings=dict.fromkeys(question.fields, finding))
