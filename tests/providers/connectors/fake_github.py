"""GitHub's REST API as docs.github.com/rest describes it (version 2022-11-28)."""

import time

from aiohttp import web
from fake_provider import KEY, FakeProvider

USER = {
    "login": "Mira-Okafor",
    "id": 583231,
    "node_id": "MDQ6VXNlcjU4MzIzMQ==",
    "avatar_url": "https://avatars.githubusercontent.com/u/583231?v=4",
    "gravatar_id": "",
    "url": "https://api.github.com/users/Mira-Okafor",
    "html_url": "https://github.com/Mira-Okafor",
    "type": "User",
    "user_view_type": "public",
    "site_admin": False,
    "name": "Mira Okafor",
    "company": "@northwind",
    "blog": "https://www.linkedin.com/in/mira-okafor",
    "location": "London",
    "email": "mira@northwind.example",
    "hireable": None,
    "bio": "VP Marketing at Northwind",
    "twitter_username": "Mira_Okafor",
    "public_repos": 8,
    "public_gists": 8,
    "followers": 20,
    "following": 9,
    "created_at": "2011-01-25T18:44:36Z",
    "updated_at": "2026-08-11T10:00:00Z",
}
ORGANISATION = USER | {"login": "northwind", "type": "Organization", "email": None}


def gpg_key(*emails, revoked=False, expires_at=None):
    return {
        "id": 3,
        "name": "Mira's key",
        "primary_key_id": None,
        "key_id": "3262EFF25BA0D270",
        "public_key": "xsBNBFayYZ...",
        "emails": [{"email": email, "verified": verified} for email, verified in emails],
        "subkeys": [],
        "can_sign": True,
        "can_encrypt_comms": False,
        "can_encrypt_storage": False,
        "can_certify": True,
        "created_at": "2016-03-24T11:31:04-06:00",
        "expires_at": expires_at,
        "revoked": revoked,
        "raw_key": None,
    }


KEYS = [
    gpg_key(("Mira.Okafor@northwind.example", True), ("unproven@northwind.example", False)),
    gpg_key(("1234+mira-okafor@users.noreply.github.com", True)),
    gpg_key(("revoked@northwind.example", True), revoked=True),
    gpg_key(("expired@northwind.example", True), expires_at="2020-01-01T00:00:00.000Z"),
    gpg_key(("future@northwind.example", True), expires_at="2999-01-01T00:00:00.000Z"),
]
ACCOUNTS = [
    {"provider": "twitter", "url": "https://twitter.com/mira_okafor"},
    {"provider": "linkedin", "url": "https://www.linkedin.com/in/mira-okafor"},
    {"provider": "generic", "url": "https://mira.example"},
]
DOCUMENTATION = "https://docs.github.com/rest"


class FakeGitHub(FakeProvider):
    """Works without a token too."""

    users = {"mira-okafor": USER, "northwind": ORGANISATION}  # noqa: RUF012 - never changed

    def is_authorised(self, request):
        assert request.headers["User-Agent"]
        assert request.headers["X-GitHub-Api-Version"] == "2022-11-28"
        return request.headers.get("Authorization", f"Bearer {KEY}") == f"Bearer {KEY}"

    async def respond(self, request):
        match request.path.strip("/").split("/"):
            case ["rate_limit"]:
                return _json({"resources": {"core": {"limit": 5000, "remaining": 4999}}})
            case ["search", "users"]:
                return self._search(request.query["q"])
            case ["users", login, *rest] if user := self.users.get(login.lower()):
                return _json(
                    {"gpg_keys": KEYS, "social_accounts": ACCOUNTS}[rest[0]] if rest else user
                )
        return _json(
            {"message": "Not Found", "documentation_url": DOCUMENTATION, "status": "404"}, 404
        )

    def _search(self, query):
        text, qualifier = query.split(" ")
        assert qualifier == "in:email"
        hits = [user for user in self.users.values() if user["email"] == text]
        items = [
            {"login": user["login"], "id": 1, "type": user["type"], "score": 1.0} for user in hits
        ]
        return _json({"total_count": len(items), "incomplete_results": False, "items": items})

    def bad_key(self):
        return _json({"message": "Bad credentials", "documentation_url": DOCUMENTATION}, 401)

    def rate_limited(self, status=403, reset=60):
        """The primary limit."""
        headers = {
            "X-RateLimit-Limit": "60",
            "X-RateLimit-Remaining": "0",
            "X-RateLimit-Used": "60",
            "X-RateLimit-Reset": str(int(self.now() + reset)),
            "X-RateLimit-Resource": "core",
        }
        message = "API rate limit exceeded for 203.0.113.7. (But here's the good news: ...)"
        return _json({"message": message, "documentation_url": DOCUMENTATION}, status, headers)

    def secondary_limit(self, headers=()):
        message = "You have exceeded a secondary rate limit. Please wait a few minutes."
        return _json({"message": message, "documentation_url": DOCUMENTATION}, 403, dict(headers))


def _json(content, status=200, headers=()):
    usual = {
        "X-RateLimit-Limit": "5000",
        "X-RateLimit-Remaining": "4987",
        "X-RateLimit-Reset": str(int(time.time() + 3000)),
    }
    return web.json_response(
        content, status=status, headers=dict(headers) if status != 200 else usual
    )
