"""The example files are what their script writes, and nobody in them can exist."""

import csv
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from enrich_stream.identifiers import normalise
from enrich_stream.person import Identifier, IdentifierKind
from enrich_stream.providers.directory.build import build_store
from enrich_stream.providers.directory.store import DirectoryStore

EXAMPLES = Path(__file__).parents[2] / "examples"
FILES = ["people.jsonl", "batch.json", "people-to-enrich.csv"]

RESERVED_DOMAIN = re.compile(r"(.+\.)?(example|example\.com|example\.org|example\.net)")
# North America 555-0100 to 0199, London 020 7946 0000 to 0999.
FICTITIOUS_PHONE = re.compile(r"\+1\d{3}55501\d\d|\+442079460\d{3}")


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    """The store built from the example directory."""
    data_dir = tmp_path_factory.mktemp("stores")
    with DirectoryStore(build_store(EXAMPLES / "people.jsonl", data_dir, "US")) as store:
        yield store


def people():
    lines = (EXAMPLES / "people.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def in_batch():
    body = json.loads((EXAMPLES / "batch.json").read_text(encoding="utf-8"))
    return [identifier_of(named) for named in body["identifiers"]]


def in_csv():
    with (EXAMPLES / "people-to-enrich.csv").open(encoding="utf-8", newline="") as file:
        return [identifier_of(row) for row in csv.DictReader(file)]


def identifier_of(named) -> Identifier:
    """The one identifier that is given; an error when there is another number of them."""
    ((kind, text),) = [(kind, named[kind]) for kind in IdentifierKind if named.get(kind)]
    return normalise(kind, text)


@pytest.mark.parametrize("name", FILES)
def test_a_committed_file_is_what_the_script_writes(tmp_path, name):
    """The same seed gives the same bytes everywhere, so nobody edits the files by hand."""
    shutil.copy(EXAMPLES / "make_people.py", tmp_path)
    subprocess.run([sys.executable, tmp_path / "make_people.py"], check=True)
    assert (tmp_path / name).read_bytes() == (EXAMPLES / name).read_bytes()


def test_the_directory_loads_without_a_single_problem(directory):
    """All 5,000 people are found, with every one of their values."""
    assert directory.report.first_problems == []
    assert (directory.report.rows, directory.report.people) == (5_000, 5_000)


def test_the_directory_shows_every_case():
    """All kinds of names, people without an e-mail and with several, not verified, with signals."""
    emails = [person.get("email", []) for person in people()]
    assert all(any(person.get(kind) for person in people()) for kind in IdentifierKind)
    assert {0, 1, 2, 3} == {len(of_person) for of_person in emails}
    assert any(of_person and not any(e["verified"] for e in of_person) for of_person in emails)
    assert any(person.get("signals") for person in people())


def test_every_mail_domain_is_reserved_for_examples():
    """No mail about an example can reach anybody."""
    emails = [email["value"].lower() for person in people() for email in person.get("email", [])]
    domains = {email.rpartition("@")[2] for email in emails}
    domains |= {i.value.rpartition("@")[2] for i in in_batch() + in_csv() if i.kind == "email"}
    assert domains
    assert [domain for domain in domains if not RESERVED_DOMAIN.fullmatch(domain)] == []


def test_every_phone_is_reserved_for_fiction_and_counts_as_verified(directory):
    """No call about an example can reach anybody, and yet such numbers are answered."""
    named = [normalise(IdentifierKind.LINKEDIN, person["linkedin_url"]) for person in people()]
    phones = [phone for name in named for phone in directory.find(name).phones]
    assert phones
    assert [p for p in phones if not (p.verified and FICTITIOUS_PHONE.fullmatch(p.value))] == []


@pytest.mark.parametrize(
    ("identifiers", "count", "unknown_share"),
    [
        pytest.param(in_batch, 100, (0.03, 0.15), id="batch"),
        pytest.param(in_csv, 1_000, (0.03, 0.15), id="csv"),
    ],
)
def test_what_is_asked_is_mostly_known(directory, identifiers, count, unknown_share):
    """Every identifier is valid, all kinds are asked by, and a few people are not on record."""
    asked = identifiers()
    assert len(asked) == count
    assert {identifier.kind for identifier in asked} == set(IdentifierKind)
    unknown = [identifier for identifier in asked if directory.find(identifier) is None]
    assert unknown_share[0] < len(unknown) / count < unknown_share[1]
