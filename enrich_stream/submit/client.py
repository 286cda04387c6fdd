"""The submitting side of the HTTP contract: POST a batch, poll until its job has ended."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import aiohttp
import yarl

from enrich_stream.errors import InputError, SetupError
from enrich_stream.submit.patience import Patience, seconds_to_wait
from enrich_stream.submit.replies import Reply, identifier_faults, json_object, refusal

_PATH = "/api/enrichments"
_FINISHED = frozenset({"succeeded", "partial_success", "failed", "cancelled"})
_TIMEOUT = aiohttp.ClientTimeout(total=60, sock_connect=10)
_FIRST_POLL_SECONDS = 0.25
_LONGEST_POLL_SECONDS = 3.0
_POLL_GROWTH = 1.5
# "Retry-After: 0" must not become a busy loop.
_SHORTEST_POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Accepted:
    """The server has taken a batch as this job."""

    job_id: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The server takes the batch only without these identifiers.

    Attributes:
        faults: What is wrong, by position among the identifiers sent.
    """

    faults: Mapping[int, str]


class EnrichmentClient:
    """Speaks the contract, and waits out whatever passes by itself.

    Every method raises ``UnavailableError`` when patience ends, ``SetupError`` when the server
    wants other keys or is not what it should be, ``InputError`` when it refuses the request.
    """

    def __init__(self, url: str, keys: Mapping[str, str], patience: Patience) -> None:
        self._url = base_url(url)
        self._patience = patience
        self._session = aiohttp.ClientSession(headers=_printable(keys), timeout=_TIMEOUT)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._session.close()

    async def submit(self, body: bytes, key: str) -> Accepted | Refused:
        """Send one batch; a repeat under the same key is the same job."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        reply = await self._ask("POST", _PATH, body=body, headers=headers)
        job_id = reply.body.get("id")
        if reply.status in {HTTPStatus.OK, HTTPStatus.ACCEPTED} and isinstance(job_id, str):
            return Accepted(job_id)
        if reply.status == HTTPStatus.BAD_REQUEST and (faults := identifier_faults(reply)):
            return Refused(faults)
        raise refusal(reply)

    async def outcome(
        self, job_id: str, watch: Callable[[float], None]
    ) -> Mapping[str, Any] | None:
        """Poll until the job has ended.

        Args:
            job_id: As it was accepted.
            watch: Called with the progress in percent whenever the server tells it.

        Returns:
            The finished operation; None when the server does not know the job.
        """
        wait = _FIRST_POLL_SECONDS
        while True:
            reply = await self._ask("GET", f"{_PATH}/{quote(job_id, safe='')}")
            if reply.status == HTTPStatus.NOT_FOUND:
                return None
            if reply.status != HTTPStatus.OK or "status" not in reply.body:
                raise refusal(reply)
            if reply.body["status"] in _FINISHED:
                return reply.body
            if isinstance(progress := reply.body.get("progress"), int | float):
                watch(progress)
            asked = wait if reply.retry_after is None else reply.retry_after
            await asyncio.sleep(max(_SHORTEST_POLL_SECONDS, asked))
            wait = min(_LONGEST_POLL_SECONDS, wait * _POLL_GROWTH)

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        attempt = 0
        while True:
            await self._patience.admission()
            retry_after = None
            try:
                reply = await self._send(method, path, body, headers)
            except (aiohttp.ClientError, TimeoutError) as error:
                trouble = f"{self._url} cannot be reached ({type(error).__name__})"
            else:
                if not reply.passes_by_itself:
                    self._patience.answered()
                    return reply
                self._patience.reached()
                trouble = f"the server answers {reply.status}"
                retry_after = reply.retry_after
            await self._patience.wait(attempt, trouble, retry_after)
            attempt += 1

    async def _send(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str] | None
    ) -> Reply:
        # Without redirects: a request with keys must not be carried to another place.
        async with self._session.request(
            method, self._url + path, data=body, headers=headers, allow_redirects=False
        ) as response:
            text = await response.read()
            wait = seconds_to_wait(response.headers.get("Retry-After"))
            return Reply(response.status, json_object(text), wait)


def base_url(text: str) -> str:
    """The address of the service without a slash at the end.

    Raises:
        InputError: It is no web address, or it holds a password, which would be shown.
    """
    try:
        url = yarl.URL(text)
    except ValueError:
        raise InputError("--url is not a web address") from None
    if url.scheme not in {"http", "https"} or not url.host or url.query or url.fragment:
        raise InputError("--url must look like http://host:port")
    if url.user or url.password:
        raise InputError("--url must not hold a password; keys go into the environment")
    return str(url).rstrip("/")


def _printable(keys: Mapping[str, str]) -> dict[str, str]:
    for name, value in keys.items():
        if not (value.isascii() and value.isprintable()):
            raise SetupError(f"the key for {name} holds characters that no key has")
    return dict(keys)
