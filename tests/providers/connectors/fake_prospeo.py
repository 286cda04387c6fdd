"""Prospeo's API as prospeo.io/api-docs/enrich-person describes it."""

from aiohttp import web
from fake_provider import KEY, FakeProvider

PERSON = {
    "person_id": "aaaad08a4f7a6c2b",
    "first_name": "Mira",
    "last_name": "Okafor",
    "full_name": "Mira Okafor",
    "linkedin_url": "https://www.linkedin.com/in/mira-okafor",
    "current_job_title": "VP Marketing",
    "current_job_key": "k",
    "headline": "VP Marketing at Northwind",
    "linkedin_member_id": "12345",
    "last_job_change_detected_at": None,
    "job_history": [{"title": "VP Marketing", "company_name": "Northwind", "current": True}],
    "mobile": {"status": "VERIFIED", "revealed": False, "mobile": "+1 202-555-****"},
    "email": {
        "status": "VERIFIED",
        "revealed": True,
        "email": "mira@northwind.example",
        "verification_method": "SMTP",
        "email_mx_provider": "Google",
    },
    "location": {"city": "London", "state": None, "country": "United Kingdom"},
    "skills": ["Marketing"],
}
MOBILE = {
    "status": "VERIFIED",
    "revealed": True,
    "mobile": "+12025550102",
    "mobile_national": "(202) 555-0102",
    "mobile_international": "+1 202-555-0102",
    "mobile_country": "United States",
    "mobile_country_code": "US",
}
COMPANY = {"company_id": "c1", "name": "Northwind", "domain": "northwind.example", "keywords": []}


class FakeProspeo(FakeProvider):
    """Reveals a mobile only when that was asked for."""

    person, free = PERSON, False

    def is_authorised(self, request):
        return request.headers.get("X-KEY") == KEY

    async def respond(self, request):
        if request.path == "/account-information":
            return web.json_response({"error": False, "response": {"remaining_credits": 99}})
        assert (request.method, request.path) == ("POST", "/enrich-person")
        body = await request.json()
        asked = set(body["data"].values())
        if not asked & {"https://www.linkedin.com/in/mira-okafor", "mira@northwind.example"}:
            return self.error(400, "NO_MATCH")
        person = self.person | ({"mobile": MOBILE} if body.get("enrich_mobile") else {})
        enriched = {
            "error": False,
            "free_enrichment": self.free,
            "person": person,
            "company": COMPANY,
        }
        return web.json_response(enriched, headers=_left(17, 900))

    def bad_key(self):
        return self.error(401, "INVALID_API_KEY")

    def no_credits(self):
        return self.error(400, "INSUFFICIENT_CREDITS")

    def rate_limited(self, reset=None):
        return self.error(429, "RATE_LIMITED", {} if reset is None else _left(0, 900, reset))

    def error(self, status, code, headers=()):
        body = {"error": True, "error_code": code}
        return web.json_response(body, status=status, headers=dict(headers))


def _left(minute, day, reset=40):
    return {
        "X-Second-Rate-Limit": "5",
        "X-Minute-Request-Left": str(minute),
        "X-Minute-Reset-Seconds": str(reset),
        "X-Daily-Request-Left": str(day),
        "X-Daily-Reset-Seconds": "40000",
    }
