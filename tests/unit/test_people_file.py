"""Reading files of people: columns, delimiters, encodings and faults."""

import io
from pathlib import Path

import pytest

from enrich_stream.errors import InputError
from enrich_stream.person import IdentifierKind
from enrich_stream.submit.columns import (
    find_identifier_columns,
    kind_named,
    parse_column_choice,
)
from enrich_stream.submit.people_file import (
    MAX_COLUMNS,
    MAX_LINE_BYTES,
    Row,
    detect_layout,
    open_people,
    read_people,
    survey,
)

LINKEDIN, EMAIL, X, GITHUB = IdentifierKind


async def people_in(content: bytes) -> list[Row]:
    stream = io.BytesIO(content)
    layout = detect_layout(stream)
    surveyed = await survey(stream, layout)
    rows = list(read_people(stream, layout, find_identifier_columns(surveyed.columns, {})))
    assert len(rows) == surveyed.rows
    return rows


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("LinkedIn URL", LINKEDIN),
        ("linkedin", LINKEDIN),
        ("linkedin_url", LINKEDIN),
        ("Person Linkedin Url", LINKEDIN),
        ("Email", EMAIL),
        ("E-mail address", EMAIL),
        ("email", EMAIL),
        ("Work Email", EMAIL),
        ("twitter", X),
        ("x_handle", X),
        ("X handle", X),
        ("github", GITHUB),
        ("GitHub username", GITHUB),
        ("github_username", GITHUB),
        ("Company LinkedIn URL", None),
        ("x", None),
        ("Name", None),
    ],
)
def test_columns_are_recognised_by_their_name(name, kind):
    """Common spellings of a column name its kind, and columns about something else do not."""
    assert kind_named(name) == kind


def test_without_an_identifier_column_the_error_says_what_is_there():
    """A file that names nobody is refused with its columns and what was expected."""
    with pytest.raises(InputError, match=r"'Name', 'City'; expected .*linkedin_url.*--column"):
        find_identifier_columns(["Name", "City"], {})


def test_a_file_without_a_header_does_not_show_its_people():
    """When the first line is a person, the message does not repeat it."""
    with pytest.raises(InputError) as refused:
        find_identifier_columns(["mira@northwind.example", "Mira"], {})
    assert "mira" not in str(refused.value).lower()


def test_a_chosen_column_is_the_only_one_looked_at():
    """What --column says replaces what would have been recognised."""
    chosen = dict([parse_column_choice("who=is=email")])
    assert find_identifier_columns(["linkedin", "who=is"], chosen) == (("who=is", EMAIL),)


def test_a_chosen_column_that_is_not_there_is_refused():
    """A misspelt --column is named together with the columns there are."""
    with pytest.raises(InputError, match="no column 'mial'; the columns are 'mail'"):
        find_identifier_columns(["mail"], {"mial": EMAIL})


@pytest.mark.parametrize("text", ["mail", "mail=fax", "=email"])
def test_a_column_choice_must_name_a_kind(text):
    """--column is refused unless it is NAME=KIND with a known kind."""
    with pytest.raises(InputError, match="linkedin_url, email, github_username, x_handle"):
        parse_column_choice(text)


async def test_a_row_is_asked_about_by_its_best_identifier():
    """The first filled of LinkedIn, e-mail, GitHub and X names the person of a row."""
    rows = await people_in(
        b"x_handle,github,email,linkedin\n"
        b"a,b,c@northwind.example,linkedin.com/in/d\n"
        b"a,b, c@northwind.example , \n"
        b"a,b,,\n"
        b"a,,,\n"
        b",,,\n"
    )
    assert [(row.kind, row.value) for row in rows] == [
        (LINKEDIN, "linkedin.com/in/d"),
        (EMAIL, "c@northwind.example"),
        (GITHUB, "b"),
        (X, "a"),
        (None, ""),
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
async def test_csv_dialects_read_the_same(delimiter, line_end, bom):
    """Delimiters, line ends, a byte order mark and quoted newlines change no cell."""
    lines = [["email", "Note; or, so"], ["a@b.example", f"one{line_end}two"], ["c@d.example", "ü"]]
    text = line_end.join(delimiter.join(f'"{cell}"' for cell in line) for line in lines)
    rows = await people_in(bom + text.encode() + line_end.encode() * 2)
    assert [list(row.cells.values()) for row in rows] == lines[1:]
    assert list(rows[0].cells) == lines[0]


async def test_short_rows_and_odd_headers_are_completed():
    """Missing cells are empty, a nameless column gets its position, a repeated name a number."""
    (row,) = await people_in(b"email,,email,note\na@b.example,x,y\n")
    assert row.cells == {"email": "a@b.example", "column_2": "x", "email_2": "y", "note": ""}


async def test_json_lines_keep_their_values():
    """A JSON Lines row keeps values of every type, and columns may differ from row to row."""
    rows = await people_in(
        b'{"email": null, "github": "octo", "n": 1}\n\n{"tags": ["a"], "x_handle": 7}\n'
    )
    assert [row.cells for row in rows] == [
        {"email": None, "github": "octo", "n": 1},
        {"tags": ["a"], "x_handle": 7},
    ]
    assert [(row.kind, row.value) for row in rows] == [(GITHUB, "octo"), (X, "7")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b" \n\n", "empty"),
        (b'[{"email": "a"}]', "JSON array"),
        (b'{"email": "a"}\n{"email"\n', "line 2 is not a JSON object"),
        (b'{"email": "a"}\n["email"]\n', "line 2 is not a JSON object"),
        (b'{"email": "a"}\n' + b"[" * 100_000, "line 2 is not a JSON object"),
        (b"email\na\n\xfc@b.example\n", "line 3 is not UTF-8"),
        ("email\na\n".encode("utf-16"), "line 1 is not UTF-8"),
        (b'email,note\na,"b\nc,d\n', "line 3 is not well-formed CSV"),
        (b"email\ra\rb\n", "line 1 is not well-formed CSV"),
        (b"email,note\na,b,c\n", "line 2 has 3 cells and the header 2"),
        (b"email\n" + b"a" * (MAX_LINE_BYTES + 1), "line 2 is longer"),
        (b",".join(b"c%d" % n for n in range(MAX_COLUMNS + 1)) + b"\na", "more than 1000"),
    ],
)
async def test_a_file_that_cannot_be_read_is_refused_by_line(content, message):
    """Each kind of damage is named with its line, before anything is sent."""
    with pytest.raises(InputError, match=message):
        await people_in(content)


async def test_the_survey_tells_any_two_inputs_apart():
    """The digest changes with any byte, and the columns are there even without rows."""
    surveys = []
    for content in (b"email\n", b"email\na\n", b"email\nb\n"):
        stream = io.BytesIO(content)
        surveys.append(await survey(stream, detect_layout(stream)))
    assert [found.rows for found in surveys] == [0, 1, 1]
    assert {found.columns for found in surveys} == {("email",)}
    assert len({found.digest for found in surveys}) == 3


def test_a_missing_file_is_the_callers_fault(tmp_path: Path):
    """A path that cannot be opened gives one clear line."""
    with (
        pytest.raises(InputError, match=r"nobody\.csv: No such file"),
        open_people(tmp_path / "nobody.csv"),
    ):
        pass


def test_a_stream_that_cannot_go_back_is_read_twice_all_the_same(monkeypatch):
    """Standard input from a pipe can be surveyed and then read."""

    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    stdin = io.TextIOWrapper(Pipe(b"email\na\n"))
    monkeypatch.setattr("sys.stdin", stdin)
    with open_people(Path("-")) as stream:
        assert [stream.seek(0), stream.read()] == [stream.seek(0), stream.read()]
        assert stream.tell() == 8
