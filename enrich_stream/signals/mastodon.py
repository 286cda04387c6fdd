"""Mastodon: an account's posts, by the API of its own server.

Facts (mastodon/documentation: ``methods/accounts`` and ``api/rate-limits``):

- ``GET /api/v1/accounts/lookup?acct={user}`` gives the account's ``id``; 404 when there is none,
  410 when it is gone.
- ``GET /api/v1/accounts/{id}/statuses?limit<=40&exclude_reblogs=true&max_id=`` gives posts newest
  first; ``Link`` names the next page. Without a token only public ones.
- A server may ask for a token for either (401, 403, 422): then nothing there is public.
- 300 calls in 5 minutes from one address; 429 with ``X-RateLimit-Reset`` (ISO 8601).
- ``content`` is HTML, ``spoiler_text`` a warning before it.

Any server that speaks this API will do, also those that are not Mastodon.
"""

import re
from datetime import UTC, datetime
from functools import partial
from urllib.parse import quote

import msgspec
from yarl import URL

from enrich_stream import clock
from enrich_stream.errors import InputError
from enrich_stream.providers.client import CallOutcome, Dialect, Endpoint, HttpClient, Reply
from enrich_stream.signals.pages import Page, as_page, failed, has_next, read_pages
from enrich_stream.signals.platforms import Platform
from enrich_stream.signals.public_hosts import PublicHosts, check_url
from enrich_stream.signals.shape import Post
from enrich_stream.signals.source import Ask, Harvest, Seen, engagement
from enrich_stream.signals.texts import plain_text, shortened

PAGE_SIZE = 40

DIALECT = Dialect(
    statuses={
        401: CallOutcome.SUPPRESSED,
        403: CallOutcome.SUPPRESSED,
        410: CallOutcome.NOT_FOUND,
        422: CallOutcome.SUPPRESSED,
    }
)

EXPECTED = "must be a Mastodon handle with its server, like @some_name@mastodon.social"
_HANDLE = re.compile(
    r"@?(?P<name>[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?)@(?P<host>[^\s/@?#]+)"
)


class _Account(msgspec.Struct):
    id: str
    acct: str


class _Status(msgspec.Struct):
    id: str
    created_at: datetime
    content: str
    uri: str
    url: str | None = None
    spoiler_text: str = ""
    replies_count: int | None = None
    reblogs_count: int | None = None
    favourites_count: int | None = None


class MastodonSource:
    """What an account wrote."""

    platform = Platform.MASTODON
    nobody = ""

    def __init__(self, hosts: PublicHosts, endpoint: Endpoint, base_url: str | None = None) -> None:
        """Sets up.

        Args:
            hosts: The servers, made with ``DIALECT``.
            endpoint: The limits of each server.
            base_url: One server to ask about everybody; None asks each person's own.
        """
        self._hosts = hosts
        self._endpoint = endpoint
        self._base_url = base_url

    async def start(self) -> None:
        """Nothing is open between questions."""

    async def stop(self) -> None:
        """Nothing is open between questions."""

    def handle(self, given: str) -> str:
        """``name@server`` in a text: with or without ``@``, or the address of a profile."""
        text = given.strip()
        if "://" in text:
            text = _from_address(URL(text))
        match = _HANDLE.fullmatch(text)
        if not match:
            raise InputError(EXPECTED)
        check_url(self._server(match["host"]), allow_private=self._hosts.allow_private)
        return f"{match['name']}@{match['host'].lower()}"

    async def read(self, ask: Ask) -> Harvest:
        """The account's posts."""
        name, _, host = ask.handle.partition("@")
        server = self._server(host)
        async with self._hosts.client(server) as http:
            account = await http.get(
                self._endpoint,
                "/api/v1/accounts/lookup",
                _Account,
                deadline=ask.deadline,
                params={"acct": ask.handle if self._base_url else name},
            )
            if account.body is None:
                return failed(account)
            return await read_pages(ask, partial(self._page, ask, http, account.body.id))

    def _server(self, host: str) -> URL:
        try:
            return URL(self._base_url or f"https://{host}")
        except ValueError:
            raise InputError(EXPECTED) from None

    async def _page(
        self, ask: Ask, http: HttpClient, account: str, max_id: str | None
    ) -> Reply[Page]:
        params = {"limit": str(PAGE_SIZE), "exclude_reblogs": "true"}
        reply = await http.get(
            self._endpoint,
            f"/api/v1/accounts/{quote(account, safe='')}/statuses",
            list[_Status],
            deadline=ask.deadline,
            params=params | ({"max_id": max_id} if max_id else {}),
        )
        return as_page(reply, partial(_page_of, ask, is_last=not has_next(reply)))


def _from_address(url: URL) -> str:
    """The handle in the address of a profile."""
    port = f":{url.explicit_port}" if url.explicit_port else ""
    return f"{url.path.strip('/').partition('/')[0]}@{url.host}{port}"


def _page_of(ask: Ask, statuses: list[_Status], *, is_last: bool) -> Page:
    seen = [Seen(status.created_at.astimezone(UTC), _post(ask, status)) for status in statuses]
    return Page(seen=seen, following=None if is_last or not statuses else statuses[-1].id)


def _post(ask: Ask, status: _Status) -> Post:
    parts = (status.spoiler_text.strip(), plain_text(status.content))
    return Post(
        platform=Platform.MASTODON,
        id=status.id,
        url=status.url or status.uri,
        text=shortened("\n\n".join(part for part in parts if part)),
        author=ask.handle,
        posted_at=clock.iso(status.created_at),
        engagement=engagement(
            replies=status.replies_count,
            reposts=status.reblogs_count,
            likes=status.favourites_count,
        ),
    )
