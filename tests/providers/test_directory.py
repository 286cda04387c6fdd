"""The operator's own records: what is read from a file, and what is answered from it."""

import asyncio
import contextlib
import csv
import io
import json
import os
import sqlite3
import time
from datetime import UTC, datetime, timedelta

import pytest
import structlog
from typer.testing import CliRunner

from enrich_stream.cli.directory import directory_app
from enrich_stream.errors import SetupError
from enrich_stream.identifiers import normalise
from enrich_stream.person import Field, Identifier, IdentifierKind
from enrich_stream.providers.base import Finding, Outcome, Provider, Question, Value
from enrich_stream.providers.directory import DirectoryProvider
from enrich_stream.providers.directory.answers import answer
from enrich_stream.providers.directory.build import build_store
from enrich_stream.providers.directory.members import member_of
from enrich_stream.providers.directory.rows import MAX_LINE_BYTES
from enrich_stream.providers.directory.store import DirectoryStore

LINKEDIN, EMAIL = IdentifierKind.LINKEDIN, IdentifierKind.EMAIL
X, GITHUB = IdentifierKind.X, IdentifierKind.GITHUB
NOW = datetime(2026, 11, 20, tzinfo=UTC)

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
NAMES_OF_MIRA = {
    LINKEDIN: "mira-okafor",
    EMAIL: "mira@maybe.example",
    X: "mira_okafor",
    GITHUB: "mira-okafor",
}


def json_lines(*people):
    return "".join(json.dumps(person) + "\n" for person in people).encode()


def csv_file(header, *rows):
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    return text.getvalue().encode()


@pytest.fixture
def load(tmp_path):
    """Loads a file of that name and content, and opens its store."""
    with contextlib.ExitStack() as stack:

        def loaded(content, name="people.csv", region="US"):
            source = tmp_path / name
            source.write_bytes(content)
            path = build_store(source, tmp_path, region)
            return stack.enter_context(DirectoryStore(path))

        yield loaded


def found(store, kind, text):
    return store.find(normalise(kind, text))


def problems_of(store):
    return [(p.line, p.reason, p.skipped) for p in store.report.first_problems]


def ask(store, kind, text, *fields, **signals_config):
    identifier = normalise(kind, text)
    question = Question(
        identifier=identifier,
        fields=frozenset(fields or Field),
        deadline=0.0,
        signals_config=signals_config,
    )
    return answer(store.find(identifier), question, NOW)


# --- what is answered


@pytest.mark.parametrize("kind", IdentifierKind)
def test_a_person_is_found_by_each_of_their_names(load, kind):
    """All four kinds of identifier lead to the same record, and bring the other names to light."""
    answered = ask(load(json_lines(MIRA), "people.jsonl"), kind, NAMES_OF_MIRA[kind], Field.PROFILE)
    assert answered.person_known
    assert answered.findings[Field.PROFILE].outcome is Outcome.FOUND
    asked_by = Identifier(kind, NAMES_OF_MIRA[kind])
    every_name = {Identifier(*name) for name in NAMES_OF_MIRA.items()} | {
        Identifier(EMAIL, "mira@old.example"),
        Identifier(EMAIL, "mira@northwind.example"),
    }
    assert set(answered.identities) == every_name - {asked_by}


def test_values_come_best_first(load):
    """Verified before not verified, and among those the most recent first."""
    finding = ask(load(json_lines(MIRA), "people.jsonl"), X, "mira_okafor").findings[Field.EMAIL]
    assert finding == Finding(
        Outcome.FOUND,
        (
            Value(
                value="mira@northwind.example",
                verification="operator",
                observed_at=datetime(2026, 2, 1, tzinfo=UTC),
            ),
            Value(
                value="mira@old.example",
                verification="operator",
                observed_at=datetime(2024, 2, 1, tzinfo=UTC),
            ),
            Value(value="mira@maybe.example", verified=False),
        ),
    )


def test_somebody_else_is_absent(load):
    """The operator's records would know: nobody by that name is an answer, not a failure."""
    answered = ask(load(json_lines(MIRA), "people.jsonl"), LINKEDIN, "in/nobody")
    assert not answered.person_known
    assert answered.identities == ()
    assert answered.findings == {
        field: Finding(Outcome.ABSENT, reason="no such person") for field in Field
    }


def test_a_person_without_a_value_is_absent_but_known(load):
    """Nothing on record is told apart from a person who is not on record."""
    answered = ask(load(json_lines({"x_handle": "mira"}), "people.jsonl"), X, "mira")
    assert answered.person_known
    assert answered.findings == {
        field: Finding(Outcome.ABSENT, reason="nothing on record") for field in Field
    }


def test_only_unverified_values_are_absent_and_kept(load):
    """An e-mail nobody has verified and a phone nobody can have are not handed out as found."""
    store = load(csv_file(["x", "email", "phone"], ["mira", "mira@example.com", "+1 415 155 0132"]))
    findings = ask(store, X, "mira", Field.EMAIL, Field.PHONE).findings
    assert findings == {
        Field.EMAIL: Finding(
            Outcome.ABSENT,
            (Value(value="mira@example.com", verified=False),),
            "only unverified values",
        ),
        Field.PHONE: Finding(
            Outcome.ABSENT, (Value(value="+14151550132", verified=False),), "only unverified values"
        ),
    }


def test_phones_come_in_e164_and_with_the_age_of_their_row(load):
    """Any spelling becomes E.164, in the set region when there is no country code."""
    finding = ask(load(json_lines(MIRA), "people.jsonl"), X, "mira_okafor").findings[Field.PHONE]
    assert [value.value for value in finding.values] == ["+14155550132", "+442079460958"]
    assert {(v.verified, v.verification, v.observed_at) for v in finding.values} == {
        (True, "numbering plan", datetime(2026, 11, 2, tzinfo=UTC))
    }


def test_signals_come_newest_first_in_the_agreed_shape(load):
    """One object, with times in UTC and a status of its own for this source."""
    finding = ask(load(json_lines(MIRA), "people.jsonl"), X, "mira_okafor").findings[Field.SIGNALS]
    assert [value.value for value in finding.values] == [
        {
            "posts": [],
            "events": [
                {
                    "type": "job_change",
                    "platform": "directory",
                    "occurred_at": "2026-11-01T00:00:00.000Z",
                    "url": "https://northwind.example/n",
                },
                {"type": "talk", "platform": "web", "occurred_at": "2026-08-01T08:00:00.000Z"},
            ],
            "intent": [],
            "summary": {"directory": {"count": 2, "status": "ok"}},
            "errors": [],
        }
    ]


@pytest.mark.parametrize(
    ("config", "types"),
    [
        pytest.param({}, ["job_change", "talk"], id="nothing asked"),
        pytest.param({"since_days": 30}, ["job_change"], id="since_days"),
        pytest.param({"since_days": 1e300}, ["job_change", "talk"], id="since ever"),
        pytest.param({"since_days": float("nan")}, ["job_change", "talk"], id="no number of days"),
        pytest.param({"since_days": "30"}, ["job_change", "talk"], id="days of another type"),
        pytest.param({"platforms": ["WEB"]}, ["talk"], id="platforms"),
        pytest.param({"platforms": []}, ["job_change", "talk"], id="no platforms means all"),
        pytest.param({"platforms": ["web"], "since_days": 30}, [], id="none left"),
    ],
)
def test_signals_config_narrows_the_events(load, config, types):
    """Only what is recent enough and from the wanted platforms; nothing left is absent."""
    store = load(json_lines(MIRA), "people.jsonl")
    finding = ask(store, X, "mira_okafor", Field.SIGNALS, **config).findings[Field.SIGNALS]
    events = finding.values[0].value["events"] if finding.values else []
    assert [event["type"] for event in events] == types
    assert finding.outcome is (Outcome.FOUND if types else Outcome.ABSENT)


# --- what is read


MIRA_IN_CSV = csv_file(
    ["LinkedIn URL", "E-mail", "Email verified", "Email Verified At", "Phone 1", "Twitter"]
    + ["GitHub", "Full Name", "Job Title", "Favourite colour"],
    [" linkedin.com/in/mira-okafor ", "mira@northwind.example; MIRA@old.example", "yes;no"]
    + ["2026-02-01T08:00:00Z", "415-555-0132; 020 7946 0958", "@mira_okafor; mira_o"]
    + ["github.com/mira-okafor", "Mira\nOkafor", "", "blue"],
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
    assert person is found(store, X, "mira_o") or person == found(store, X, "mira_o")
    assert [(e.value, e.verified) for e in person.emails] == [
        ("mira@northwind.example", True),
        ("mira@old.example", False),
    ]
    assert person.phones[0].value == "+442079460958"
    assert person.profile == {"name": "Mira\nOkafor"}
    assert store.report.people == 1


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_seen_from_the_header(load, delimiter):
    """Spreadsheets separate by comma, semicolon or tab, depending on where they were bought."""
    line = ['"mira@a.example;mira@b.example"', "mira", "Mira"]
    content = f"{delimiter.join(['email', 'x', 'name'])}\n{delimiter.join(line)}\n"
    person = found(load(content.encode()), X, "mira")
    assert {email.value for email in person.emails} == {"mira@a.example", "mira@b.example"}


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


# --- what cannot be read


GOOD = b"ok1,ok1@example.com,\n"
ALSO_GOOD = b"ok2,ok2@example.com,\n"


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        pytest.param(b"a,b@example.com,x,y\n", "more cells than the header", id="too many cells"),
        pytest.param(b"a\0b,b@example.com,\n", "contains a NUL character", id="NUL"),
        pytest.param(
            b'a,"b@example.com,\n', "not valid CSV, or a quote is not closed", id="open quote"
        ),
        pytest.param(
            b'a,"b" c,\n', "not valid CSV, or a quote is not closed", id="text after a quote"
        ),
        pytest.param(
            b"a," + b"z" * 200_000 + b",\n",
            "not valid CSV, or a quote is not closed",
            id="huge cell",
        ),
        pytest.param(
            b"a," + b"z" * (2 * MAX_LINE_BYTES) + b",\n",
            f"longer than {MAX_LINE_BYTES} bytes",
            id="huge line",
        ),
        pytest.param(b",,Somebody\n", "no identifier to find the person by", id="nameless"),
        pytest.param(
            b"not a handle,,\n",
            "no identifier to find the person by; x_handle must be an X handle, like @some_name,"
            " or the address of an X profile",
            id="bad name",
        ),
    ],
)
def test_a_bad_row_costs_only_itself(load, bad, reason):
    """It is reported by line and reason; the rows before and after it are there."""
    store = load(b"x,email,name\n" + GOOD + bad + ALSO_GOOD)
    assert problems_of(store) == [(3, reason, True)]
    assert (store.report.rows, store.report.people, store.report.skipped) == (3, 2, 1)
    assert found(store, X, "ok1")
    assert found(store, X, "ok2")


def test_many_open_quotes_cost_only_their_own_lines(load):
    """A quote left open gives back the lines it swallowed, however many there are."""
    lines = [f"p{n},p{n}@example.com,\n" for n in range(1000)]
    lines[10] = 'open,"o@example.com,\n'
    lines[500] = 'open,"o@example.com,\n'
    store = load(("x,email,name\n" + "".join(lines)).encode())
    assert [(line, skipped) for line, _, skipped in problems_of(store)] == [(12, True), (502, True)]
    assert store.report.people == 998


def test_a_short_row_lacks_only_its_last_cells(load):
    """Spreadsheets drop empty cells at the end of a row."""
    store = load(b"x,email,name,phone\nmira,mira@example.com\n")
    assert found(store, X, "mira").emails[0].value == "mira@example.com"
    assert problems_of(store) == []


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        pytest.param(b"{", "not valid JSON", id="cut"),
        pytest.param(b"[" * 100_000, "not valid JSON", id="deep"),
        pytest.param(b'{"x": "a", "name": "\\ud800"}', "not valid JSON", id="lone surrogate"),
        pytest.param(b'{"x": "a", "profile": {"n": NaN}}', "not valid JSON", id="NaN"),
        pytest.param(b'["x"]', "not one JSON object on one line", id="list"),
        pytest.param(
            b'{"x": "a", "name": "\\u0000"}', "contains a NUL character", id="escaped NUL"
        ),
        pytest.param(b'{"name": "a"}', "no identifier to find the person by", id="nameless"),
    ],
)
def test_a_bad_json_line_costs_only_itself(load, bad, reason):
    """It is reported by line and reason; blank lines are nothing."""
    store = load(b'{"x": "ok1"}\n\n' + bad + b'\n{"x": "ok2"}', "people.jsonl")
    assert problems_of(store) == [(3, reason, True)]
    assert store.report.people == 2


@pytest.mark.parametrize(
    ("member", "value", "reason"),
    [
        ("github", "no such/thing", "github_username must be a GitHub username, like some-name,"),
        ("github", {"a": 1}, "github_username must be a GitHub username, like some-name,"),
        ("email", ["nonsense"], "email must be one e-mail address, like name@company.com"),
        ("email", {"address": "a@b.example"}, None),
        ("phone", "call me", "phone is not a number with a country code"),
        ("phone", "+1 23", "phone is not a possible number"),
        ("phone", True, "phone is not a number with a country code"),
        ("updated_at", "31/12/2026", "updated_at is not a date like 2026-03-31"),
        ("updated_at", "0001-01-01T00:00:00+14:00", "updated_at is not a date like 2026-03-31"),
        ("profile", "{", "profile: not valid JSON"),
        ("profile", [1], "profile is not a JSON object"),
        ("signals", "[{]", "signals: not valid JSON"),
        ("signals", ["promoted"], "signals: an event is not an object with a type"),
        ("signals", [{"type": "a"}], "signals: an event has no time"),
        ("signals", [{"type": "a", "occurred_at": "soon"}], "signals: occurred_at is not a date"),
        ("signals", 7, "signals: an event is not an object with a type"),
    ],
)
def test_a_bad_value_costs_only_itself(load, member, value, reason):
    """The person stays; the value is left out and reported with its line."""
    store = load(json_lines({"x": "mira", "name": "Mira", member: value}), "people.jsonl")
    assert found(store, X, "mira")
    assert store.report.people == 1
    assert all((line, skipped) == (1, False) for line, _, skipped in problems_of(store))
    reported = [text for _, text, _ in problems_of(store)]
    assert reported[0].startswith(reason) if reason else not reported, reported


def test_a_bad_flag_is_taken_as_no(load):
    """What cannot be read as yes does not verify anything."""
    store = load(csv_file(["email", "email_verified"], ["mira@example.com", "perhaps"]))
    assert not found(store, EMAIL, "mira@example.com").emails[0].verified
    assert problems_of(store) == [(2, "email_verified is neither yes nor no; taken as no", False)]


def test_an_identifier_belongs_to_the_first_row_that_gives_it(load):
    """A shared mailbox names nobody else, yet stays an e-mail of the later person as well."""
    store = load(
        csv_file(
            ["x", "email", "name"],
            ["first", "info@northwind.example", "First"],
            ["second", "INFO@northwind.example", "Second"],
            ["first", "", "Again"],
        )
    )
    assert found(store, EMAIL, "info@northwind.example").profile == {"name": "First"}
    assert found(store, X, "second").emails[0].value == "info@northwind.example"
    assert ask(store, X, "second").identities == ()
    assert problems_of(store) == [
        (3, "email is already used on line 2", False),
        (
            4,
            "no identifier to find the person by; x_handle is already used on line 2",
            True,
        ),
    ]


# --- the store


def test_the_store_is_kept_from_other_users(load):
    """It holds what the operator's file holds."""
    assert load(json_lines(MIRA), "people.jsonl").path.stat().st_mode & 0o077 == 0


def test_a_broken_store_is_built_again(load):
    """What a crash of the machine left behind is not trusted."""
    path = load(json_lines(MIRA), "people.jsonl").path
    stat = (path.parent / "people.jsonl").stat()
    path.write_bytes(b"SQLite format 3\0 and then nothing")
    assert build_store(path.parent / "people.jsonl", path.parent, "US") == path
    with DirectoryStore(path) as store:
        assert found(store, X, "mira_okafor")
    assert (path.parent / "people.jsonl").stat().st_mtime_ns == stat.st_mtime_ns


def test_only_the_newest_store_of_a_file_is_kept(load):
    """A person who was taken out of the file is gone from the disk as well."""
    old = load(json_lines(MIRA), "people.jsonl").path
    (old.parent / "other.txt").touch()
    new = load(json_lines({"x": "somebody_else"}), "people.jsonl").path
    assert sorted(p.name for p in old.parent.iterdir() if p.suffix != ".lock") == sorted(
        [new.name, "other.txt", "people.jsonl"]
    )


# --- the provider


DEADLINE_SECONDS = 20


async def eventually(condition):
    """Waits until the condition holds, and fails when it does not in time."""
    end = time.monotonic() + DEADLINE_SECONDS
    while not (result := await condition()):
        assert time.monotonic() < end, "it did not happen in time"
        await asyncio.sleep(0.01)
    return result


@pytest.fixture
async def directory(tmp_path):
    """A provider over people.jsonl with Mira in it, started, polling quickly."""
    source = tmp_path / "people.jsonl"
    source.write_bytes(json_lines(MIRA))
    provider = DirectoryProvider(source, tmp_path / "stores", poll_seconds=0.02)
    await provider.start()
    yield provider
    await provider.stop()


async def asked(provider, kind, text):
    identifier = normalise(kind, text)
    return await provider.ask(
        Question(identifier=identifier, fields=frozenset({Field.EMAIL}), deadline=0.0)
    )


def test_it_is_a_provider(tmp_path):
    """It answers every field by every identifier, from records of the operator's own."""
    provider: Provider = DirectoryProvider(tmp_path / "people.csv", tmp_path)
    assert provider.name == "directory"
    assert (provider.kinds, provider.fields) == (frozenset(IdentifierKind), frozenset(Field))
    assert provider.is_local


async def test_it_answers_through_the_provider_interface(directory):
    """A question by any name of the person is answered from the file, free of charge."""
    answered = await asked(directory, LINKEDIN, "https://www.linkedin.com/in/mira-okafor/en")
    assert answered.findings[Field.EMAIL].values[0].value == "mira@northwind.example"
    assert answered.cost == 0


async def test_before_it_is_loaded_everything_is_unknown(tmp_path):
    """A directory that could not be asked is never taken for one that knows nobody."""
    answered = await asked(DirectoryProvider(tmp_path / "p.csv", tmp_path), X, "mira_okafor")
    assert answered.findings == {
        Field.EMAIL: Finding(Outcome.UNKNOWN, reason="directory not loaded")
    }


async def test_a_store_that_cannot_be_read_makes_everything_unknown(directory):
    """A broken disk is a failure to ask, and is a value and not an exception."""
    with contextlib.closing(sqlite3.connect(":memory:")) as empty:
        directory._store._connection, real = empty, directory._store._connection
        answered = await asked(directory, X, "mira_okafor")
        directory._store._connection = real
    assert answered.findings == {
        Field.EMAIL: Finding(Outcome.UNKNOWN, reason="directory could not be read")
    }


async def test_a_changed_file_is_loaded(directory, tmp_path):
    """New people are found and those who were taken out are not, without a restart."""
    (tmp_path / "people.jsonl").write_bytes(json_lines({"x": "kofi", "email": "kofi@example.com"}))

    async def kofi_is_known():
        # There is never a moment without an answer.
        both = [await asked(directory, X, name) for name in ("kofi", "mira_okafor")]
        assert [answered.person_known for answered in both].count(True) == 1
        return both[0].person_known

    await eventually(kofi_is_known)


async def test_a_file_that_becomes_unusable_changes_nothing_but_the_log(directory, tmp_path):
    """The old records answer on; the log says why, without what is in the file."""
    with structlog.testing.capture_logs() as logs:
        (tmp_path / "people.jsonl").write_bytes(b"")

        async def refused():
            return [entry for entry in logs if entry["event"] == "directory.reload_refused"]

        (entry,) = await eventually(refused)
    assert entry["reason"] == "the file is empty"
    assert (await asked(directory, X, "mira_okafor")).person_known


async def test_a_file_that_disappears_changes_nothing_but_the_log(directory, tmp_path):
    """The old records answer on until there is a file again, and that one is loaded."""
    with structlog.testing.capture_logs() as logs:
        (tmp_path / "people.jsonl").unlink()

        async def noticed():
            return [entry for entry in logs if entry["event"] == "directory.file_gone"]

        await eventually(noticed)
    assert (await asked(directory, X, "mira_okafor")).person_known
    (tmp_path / "people.jsonl").write_bytes(json_lines({"x": "kofi"}))

    async def kofi_is_known():
        return (await asked(directory, X, "kofi")).person_known

    await eventually(kofi_is_known)


async def test_a_restart_reuses_the_store(directory, tmp_path, monkeypatch):
    """An unchanged file is not read again: starting takes no time, however large it is."""
    monkeypatch.setattr(asyncio, "create_subprocess_exec", None)  # would fail if it were needed
    again = DirectoryProvider(tmp_path / "people.jsonl", tmp_path / "stores")
    await again.start()
    assert (await asked(again, X, "mira_okafor")).person_known
    await again.stop()


async def test_workers_that_start_together_share_one_store(tmp_path):
    """Several workers with one data directory do not get into each other's way."""
    (tmp_path / "people.jsonl").write_bytes(json_lines(MIRA))
    workers = [DirectoryProvider(tmp_path / "people.jsonl", tmp_path / "stores") for _ in range(3)]
    await asyncio.gather(*(worker.start() for worker in workers))
    for worker in workers:
        assert (await asked(worker, X, "mira_okafor")).person_known
        await worker.stop()
    assert len(list((tmp_path / "stores").glob("*.sqlite"))) == 1


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        pytest.param("people.csv", None, "No such file or directory", id="missing"),
        pytest.param("people.csv", b"", "the file is empty", id="empty"),
        pytest.param(
            "people.csv", b"name,colour\nMira,blue\n", "no column names a person", id="cols"
        ),
        pytest.param("people.csv", "x\nmira\n".encode("utf-16"), "the file is UTF-16", id="utf-16"),
        pytest.param("people.xlsx", b"PK", "the file's name must end in .csv or .jsonl", id="xlsx"),
    ],
)
async def test_it_refuses_to_start_without_a_usable_file(tmp_path, name, content, message):
    """The operator is told the setting, the path and what to mend."""
    if content is not None:
        (tmp_path / name).write_bytes(content)
    provider = DirectoryProvider(tmp_path / name, tmp_path / "stores")
    with pytest.raises(SetupError) as refusal:
        await provider.start()
    assert str(refusal.value).startswith(f"ENRICH_DIRECTORY_FILE: {tmp_path / name}: {message}")
    await provider.stop()


async def test_it_refuses_to_start_with_an_unknown_region(tmp_path):
    """A region nobody knows would make every phone without a country code unreadable."""
    (tmp_path / "people.jsonl").write_bytes(json_lines(MIRA))
    provider = DirectoryProvider(tmp_path / "people.jsonl", tmp_path, phone_region="UK")
    with pytest.raises(SetupError, match=r"^ENRICH_DIRECTORY_PHONE_REGION: "):
        await provider.start()


async def test_the_log_tells_what_was_loaded_and_never_who(tmp_path):
    """Counts, lines and reasons; no value of any person."""
    (tmp_path / "people.csv").write_bytes(
        csv_file(["x", "email", "phone"], ["secretname", "secret@@mail", "secretphone"], ["no one"])
    )
    provider = DirectoryProvider(tmp_path / "people.csv", tmp_path / "stores")
    with structlog.testing.capture_logs() as logs:
        await provider.start()
        await provider.stop()
    loaded, listed = logs
    assert loaded["event"] == "directory.loaded"
    assert (loaded["rows"], loaded["people"], loaded["skipped"], loaded["left_out"]) == (2, 1, 1, 2)
    assert [entry.partition(":")[0] for entry in listed["first"]] == ["line 2", "line 2", "line 3"]
    assert "secret" not in repr(logs)
    assert "no one" not in repr(logs)


async def test_stopping_does_not_wait_for_a_file_being_read(directory, tmp_path):
    """A worker that shuts down leaves no building process behind."""
    people = ({"x": f"p{number}", "email": f"p{number}@example.com"} for number in range(200_000))
    (tmp_path / "people.jsonl").write_bytes(json_lines(*people))

    async def building():
        return list((tmp_path / "stores").glob("*.building"))

    await eventually(building)
    started = time.monotonic()
    await directory.stop()
    assert time.monotonic() - started < 2
    assert not list((tmp_path / "stores").glob(f"{'x' * 0}*.sqlite-journal"))


# --- the command


def run_check(path):
    return CliRunner().invoke(directory_app, ["check", str(path)])


def test_check_prints_every_problem(tmp_path):
    """An operator sees all of them before the file is used, and scripts see the exit code."""
    rows = [["not a handle", ""]] * 30 + [["mira", "nonsense"]]
    (tmp_path / "people.csv").write_bytes(csv_file(["x", "email"], *rows))
    result = run_check(tmp_path / "people.csv")
    lines = result.stdout.splitlines()
    assert len(lines) == 32
    assert lines[0].startswith("line 2: row skipped: no identifier to find the person by")
    assert lines[30].startswith("line 32: value left out: email must be one e-mail address")
    assert lines[31] == "31 rows: 1 people, 30 rows skipped, 1 values left out"
    assert result.exit_code == 1


def test_check_of_a_clean_file_ends_well(tmp_path):
    """Nothing to mend is exit code 0."""
    (tmp_path / "people.jsonl").write_bytes(json_lines(MIRA))
    result = run_check(tmp_path / "people.jsonl")
    assert result.stdout == "1 rows: 1 people, 0 rows skipped, 0 values left out\n"
    assert result.exit_code == 0


@pytest.mark.parametrize("content", [None, b""], ids=["missing", "empty"])
def test_check_of_an_unusable_file_says_why(tmp_path, content):
    """A file that cannot be used at all is exit code 2."""
    if content is not None:
        (tmp_path / "people.jsonl").write_bytes(content)
    result = run_check(tmp_path / "people.jsonl")
    assert str(tmp_path / "people.jsonl") in result.stderr
    assert result.exit_code == 2


def test_the_file_is_not_touched_by_reading_it(tmp_path):
    """A directory may be mounted read-only, and its age is what tells that it changed."""
    source = tmp_path / "people.jsonl"
    source.write_bytes(json_lines(MIRA))
    old = (datetime.now(UTC) - timedelta(days=1)).timestamp()
    os.utime(source, (old, old))
    source.chmod(0o400)
    before = (source.stat().st_mtime_ns, sorted(p.name for p in tmp_path.iterdir()))
    run_check(source)
    assert (source.stat().st_mtime_ns, sorted(p.name for p in tmp_path.iterdir())) == before
