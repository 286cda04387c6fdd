"""People Data Labs' person enrichment as docs.peopledatalabs.com describes it (v5)."""

from datetime import UTC, datetime

from aiohttp import web
from fake_provider import KEY, FakeProvider

DATA = {
    "id": "qEnOZ5Oh0poWnQ1luFBfVw_0000",
    "full_name": "Mira Okafor",
    "first_name": "Mira",
    "last_name": "Okafor",
    "linkedin_url": "linkedin.com/in/mira-okafor",
    "linkedin_username": "mira-okafor",
    "twitter_url": "twitter.com/mira_okafor",
    "twitter_username": "mira_okafor",
    "github_url": "github.com/mira-okafor",
    "github_username": "mira-okafor",
    "work_email": "mira@northwind.example",
    "personal_emails": ["mira.home@example.com"],
    "recommended_personal_email": "mira.home@example.com",
    "emails": [
        {"address": "mira@northwind.example", "type": "current_professional"},
        {"address": "mira@old.example", "type": "professional"},
    ],
    "mobile_phone": "+12025550102",
    "phone_numbers": ["+12025550102", "+442079460190"],
    "job_title": "VP Marketing",
    "job_company_name": "Northwind",
    "location_name": "London, England, United Kingdom",
    "profiles": [
        {"network": "linkedin", "id": "1", "url": "linkedin.com/in/mira-okafor", "username": "m"},
        {"network": "github", "id": None, "url": "github.com/mira-okafor", "username": "m"},
        {"network": "klout", "id": None, "url": "klout.com/mira", "username": "mira"},
    ],
}
MASKED = DATA | {
    "work_email": True,
    "personal_emails": True,
    "recommended_personal_email": True,
    "emails": True,
    "mobile_phone": True,
    "phone_numbers": True,
}
MIRA = {
    "linkedin.com/in/mira-okafor",
    "twitter.com/mira_okafor",
    "github.com/mira-okafor",
    "mira@northwind.example",
}


class FakePeopleDataLabs(FakeProvider):
    """Answers what ``data_include`` names."""

    data = DATA

    def is_authorised(self, request):
        return request.headers.get("X-Api-Key") == KEY

    async def respond(self, request):
        query = request.query
        assert request.path == "/person/enrich"
        if not MIRA & {query.get("profile"), query.get("email")}:
            return self.error(404, "not_found", "No records were found matching your request")
        wanted = query["data_include"].split(",")
        assert set(wanted) <= set(DATA)
        needed = query.get("required", "").replace(" OR ", " ").split()
        if needed and not any(self.data[name] for name in needed):
            return self.error(404, "not_found", "No records were found matching your request")
        body = {
            "status": 200,
            "likelihood": 8,
            "data": {name: self.data[name] for name in wanted},
        }
        headers = {
            "X-Call-Credits-Type": "enrich",
            "X-Call-Credits-Spent": "1",
            "X-RateLimit-Limit": '{"minute": 100}',
            "X-RateLimit-Remaining": '{"minute": 99}',
        }
        return web.json_response(body, headers=headers)

    def bad_key(self):
        return self.error(401, "authentication_error", "Request contained a missing or invalid key")

    def no_credits(self):
        return self.error(402, "payment_required", "You have hit your account maximum")

    def rate_limited(self, reset=60):
        at = datetime.fromtimestamp(self.now() + reset, UTC)
        headers = {
            "X-RateLimit-Limit": '{"minute": 100}',
            "X-RateLimit-Remaining": '{"minute": 0}',
            "X-RateLimit-Reset": at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        }
        return self.error(429, "rate_limit_error", "An error occurred due to rate limits", headers)

    def error(self, status, kind, message, headers=()):
        body = {"status": status, "error": {"type": kind, "message": message}}
        return web.json_response(body, status=status, headers=dict(headers))
