"""What is read from the operator's file, however it is written."""

import pytest
from directory_samples import EMAIL, GITHUB, X, csv_file, found

from enrich_stream.providers.directory.members import member_of

MIRA_IN_CSV = csv_file(
    [
        "LinkedIn URL",
        "E-mail",
        "Email verified",
        "Email Verified At",
        "Phone 1",
        "Twitter",
        "GitHub",
        "Full Name",
        "Job Title",
        "Favourite colour",
    ],
    [
        " linkedin.com/in/mira-okafor ",
        "mira@northwind.example; MIRA@old.example",
        "yes;no",
        "2026-02-01T08:00:00Z",
        "415-555-0132; 020 7946 0958",
        "@mira_okafor; mira_o",
        "github.com/mira-okafor",
        "Mira\nOkafor",
        "",
        "blue",
    ],
)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(MIRA_IN_CSV, id="plain"),
        pytest.param(b"\xef\xbb\xbf" + MIRA_IN_CSV, id="byte order mark"),
        pytest.param(MIRA_IN_CSV.replace(b"\r\n", b"\n"), id="unix line ends"),
        pytest.param(b"\r\n" + MIRA_IN_CSV, id="blank line first"),
        pytest.param(MIRA_IN_CSV.removesuffix(b"\r\n"), id="no line end at the end"),
    ],
)
def test_a_csv_of_a_crm_is_understood(load, content):
    """Usual column names, several values in a cell, quoted line breaks and every line end."""
    store = load(content, region="GB")
    person = found(store, GITHUB, "mira-okafor")
    assert person == found(store, X, "mira_o")
    assert [(e.value, e.verified) for e in person.emails] == [
        ("mira@northwind.example", True),
        ("mira@old.example", False),
    ]
    # In Britain, the first of the two numbers cannot exist.
    assert next((p.value, p.verified) for p in person.phones) == ("+442079460958", True)
    assert person.profile == {"name": "Mira\nOkafor"}
    assert store.report.people == 1


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_seen_from_the_header(load, delimiter):
    """Spreadsheets separate by comma, semicolon or tab, depending on where they were bought."""
    line = ['"mira@a.example;mira@b.example"', "mira", "Mira"]
    content = f"{delimiter.join(['email', 'x', 'name'])}\n{delimiter.join(line)}\n"
    person = found(load(content.encode()), X, "mira")
    assert {email.value for email in person.emails} == {"mira@a.example", "mira@b.example"}


def test_json_lines_may_start_with_a_byte_order_mark(load):
    """Editors on Windows write one; it is no part of the first person."""
    store = load(b'\xef\xbb\xbf{"x": "mira"}\r\n{"x": "kofi"}', "people.jsonl")
    assert found(store, X, "mira")
    assert store.report.people == 2


def test_a_line_that_is_not_utf8_is_read_as_windows_1252(load):
    """One line from an old export beside lines from a new one: both names are right."""
    content = "x,name\nzoe,Zoë\n".encode() + "rene,René €\n".encode("cp1252")
    store = load(content)
    assert found(store, X, "zoe").profile == {"name": "Zoë"}
    assert found(store, X, "rene").profile == {"name": "René €"}


def test_numbered_columns_keep_flags_beside_their_values(load):
    """A blank e-mail keeps its place, so that no flag moves to a neighbour."""
    header = ["x", "Email 1", "Email 1 Verified", "Email 2", "Email 2 Verified"]
    store = load(csv_file(header, ["mira", "", "yes", "mira@example.com", "no"]))
    assert [email.verified for email in found(store, X, "mira").emails] == [False]


@pytest.mark.parametrize(
    ("flag", "date", "verified"),
    [
        pytest.param("Valid", "", True, id="flagged"),
        pytest.param("", "2026-01-01", True, id="dated"),
        pytest.param("catch-all", "2026-01-01", False, id="flagged no and dated"),
        pytest.param("", "", False, id="neither"),
    ],
)
def test_an_email_counts_as_verified_only_when_the_operator_says_so(load, flag, date, verified):
    """A flag decides, else a date; silence is no verification."""
    header = ["email", "email_status", "email_verified_at"]
    store = load(csv_file(header, ["mira@example.com", flag, date]))
    assert [e.verified for e in found(store, EMAIL, "mira@example.com").emails] == [verified]


def test_a_phone_can_be_marked_as_not_verified(load):
    """A valid number that the operator knows to be wrong is not handed out."""
    store = load(csv_file(["x", "phone", "phone_verified"], ["mira", "+14155550132", "no"]))
    assert [phone.verified for phone in found(store, X, "mira").phones] == [False]


@pytest.mark.parametrize(
    ("name", "member"),
    [
        ("LinkedIn URL", "linkedin_url"),
        ("person_linkedin_url", "linkedin_url"),
        ("E-Mail", "email"),
        ("Work Email", "email"),
        ("Twitter", "x_handle"),
        ("X", "x_handle"),
        ("GitHub", "github_username"),
        ("Mobile Phone 2", "phone"),
        ("Job Title", "title"),
        ("Account owner", None),
        ("", None),
    ],
)
def test_variants_of_column_names_are_known(name, member):
    """Case, spaces, punctuation and digits do not matter; unknown names mean nothing."""
    assert member_of(name) == member
