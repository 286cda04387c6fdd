"""What cannot be read in the operator's file costs only itself; the report holds no data."""

import pytest
from directory_samples import EMAIL, X, csv_file, found, json_lines, problems_of

from enrich_stream.providers.directory.rows import MAX_LINE_BYTES

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
    assert problems_of(store) == [
        (12, "a quote is not closed", True),
        (502, "a quote is not closed", True),
    ]
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
        ("github", {"a": 1}, "github_username must be a text"),
        ("email", ["nonsense"], "email must be one e-mail address, like name@company.com"),
        ("email", {"address": "a@b.example"}, "email: an object has no value"),
        ("phone", "call me", "phone is not a number with a country code"),
        ("phone", "+1 23", "phone is not a possible number"),
        ("phone", True, "phone is not a number with a country code"),
        ("updated_at", "31/12/2026", "updated_at is not a date like 2026-03-31"),
        ("updated_at", "0001-01-01T00:00:00+14:00", "updated_at is not a date like 2026-03-31"),
        ("profile", "{", "profile: not valid JSON"),
        ("profile", [1], "profile is not a JSON object"),
        ("signals", "[{]", "signals: not valid JSON"),
        ("signals", [["promoted"]], "signals: an event is not an object with a type"),
        ("signals", [{"type": "a"}], "signals: an event has no readable time"),
        (
            "signals",
            [{"type": "a", "occurred_at": "soon"}],
            "signals: an event has no readable time",
        ),
        ("signals", 7, "signals: an event is not an object with a type"),
    ],
)
def test_a_bad_value_costs_only_itself(load, member, value, reason):
    """The person stays; the value is left out and reported with its line."""
    store = load(json_lines({"x": "mira", "name": "Mira", member: value}), "people.jsonl")
    assert found(store, X, "mira")
    assert store.report.people == 1
    ((line, reported, skipped),) = problems_of(store)
    assert (line, skipped) == (1, False)
    assert reported.startswith(reason)


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
    assert found(store, X, "second").identifiers == ("x_handle:second",)
    assert problems_of(store) == [
        (3, "email is already used on line 2", False),
        (
            4,
            "no identifier to find the person by; x_handle is already used on line 2",
            True,
        ),
    ]
