"""``enrich-stream directory check``: an operator sees what is wrong before the file is used."""

import os
from datetime import UTC, datetime, timedelta

import pytest
from directory_samples import MIRA, csv_file, json_lines
from typer.testing import CliRunner

from enrich_stream.cli.directory import directory_app


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
