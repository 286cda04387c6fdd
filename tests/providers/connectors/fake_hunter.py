"""Hunter's API as hunter.io/api-documentation/v2 describes it."""

from aiohttp import web
from fake_provider import KEY, FakeProvider

FOUND = {
    "data": {
        "first_name": "Mira",
        "last_name": "Okafor",
        "email": "mira@northwind.example",
        "score": 97,
        "domain": "northwind.example",
        "accept_all": False,
        "position": "VP Marketing",
        "twitter": "mira_okafor",
        "linkedin_url": "https://www.linkedin.com/in/mira-okafor",
        "phone_number": "+1 202 555 0102",
        "company": "Northwind",
        "sources": [
            {
                "domain": "northwind.example",
                "uri": "http://northwind.example/team",
                "extracted_on": "2026-01-02",
                "last_seen_on": "2026-10-02",
                "still_on_page": True,
            }
        ],
        "verification": {"date": "2026-10-09", "status": "valid"},
    },
    "meta": {"params": {"linkedin_handle": "mira-okafor"}},
}
NOTHING = {"data": dict.fromkeys(FOUND["data"]), "meta": {}}
PERSON = {
    "data": {
        "id": "88c9f3a2-1d9b-4e2f-9b1a-5a5b9b2a1d9b",
        "name": {"fullName": "Mira Okafor", "givenName": "Mira", "familyName": "Okafor"},
        "email": "mira@northwind.example",
        "location": "London, United Kingdom",
        "timeZone": "Europe/London",
        "geo": {"city": "London", "country": "United Kingdom", "lat": 51.5, "lng": -0.1},
        "employment": {
            "domain": "northwind.example",
            "name": "Northwind",
            "title": "VP Marketing",
            "role": "marketing",
            "seniority": "executive",
        },
        "facebook": {"handle": None},
        "github": {"handle": "mira-okafor"},
        "twitter": {"handle": "mira_okafor"},
        "linkedin": {"handle": "mira-okafor"},
        "gravatar": {"handle": None},
        "emailProvider": "google.com",
        "phone": "+44 20 7946 0190",
        "activeAt": "2026-10-01",
        "inactiveAt": None,
    },
    "meta": {"email": "mira@northwind.example"},
}


def verification(status, **flags):
    return {
        "data": {
            "status": status,
            "result": "deliverable",
            "score": 90,
            "email": "mira@northwind.example",
            "regexp": True,
            "gibberish": False,
            "disposable": False,
            "webmail": False,
            "mx_records": True,
            "smtp_server": True,
            "smtp_check": False,
            "accept_all": False,
            "block": False,
            "sources": [],
        }
        | flags,
        "meta": {"params": {"email": "mira@northwind.example"}},
    }


class FakeHunter(FakeProvider):
    """403 for too many calls, 429 for a plan used up."""

    found, person, check = FOUND, PERSON, verification("valid")

    def is_authorised(self, request):
        assert "api_key" not in request.query
        return request.headers.get("X-API-KEY") == KEY

    async def respond(self, request):
        asked = request.query.get("linkedin_handle") or request.query.get("email")
        is_mira = asked in {"mira-okafor", "mira@northwind.example"}
        match request.path:
            case "/account":
                return web.json_response({"data": {"plan_name": "Free", "email": "a@b.example"}})
            case "/email-finder":
                assert 3 <= int(request.query["max_duration"]) <= 20
                return web.json_response(self.found if is_mira else NOTHING)
            case "/people/find" if is_mira:
                return web.json_response(self.person)
            case "/email-verifier":
                return web.json_response(self.check)
        return self.error(404, "not_found", "Not found")

    def bad_key(self):
        return self.error(401, "authentication_failed", "No user found for the API key supplied")

    def no_credits(self):
        return self.error(429, "too_many_requests", "You've exceeded the limit of your plan")

    def rate_limited(self):
        return self.error(403, "too_many_requests", "You've reached the rate limit")

    def error(self, status, kind, details):
        body = {"errors": [{"id": kind, "code": status, "details": details}]}
        return web.json_response(body, status=status)
