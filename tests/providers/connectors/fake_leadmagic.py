"""LeadMagic's API as its OpenAPI description has it (version 1.4.35)."""

from aiohttp import web
from fake_provider import KEY, FakeProvider

MIRA = {
    "https://www.linkedin.com/in/mira-okafor",
    "mira@northwind.example",
}
EMAIL = {
    "profile_url": "mira-okafor",
    "credits_consumed": 5,
    "message": "Email Found.",
    "email": "mira@northwind.example",
}
MOBILE = {
    "profile_url": "mira-okafor",
    "email": None,
    "mobile_number": "12025550102",
    "credits_consumed": 5,
    "message": "Mobile number found.",
}
PROFILE = {
    "profile_url": "mira-okafor",
    "first_name": "Mira",
    "last_name": "Okafor",
    "full_name": "Mira Okafor",
    "professional_title": "VP Marketing",
    "bio": "Marketing, mostly",
    "company_name": "Northwind",
    "company_industry": "Internet",
    "country": "United Kingdom",
    "location": "London",
    "work_experience": [{"position_title": "VP Marketing", "company_name": "Northwind"}],
    "education": [],
    "credits_consumed": 1,
    "message": "Profile found.",
}
VALIDATION = {
    "email": "mira@northwind.example",
    "email_status": "valid",
    "credits_consumed": 0.25,
    "message": "Email is valid.",
    "mx_record": "mx1.example.com",
    "mx_provider": "Example Mail",
    "mx_security_gateway": False,
    "company_name": "Northwind",
}


class FakeLeadMagic(FakeProvider):
    """What is not there is null, or a 404 for a profile."""

    email, mobile, profile, validation = EMAIL, MOBILE, PROFILE, VALIDATION

    def is_authorised(self, request):
        return request.headers.get("X-API-Key") == KEY

    async def respond(self, request):
        if request.path == "/v1/credits":
            return web.json_response({"credits": 15432.5, "is_frozen": False})
        assert request.method == "POST"
        is_mira = bool(MIRA & set((await request.json()).values()))
        match request.path:
            case "/v1/people/b2b-profile-email":
                return _json(self.email if is_mira else EMAIL | _nothing("email"))
            case "/v1/people/mobile-finder":
                return _json(self.mobile if is_mira else MOBILE | _nothing("mobile_number"))
            case "/v1/people/profile-search" if is_mira:
                return _json(self.profile)
            case "/v1/people/email-validation":
                return _json(self.validation)
        return self.error(404, "profile_not_found")

    def bad_key(self):
        return self.error(401, "invalid_api_key")

    def no_credits(self):
        return self.error(402, "insufficient_credits")

    def rate_limited(self, reset=60, *, is_epoch=False):
        at = str(int(self.now() + reset)) if is_epoch else str(reset)
        headers = {
            "RateLimit-Limit": "600",
            "RateLimit-Remaining": "0",
            "RateLimit-Reset": at,
        }
        return self.error(429, "rate_limit_exceeded", headers)

    def error(self, status, code, headers=()):
        body = {
            "success": False,
            "errors": [
                {
                    "type": f"https://api.leadmagic.io/errors/{code}",
                    "title": "Something to read.",
                    "status": status,
                    "code": code,
                }
            ],
            "meta": {"request_id": "ea6e3248-f4d2-437d-bca3-20881b529129"},
        }
        return web.json_response(
            body,
            status=status,
            headers=dict(headers),
            content_type="application/problem+json",
        )


def _nothing(member):
    return {member: None, "credits_consumed": 0, "message": "Nothing found."}


def _json(content):
    headers = {
        "RateLimit-Limit": "3000",
        "RateLimit-Remaining": "2847",
        "RateLimit-Reset": "42",
        "X-Credits-Remaining": "15432.50",
        "X-Credits-Cost": "1",
    }
    return web.json_response(content, headers=headers)
