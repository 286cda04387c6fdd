"""Gravatar's REST API as its OpenAPI description has it (version 3.0.0)."""

import hashlib

from aiohttp import web
from fake_provider import KEY, MIRA_EMAIL, FakeProvider

SHOWN = {
    "hash": hashlib.sha256(b"mira@northwind.example").hexdigest(),
    "display_name": "Mira Okafor",
    "profile_url": "https://gravatar.com/miraokafor",
    "avatar_url": "https://0.gravatar.com/avatar/1",
    "avatar_alt_text": "",
    "location": "London",
    "description": "Marketing, mostly",
    "job_title": "VP Marketing",
    "company": "Northwind",
    "verified_accounts": [
        {
            "service_type": service,
            "service_label": service.title(),
            "service_icon": f"https://gravatar.com/icons/{service}.svg",
            "url": url,
            "is_hidden": False,
        }
        for service, url in [
            ("github", "https://github.com/Mira-Okafor"),
            ("twitter", "https://twitter.com/mira_okafor"),
            ("tumblr", "https://mira.tumblr.com/"),
        ]
    ],
    "pronunciation": "",
    "pronouns": "",
}
WITH_KEY = SHOWN | {
    "timezone": "Europe/London",
    "languages": [{"code": "en", "name": "English", "is_primary": True, "order": 0}],
    "first_name": "Mira",
    "last_name": "Okafor",
    "is_organization": False,
    "contact_info": {
        "home_phone": "+44 20 7946 0191",
        "work_phone": "+44-20-7946-0190",
        "cell_phone": "+1-202-555-0102",
        "email": "mira.home@northwind.example",
        "contact_form": "https://mira.example/contact",
    },
    "number_verified_accounts": 3,
    "last_profile_edit": "2026-10-01T12:00:00Z",
    "registration_date": None,
}


class FakeGravatar(FakeProvider):
    """Shows less without a key, and does not search."""

    def is_authorised(self, request):
        return request.headers.get("Authorization", f"Bearer {KEY}") == f"Bearer {KEY}"

    async def respond(self, request):
        has_key = "Authorization" in request.headers
        profile = WITH_KEY if has_key else SHOWN
        match request.path.strip("/").split("/"):
            case ["verified-accounts", "services"]:
                return _json({"services": [{"id": "github", "label": "GitHub"}]})
            case ["profiles", "search", "by-verified-account"] if has_key:
                known = {("mira_okafor", "twitter"), ("mira-okafor", "github")}
                is_known = (request.query["username"], request.query["service"]) in known
                profiles = [profile] if is_known else []
                return _json({"profiles": profiles, "total_pages": len(profiles)})
            case ["profiles", name] if (
                name == hashlib.sha256(MIRA_EMAIL.value.encode()).hexdigest()
            ):
                return _json(profile)
            case ["profiles", "search", *_]:
                return self.bad_key()
        return _json({"error": "Profile not found", "code": "not_found"}, 404)

    def bad_key(self):
        return _json({"error": "You are not authorized to perform this action"}, 401)

    def rate_limited(self, reset=60):
        headers = {
            "X-RateLimit-Limit": "100",
            "X-RateLimit-Remaining": "0",
            "X-RateLimit-Reset": str(int(self.now() + reset)),
        }
        return _json({"error": "Rate limit exceeded", "code": "rate_limit_exceeded"}, 429, headers)


def _json(content, status=200, headers=()):
    return web.json_response(content, status=status, headers=dict(headers))
