"""Writes the example files: invented people, always the same ones.

``people.jsonl`` is a directory of 5,000 people as an operator would export it, messy spellings
included; ``batch.json`` is a body for ``POST /api/enrichments`` with 100 of them, some of whom
nobody knows; ``people-to-enrich.csv`` has 1,000 to submit as a file.

Nobody in them exists: the domains are reserved for examples and the phone numbers for fiction.
"""

import csv
import json
import random
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SEED = 20_261_123
PEOPLE = 5_000
BATCH = 100
TO_SUBMIT = 1_000
UNKNOWN_SHARE = 0.08

FIRST = (
    "Mira Tomas Aylin Jonas Ines Kofi Lena Marek Noor Oskar Priya Quentin Rosa Sanjay Thea Umar "
    "Vera Wim Xenia Yusuf Zoe Amara Björn Chiara Dmitri Élodie Farid Greta Hiro Ilse"
).split()
LAST = (
    "Okafor Lindqvist Demir Fischer Moreau Mensah Novak Kaya Rossi Petrov Iyer Dubois Santos Mehta "
    "Larsen Hassan Kowalski Jansen García Haddad Brandt Nakamura Silva Weber Østergaard Müller "
    "Conti Baptiste Yilmaz O'Neill"
).split()
COMPANIES = "northwind contoso fabrikam tailspin litware adatum wingtip proseware".split()
DOMAINS = [f"{company}.example" for company in COMPANIES] + ["example.com", "example.org"]
TITLES = ("Engineer", "Head of Sales", "CTO", "Designer", "Analyst", "VP Marketing", "Recruiter")
EVENTS = ("job_change", "promotion", "funding", "hiring", "talk")
ASCII = str.maketrans({"é": "e", "É": "e", "ö": "o", "ü": "u", "í": "i", "Ø": "o", "'": ""})


def main() -> None:
    """Write all three files."""
    draw = random.Random(SEED)
    people = [make_person(draw, number) for number in range(PEOPLE)]
    lines = (json.dumps(person, ensure_ascii=False) for person in people)
    (HERE / "people.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    write_batch(draw, people)
    write_csv(draw, people)


def make_person(draw: random.Random, number: int) -> dict[str, Any]:
    """One row; the first is always Mira Okafor, whom the documentation asks about."""
    first, last = (FIRST[0], LAST[0]) if number == 0 else (draw.choice(FIRST), draw.choice(LAST))
    plain = f"{first} {last}".translate(ASCII).lower()
    slug = plain.replace(" ", "-") + (f"-{number}" if number else "")
    handle = (plain.replace(" ", "_")[:10] + f"_{number}") if number else "mira_okafor"
    person: dict[str, Any] = {"linkedin_url": linkedin_spelling(draw, slug)}
    if draw.random() < 0.6 or number == 0:
        person["x_handle"] = draw.choice((f"@{handle}", handle, f"https://x.com/{handle.upper()}"))
    if draw.random() < 0.5 or number == 0:
        person["github_username"] = draw.choice((slug, slug.title(), f"github.com/{slug}"))
    if emails := make_emails(draw, plain, number):
        person["email"] = emails
    if phones := make_phones(draw, number):
        person["phone"] = phones
    person["profile"] = make_profile(draw, f"{first} {last}")
    if draw.random() < 0.2:
        person["signals"] = [make_signal(draw) for _ in range(draw.randint(1, 3))]
    return person


def linkedin_spelling(draw: random.Random, slug: str) -> str:
    """A profile's address as people paste it."""
    forms = (
        "https://www.linkedin.com/in/{}",
        "https://www.linkedin.com/in/{}/",
        "http://linkedin.com/in/{}?trk=people-search",
        "linkedin.com/in/{}",
        "https://uk.linkedin.com/in/{}/en",
        "HTTPS://WWW.LINKEDIN.COM/in/{}",
    )
    return draw.choice(forms).format(slug)


def make_emails(draw: random.Random, plain: str, number: int) -> list[dict[str, Any]]:
    """None, one or several; verified or not."""
    count = 1 if number == 0 else draw.choice((0, 1, 1, 1, 1, 2, 3))
    emails = []
    for place in range(count):
        local = plain.replace(" ", draw.choice(".-_")) + (f"{number}" if number else "")
        address = f"{local}@{DOMAINS[(number + place) % len(DOMAINS)]}"
        email: dict[str, Any] = {"value": address.title() if draw.random() < 0.2 else address}
        if number == 0 or draw.random() < 0.8:
            email |= {"verified": True, "verified_at": make_date(draw)}
        else:
            email["verified"] = False
        emails.append(email)
    return emails


def make_phones(draw: random.Random, number: int) -> list[str]:
    """None, one or two, from the ranges kept for fiction in the US and the UK."""
    forms = (
        lambda: f"+1415555{draw.randint(100, 199):04d}",
        lambda: f"(212) 555-{draw.randint(100, 199):04d}",
        lambda: f"+44 20 7946 {draw.randint(0, 999):04d}",
    )
    count = 1 if number == 0 else draw.choice((0, 0, 1, 1, 2))
    return [draw.choice(forms)() for _ in range(count)]


def make_profile(draw: random.Random, name: str) -> dict[str, str]:
    """What stands at the top of a profile."""
    company = draw.choice(COMPANIES).title()
    title = draw.choice(TITLES)
    return {"name": name, "title": title, "company": company, "headline": f"{title} at {company}"}


def make_signal(draw: random.Random) -> dict[str, str]:
    """Something that happened to or around a person."""
    kind = draw.choice(EVENTS)
    return {
        "type": kind,
        "occurred_at": make_date(draw),
        "platform": "crm",
        "evidence": f"note: {kind.replace('_', ' ')}",
    }


def make_date(draw: random.Random) -> str:
    """A day of the year before the files were first made."""
    return f"2026-{draw.randint(1, 10):02d}-{draw.randint(1, 28):02d}"


def write_batch(draw: random.Random, people: list[dict[str, Any]]) -> None:
    """The body of a batch request."""
    identifiers = [pick_identifier(draw, people, number) for number in range(BATCH)]
    body = {"identifiers": identifiers, "fields": ["contact.email", "contact.phone"]}
    text = json.dumps(body, indent=1, ensure_ascii=False)
    (HERE / "batch.json").write_text(f"{text}\n", encoding="utf-8")


def write_csv(draw: random.Random, people: list[dict[str, Any]]) -> None:
    """The file to submit: one identifier in each row, in the column of its kind."""
    columns = ["company", "linkedin_url", "email", "x_handle", "github_username"]
    with (HERE / "people-to-enrich.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        rows.writeheader()
        for number in range(TO_SUBMIT):
            identifier = pick_identifier(draw, people, number)
            rows.writerow({"company": draw.choice(COMPANIES).title(), **identifier})


def pick_identifier(
    draw: random.Random, people: list[dict[str, Any]], number: int
) -> dict[str, str]:
    """One of the ways to name somebody of the directory, or somebody it does not know."""
    if draw.random() < UNKNOWN_SHARE:
        return {"linkedin_url": linkedin_spelling(draw, f"nobody-we-know-{number}")}
    person = draw.choice(people)
    kinds = ("linkedin_url", "email", "x_handle", "github_username")
    kind = draw.choice([kind for kind in kinds if person.get(kind)])
    value = person[kind][0]["value"] if kind == "email" else person[kind]
    return {kind: value}


if __name__ == "__main__":
    main()
