"""The platforms on the loopback: each speaks its documented protocol, about Mira only.

``days`` are the ages of what Mira did, in days before now, newest first. ``trouble`` answers a
request in place of the platform: it gets the number of the request, from 1, and returns a responder
or None.
"""

from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime

from aiohttp import web
from signal_samples import ANY, a_client, days_ago

from enrich_stream.providers.github import GitHub
from enrich_stream.signals import bluesky, github, hackernews, mastodon, rss, x
from enrich_stream.signals.public_hosts import PublicHosts


@dataclass
class FakePlatform:
    days: list = field(default_factory=lambda: [1, 2, 3])
    trouble: object = None
    requests: list = field(default_factory=list)
    url: str = ""

    handle = "mira"
    nobody = "nobody"
    pages = True
    """Whether it has more than one page."""

    async def serve(self, request):
        self.requests.append(request)
        respond = self.trouble(len(self.requests)) if self.trouble else None
        return await (respond(request) if respond else self.answer(request))

    def fail_from(self, number, respond):
        """From the request of that number on, answer like this."""
        self.trouble = lambda n: respond if n >= number else None


class FakeGitHub(FakePlatform):
    """``GET /users/{user}/events/public``: pages by number, ``Link``, ETag, 404."""

    per_page = 100
    make_event = None

    def source(self, clock):
        return github.GitHubSource(a_client(self.url, clock, dialect=GitHub.dialect), ANY)

    async def answer(self, request):
        if not request.path.startswith("/users/mira/"):
            return web.json_response({"message": "Not Found"}, status=404)
        page = int(request.query["page"])
        events = [self._event(n, age) for n, age in enumerate(self.days)][:300]
        start = (page - 1) * self.per_page
        etag = f'"{hash((page, tuple(self.days)))}"'
        headers = {"ETag": etag, "X-Poll-Interval": "60", "X-RateLimit-Remaining": "42"}
        if start + self.per_page < len(events):
            headers["Link"] = f'<{self.url}{request.path}?page={page + 1}>; rel="next"'
        if request.headers.get("If-None-Match") == etag:
            return web.Response(status=304, headers=headers)
        return web.json_response(events[start : start + self.per_page], headers=headers)

    def _event(self, n, age):
        event = {
            "id": str(n),
            "type": "WatchEvent",
            "actor": {"id": 7, "login": "mira"},
            "repo": {"id": 3, "name": "apache/kafka", "url": "https://api.github.com/repos/3"},
            "payload": {"action": "started"},
            "public": True,
            "created_at": days_ago(age).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        return event | (self.make_event(n) if self.make_event else {})


class FakeHackerNews(FakePlatform):
    """``GET /search_by_date`` with a filter by time, pages from 0; ``GET /users/{user}``."""

    max_hits = 1000

    def source(self, clock):
        return hackernews.HackerNewsSource(a_client(self.url, clock), ANY)

    async def answer(self, request):
        if request.path.startswith("/users/"):
            known = request.path == "/users/mira"
            body = {"username": "mira", "karma": 7} if known else {"error": "user not found"}
            return web.json_response(body, status=200 if known else 404)
        least = int(request.query["numericFilters"].removeprefix("created_at_i>="))
        is_mira = request.query["tags"] == "(story,comment,poll),author_mira"
        hits = [self._hit(n, age) for n, age in enumerate(self.days) if is_mira]
        hits = [hit for hit in hits if hit["created_at_i"] >= least][: self.max_hits]
        size, page = int(request.query["hitsPerPage"]), int(request.query["page"])
        return web.json_response(
            {
                "hits": hits[page * size : (page + 1) * size],
                "page": page,
                "nbHits": len(hits),
                "nbPages": -(-len(hits) // size),
                "hitsPerPage": size,
            }
        )

    def _hit(self, n, age):
        at = days_ago(age)
        return {
            "objectID": str(n),
            "author": "mira",
            "created_at": at.isoformat(),
            "created_at_i": int(at.timestamp()),
            "comment_text": f"Comment <i>{n}</i>",
            "story_title": "Somebody else's title",
            "_tags": ["comment", "author_mira", "story_1"],
        }


class FakeBluesky(FakePlatform):
    """``GET /xrpc/app.bsky.feed.getAuthorFeed``: cursors; 400 for nobody."""

    handle, nobody = "mira.example", "nobody.example"
    labels: tuple = ()
    repost = False

    def source(self, clock):
        return bluesky.BlueskySource(a_client(self.url, clock, dialect=bluesky.DIALECT), ANY)

    async def answer(self, request):
        assert request.path == "/xrpc/app.bsky.feed.getAuthorFeed"
        if request.query["actor"] != "mira.example":
            said = {"error": "InvalidRequest", "message": "Profile not found"}
            return web.json_response(said, status=400)
        start, limit = int(request.query.get("cursor", "0")), int(request.query["limit"])
        items = [self._item(n, age) for n, age in enumerate(self.days)]
        following = {"cursor": str(start + limit)} if start + limit < len(items) else {}
        return web.json_response({"feed": items[start : start + limit], **following})

    def _item(self, n, age):
        at = days_ago(age).isoformat().replace("+00:00", ".000Z")
        mira = {
            "did": "did:plc:" + "a" * 24,
            "handle": "mira.example",
            "labels": [{"val": label, "src": "did:plc:x"} for label in self.labels],
        }
        post = {
            "uri": f"at://{mira['did']}/app.bsky.feed.post/{n}",
            "cid": "bafy",
            "author": mira,
            "record": {"$type": "app.bsky.feed.post", "text": f"Post {n}", "createdAt": at},
            "replyCount": 1,
            "repostCount": 2,
            "likeCount": 3,
            "quoteCount": 4,
            "indexedAt": at,
        }
        if not self.repost:
            return {"post": post}
        reason = {"$type": "app.bsky.feed.defs#reasonRepost", "by": mira, "indexedAt": at}
        other = {"did": "did:plc:" + "b" * 24, "handle": "other.example"}
        return {"post": post | {"author": other}, "reason": reason}


class FakeMastodon(FakePlatform):
    """``accounts/lookup`` and ``accounts/{id}/statuses``: ``max_id`` and ``Link``."""

    handle, nobody = "@mira@social.example", "@nobody@social.example"

    def source(self, clock):
        hosts = PublicHosts("mastodon", dialect=mastodon.DIALECT, allow_private=True, clock=clock)
        return mastodon.MastodonSource(hosts, ANY, self.url)

    async def answer(self, request):
        if request.path == "/api/v1/accounts/lookup":
            if request.query["acct"] != "mira@social.example":
                return web.json_response({"error": "Record not found"}, status=404)
            return web.json_response(
                {"id": "23", "acct": "mira", "url": "https://social.example/@mira"}
            )
        assert request.path == "/api/v1/accounts/23/statuses"
        assert request.query["exclude_reblogs"] == "true"
        statuses = [self._status(n, age) for n, age in enumerate(self.days)]
        below = int(request.query.get("max_id", "10000"))
        statuses = [status for status in statuses if int(status["id"]) < below]
        limit = int(request.query["limit"])
        page, rest = statuses[:limit], statuses[limit:]
        link = f'<{self.url}{request.path}?max_id={page[-1]["id"]}>; rel="next"' if rest else ""
        return web.json_response(page, headers={"Link": link} if link else {})

    def _status(self, n, age):
        number = 9999 - n
        return {
            "id": str(number),
            "created_at": days_ago(age).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "uri": f"https://social.example/users/mira/statuses/{number}",
            "url": f"https://social.example/@mira/{number}",
            "content": f"<p>Post <b>{n}</b></p>",
            "spoiler_text": "",
            "visibility": "public",
            "reblog": None,
            "replies_count": 1,
            "reblogs_count": 2,
            "favourites_count": 3,
            "account": {"id": "23", "acct": "mira"},
        }


class FakeRss(FakePlatform):
    """A feed at ``/feed.xml``, with ETag."""

    pages = False
    items: str = ""

    @property
    def handle(self):
        return f"{self.url}/feed.xml"

    @property
    def nobody(self):
        return f"{self.url}/gone.xml"

    def source(self, clock):
        hosts = PublicHosts(
            "rss", dialect=rss.DIALECT, accept=rss.ACCEPT, allow_private=True, clock=clock
        )
        return rss.RssSource(hosts, ANY)

    async def answer(self, request):
        if request.path != "/feed.xml":
            return web.Response(status=404)
        etag = f'"{hash((self.items, tuple(self.days)))}"'
        if request.headers.get("If-None-Match") == etag:
            return web.Response(status=304, headers={"ETag": etag})
        items = "".join(self._item(n, age) for n, age in enumerate(self.days)) + self.items
        feed = f"<rss version='2.0'><channel><title>Mira writes</title>{items}</channel></rss>"
        return web.Response(
            text=f"<?xml version='1.0'?>{feed}",
            content_type="application/rss+xml",
            headers={"ETag": etag},
        )

    def _item(self, n, age):
        return (
            f"<item><guid isPermaLink='false'>{n}</guid><title>Title {n}</title><link>https://mira.example/{n}</link>"
            f"<description>&lt;p&gt;Body {n}&lt;/p&gt;</description>"
            f"<pubDate>{format_datetime(days_ago(age))}</pubDate></item>"
        )


class FakeX(FakePlatform):
    """``users/by/username`` and ``users/{id}/tweets``: tokens, and errors beside a good status."""

    def source(self, clock):
        headers = {"Authorization": "Bearer t"}
        return x.XSource(a_client(self.url, clock, dialect=x.DIALECT, headers=headers), ANY, ANY)

    async def answer(self, request):
        if request.headers.get("Authorization") != "Bearer t":
            return web.json_response({"title": "Unauthorized"}, status=401)
        if request.path == "/2/users/by/username/mira":
            return web.json_response({"data": {"id": "7", "name": "Mira", "username": "mira"}})
        if request.path.startswith("/2/users/by/username/"):
            kind = "https://api.twitter.com/2/problems/resource-not-found"
            return web.json_response({"errors": [{"title": "Not Found Error", "type": kind}]})
        assert request.path == "/2/users/7/tweets"
        assert request.query["exclude"] == "retweets"
        return web.json_response(self._timeline(request))

    def _timeline(self, request):
        start = int(request.query.get("pagination_token", "0"))
        limit = int(request.query["max_results"])
        assert 5 <= limit <= 100
        oldest = datetime.fromisoformat(request.query["start_time"])
        tweets = [self._tweet(n, age) for n, age in enumerate(self.days)]
        tweets = [t for t in tweets if datetime.fromisoformat(t["created_at"]) >= oldest]
        meta = {"result_count": len(tweets[start : start + limit])}
        if start + limit < len(tweets):
            meta["next_token"] = str(start + limit)
        data = {"data": tweets[start : start + limit]} if tweets[start:] else {}
        return {**data, "meta": meta}

    def _tweet(self, n, age):
        return {
            "id": str(n),
            "text": f"Post {n} &amp; more",
            "edit_history_tweet_ids": [str(n)],
            "created_at": days_ago(age).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "public_metrics": {
                "retweet_count": 1,
                "reply_count": 2,
                "like_count": 3,
                "quote_count": 4,
                "bookmark_count": 5,
                "impression_count": 6,
            },
        }


FAKES = [FakeGitHub, FakeHackerNews, FakeBluesky, FakeMastodon, FakeRss, FakeX]
