"""``enrich-stream providers check``: what works, what does not, and an exit code that says so."""

import asyncio
import sys

import pytest
from loopback import Loopback, says, serving

from enrich_stream.stack import free_port


@pytest.fixture
def check(monkeypatch):
    """Runs the command with these variables set; its exit code and what it printed."""

    async def run(**variables):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "enrich_stream", "providers", "check"),
            env={"COLUMNS": "200", **variables},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        return process.returncode, out.decode(), err.decode()

    return run


def rows(printed):
    """The cells of each line of the table."""
    lines = [line for line in printed.splitlines() if line.startswith("│")]
    return {
        cells[0]: cells[1:]
        for line in lines
        if (cells := [c.strip() for c in line.split("│")][1:-1])
    }


async def test_each_provider_that_is_on_is_asked_once(check, tmp_path):
    """All that work make the exit code 0; those that are off are listed with the reason."""
    (tmp_path / "people.csv").write_text("email,name\na@b.example,A\n")
    fake = Loopback(responses=[says({"data": {}})])
    async with serving(fake.handle) as url:
        code, out, err = await check(
            ENRICH_DATA_DIR=str(tmp_path / "data"),
            ENRICH_DIRECTORY_FILE=str(tmp_path / "people.csv"),
            ENRICH_HUNTER_KEY="k",
            ENRICH_HUNTER_BASE_URL=url,
        )
    table = rows(out)
    assert (code, err) == (0, "")
    assert table["directory"][:2] == ["works", ""]
    assert table["hunter"][:2] == ["works", ""]
    assert table["prospeo"][:2] == ["off", "ENRICH_PROSPEO_KEY is not set"]
    assert [request.path for request in fake.requests] == ["/account"]


async def test_what_does_not_work_is_named_with_the_reason(check):
    """A wrong key, nobody listening, an endpoint in trouble; never the key itself."""
    fake = Loopback(responses=[says({"errors": []}, 401)])
    async with serving(fake.handle) as url:
        code, out, err = await check(
            ENRICH_HUNTER_KEY="s3cret",
            ENRICH_HUNTER_BASE_URL=url,
            ENRICH_GITHUB_ENABLED="true",
            ENRICH_GITHUB_BASE_URL=f"http://127.0.0.1:{free_port()}",
            ENRICH_ENDPOINT_URL=f"{url}/people",
        )
    table = rows(out)
    assert code == 1
    assert table["hunter"][:2] == ["does not work", "refused the key"]
    assert table["github"][:2] == ["does not work", "could not be reached"]
    assert table["endpoint"][:2] == ["does not work", "refused the token"]
    assert "s3cret" not in out + err


async def test_no_provider_at_all_is_told_apart(check):
    """Nothing was found broken, but nothing would be found either."""
    code, out, _ = await check()
    assert code == 2
    assert rows(out)["github"][0] == "off"
