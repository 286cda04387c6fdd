"""An endpoint that knows people, to start your own from: it answers from a CSV file.

    python examples/endpoint_server.py people.csv 9000
    ENRICH_ENDPOINT_URL=http://127.0.0.1:9000/people enrich-stream worker

The file has the columns linkedin_url, email, x_handle, github_username, phone and name, identifiers
in the canonical form in which they are asked for (``mira-okafor``, not an address). In a service of
yours, ``person_named`` is the part to replace. With ENRICH_ENDPOINT_TOKEN set, the token is asked.
"""

import csv
import hmac
import os
import sys
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

IDENTIFIERS = ("linkedin_url", "email", "x_handle", "github_username")
EXPECTED = f"Bearer {os.environ.get('ENRICH_ENDPOINT_TOKEN', '')}".rstrip()
people: dict[tuple[str, str], dict[str, str]] = {}


def person_named(kind: str, value: str) -> dict[str, str] | None:
    """The row of that person; None when there is none."""
    return people.get((kind, value))


def found(value: Any) -> dict[str, Any]:
    """One field of the answer: a verified value, or that there is none."""
    if not value:
        return {"outcome": "absent", "reason": "nothing on record"}
    return {"outcome": "found", "values": [{"value": value, "verified": True}]}


async def answer(request: Request) -> Response:
    """Answer one question about one person."""
    given = request.headers.get("Authorization", "Bearer")
    if not hmac.compare_digest(given.encode(), EXPECTED.encode()):
        return Response(status_code=401)
    question = await request.json()
    person = person_named(**question["identifier"])
    if person is None:
        return Response(status_code=404)
    profile = {"name": person["name"]} if person["name"] else None
    known = {"contact.email": person["email"], "contact.phone": person["phone"], "profile": profile}
    fields = {name: found(known[name]) for name in question["fields"] if name in known}
    return JSONResponse({"person_known": True, "fields": fields})


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8", newline="") as file:  # noqa: PTH123 - a short script
        for row in csv.DictReader(file):
            people.update({(kind, row[kind]): row for kind in IDENTIFIERS if row[kind]})
    app = Starlette(routes=[Route("/people", answer, methods=["POST"])])
    uvicorn.run(app, port=int(sys.argv[2]), access_log=False)
