"""The fakes of the providers, each knowing many people instead of Mira alone.

What they answer is what ``tests/providers/connectors`` has of each provider's documentation, with
the person's own data in it. Each counts what it is asked and what it answers.
"""

import asyncio
from collections import Counter, defaultdict

import msgspec
from aiohttp import web
from fake_github import USER, FakeGitHub, gpg_key
from fake_gravatar import WITH_KEY, FakeGravatar
from fake_hunter import FOUND, NOTHING, PERSON, FakeHunter, verification
from fake_leadmagic import EMAIL, MOBILE, PROFILE, VALIDATION, FakeLeadMagic
from fake_peopledatalabs import DATA, FakePeopleDataLabs
from fake_prospeo import COMPANY, FakeProspeo
from fake_prospeo import MOBILE as PROSPEO_MOBILE
from fake_prospeo import PERSON as PROSPEO_PERSON
from virtual_time import present


class Crowd:
    """Before a fake's own class: whom a request is about, what goes wrong with it, who has asked.

    Attributes:
        trouble: Given the fake, the endpoint, the person and which request about that person it is
            there, how the request goes wrong; None when it does not.
        arrivals: When requests came, by endpoint, in virtual seconds.
        sent: How often each request came, by its path and query.
        answered: How often a person was answered about as it should be, by endpoint and person.
        troubled: How many requests went wrong.
    """

    name: str
    endpoints: dict[str, str]

    def __init__(self, people, trouble=lambda *_: None):
        super().__init__()
        self.now = lambda: present().timestamp()
        self._people = {name: person for person in people for name in person.names()}
        self.trouble = trouble
        self.arrivals = defaultdict(list)
        self.sent = Counter()
        self.answered = Counter()
        self.troubled = 0
        self._asked = Counter()

    async def handle(self, request):
        body = await request.read()
        endpoint, person = self.endpoint(request), self._person(request, body)
        self.arrivals[endpoint].append(asyncio.get_running_loop().time())
        self.sent[request.path_qs] += 1
        self._asked[endpoint, person.number] += 1
        trouble = self.trouble(self, endpoint, person, self._asked[endpoint, person.number])
        if trouble is None:
            return self.as_it_should(request, body)
        self.troubled += 1
        return await trouble(request)

    def as_it_should(self, request, body):
        """The documented answer about the person."""
        assert self.is_authorised(request)
        endpoint, person = self.endpoint(request), self._person(request, body)
        self.answered[endpoint, person.number] += 1
        known = person.known.get(self.name)
        if known and known.is_suppressed and endpoint != "verifier":
            return web.json_response({}, status=451)
        return self.respond_about(person, known, request, body)

    def endpoint(self, request):
        return self.endpoints[request.path.rpartition("/")[2]]

    @property
    def requests_in_all(self):
        return sum(map(len, self.arrivals.values()))

    def _person(self, request, body):
        content = msgspec.json.decode(body) if body else {}
        named = [*request.path.split("/"), *request.query.values(), *_texts(content)]
        words = (word for text in named for word in text.lower().split(" "))
        return next(self._people[word] for word in words if word in self._people)


def _texts(node):
    if isinstance(node, dict):
        for child in node.values():
            yield from _texts(child)
    elif isinstance(node, str):
        yield node


class CrowdAtHunter(Crowd, FakeHunter):
    name = "hunter"
    endpoints = {  # noqa: RUF012 - never changed
        "email-finder": "finder",
        "find": "people",
        "email-verifier": "verifier",
    }

    def respond_about(self, person, known, request, _body):
        if self.endpoint(request) == "verifier":
            is_right = request.query["email"] == person.email
            return web.json_response(verification("valid" if is_right else "invalid"))
        phone = person.phone if known and known.has_phone else None
        if self.endpoint(request) == "finder":
            return web.json_response(_found(person, known, phone))
        if not known:
            return self.error(404, "not_found", "Not found")
        handles = {"linkedin": person.slug, "twitter": person.handle, "github": person.slug}
        named = {network: {"handle": handle} for network, handle in handles.items()}
        return web.json_response({"data": PERSON["data"] | named | {"phone": phone}})


def _found(person, known, phone):
    if not (known and known.email):
        return NOTHING
    status = "valid" if known.email == person.email else "accept_all"
    own = {
        "email": known.email,
        "twitter": person.handle,
        "linkedin_url": f"https://www.linkedin.com/in/{person.slug}",
        "phone_number": phone,
        "verification": {"date": "2026-10-09", "status": status},
    }
    return {"data": FOUND["data"] | own}


class CrowdAtProspeo(Crowd, FakeProspeo):
    name = "prospeo"
    endpoints = {"enrich-person": "enrich"}  # noqa: RUF012 - never changed

    def respond_about(self, person, known, _request, body):
        if not known:
            return self.error(400, "NO_MATCH")
        wants_mobile = msgspec.json.decode(body)["enrich_mobile"] and known.has_phone
        mobile = PROSPEO_MOBILE | {"mobile_international": person.phone}
        status = "VERIFIED" if known.email == person.email else "UNVERIFIED"
        email = PROSPEO_PERSON["email"] | {"email": known.email, "status": status}
        own = {
            "linkedin_url": f"https://www.linkedin.com/in/{person.slug}",
            "email": email if known.email else None,
            "mobile": mobile if wants_mobile else None,
        }
        return web.json_response(
            {"error": False, "person": PROSPEO_PERSON | own, "company": COMPANY}
        )


class CrowdAtLeadMagic(Crowd, FakeLeadMagic):
    name = "leadmagic"
    endpoints = {  # noqa: RUF012 - never changed
        "b2b-profile-email": "email",
        "mobile-finder": "mobile",
        "profile-search": "profile",
        "email-validation": "verifier",
    }

    def respond_about(self, person, known, request, body):
        match self.endpoint(request):
            case "email":
                return web.json_response(EMAIL | {"email": (known and known.email) or None})
            case "mobile":
                number = person.phone if known and known.has_phone else None
                return web.json_response(MOBILE | {"mobile_number": number})
            case "profile" if known:
                return web.json_response(PROFILE)
            case "verifier":
                is_right = msgspec.json.decode(body)["email"] == person.email
                status = "valid" if is_right else "catch_all"
                return web.json_response(VALIDATION | {"email_status": status})
        return self.error(404, "profile_not_found")


class CrowdAtPeopleDataLabs(Crowd, FakePeopleDataLabs):
    name = "peopledatalabs"
    endpoints = {"enrich": "enrich"}  # noqa: RUF012 - never changed

    def respond_about(self, person, known, request, _body):
        own = known and {
            "linkedin_url": f"linkedin.com/in/{person.slug}",
            "twitter_username": person.handle,
            "github_username": person.slug,
            "profiles": [],
            "work_email": known.email or None,
            "recommended_personal_email": None,
            "personal_emails": [],
            "emails": [{"address": known.email, "type": "professional"}] if known.email else [],
            "mobile_phone": person.phone if known.has_phone else None,
            "phone_numbers": [person.phone] if known.has_phone else [],
        }
        needed = request.query.get("required", "").replace(" OR ", " ").split()
        if not own or (needed and not any(own[name] for name in needed)):
            return self.error(404, "not_found", "No records were found matching your request")
        data = {name: (DATA | own)[name] for name in request.query["data_include"].split(",")}
        body = {"status": 200, "likelihood": 8, "data": data}
        return web.json_response(body, headers={"X-Call-Credits-Spent": "1"})


class CrowdAtGitHub(Crowd, FakeGitHub):
    name = "github"

    def endpoint(self, request):
        return "search" if request.path.startswith("/search") else "core"

    def respond_about(self, person, known, request, _body):
        user = USER | {
            "login": person.slug,
            "email": person.email,
            "blog": f"https://www.linkedin.com/in/{person.slug}",
            "twitter_username": person.handle,
        }
        if self.endpoint(request) == "search":
            items = [user] if known else []
            return web.json_response({"incomplete_results": False, "items": items})
        if not known:
            return web.json_response({"message": "Not Found"}, status=404)
        match request.path.rpartition("/")[2]:
            case "gpg_keys":
                is_proven = known.email == person.email
                return web.json_response([gpg_key((person.email, True))] if is_proven else [])
            case "social_accounts":
                return web.json_response([])
        return web.json_response(user)


class CrowdAtGravatar(Crowd, FakeGravatar):
    name = "gravatar"

    def endpoint(self, _request):
        return "profiles"

    def respond_about(self, person, known, request, _body):
        accounts = [f"https://github.com/{person.slug}", f"https://twitter.com/{person.handle}"]
        profile = known and WITH_KEY | {
            "verified_accounts": [{"url": url} for url in accounts],
            "contact_info": {
                "email": known.email or None,
                "cell_phone": person.phone if known.has_phone else None,
            },
        }
        if request.path.endswith("by-verified-account"):
            return web.json_response({"profiles": [profile] if known else []})
        if not known:
            return web.json_response({"error": "Profile not found"}, status=404)
        return web.json_response(profile)


CROWDS = (
    CrowdAtGitHub,
    CrowdAtGravatar,
    CrowdAtHunter,
    CrowdAtProspeo,
    CrowdAtLeadMagic,
    CrowdAtPeopleDataLabs,
)


def most_within(moments, seconds):
    """The most of them within any period of that length."""
    first, most = 0, 0
    for last, moment in enumerate(moments):
        while moments[first] <= moment - seconds:
            first += 1
        most = max(most, last - first + 1)
    return most
