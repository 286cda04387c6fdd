"""Files of invented people, as operators have them."""

import csv
import io
import json

from enrich_stream.identifiers import normalise
from enrich_stream.person import IdentifierKind

LINKEDIN, EMAIL, X, GITHUB = IdentifierKind

MIRA = {
    "linkedin_url": "https://UK.linkedin.com/in/Mira-Okafor/?trk=x",
    "email": [
        {"value": "Mira <MIRA@old.example>", "verified": True, "verified_at": "2024-02-01"},
        {"value": "mira@maybe.example", "verified": False},
        {"value": "mira@northwind.example", "verified": True, "verified_at": "2026-02-01"},
    ],
    "x_handle": "https://twitter.com/Mira_Okafor",
    "github_username": "@Mira-Okafor",
    "phone": ["(415) 555-0132", "+44 20 7946 0958"],
    "profile": {"name": "Mira Okafor", "title": "Head of Data"},
    "signals": [
        {"type": "talk", "platform": "Web", "occurred_at": "2026-08-01T10:00:00+02:00"},
        {"type": "job_change", "occurred_at": "2026-11-01", "url": "https://northwind.example/n"},
    ],
    "updated_at": "2026-11-02",
}


def json_lines(*people):
    return "".join(json.dumps(person) + "\n" for person in people).encode()


def csv_file(header, *rows):
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    return text.getvalue().encode()


def found(store, kind, text):
    return store.find(normalise(kind, text))


def problems_of(store):
    return [(p.line, p.reason, p.skipped) for p in store.report.first_problems]
