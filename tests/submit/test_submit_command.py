"""``enrich-stream submit`` as a process: interruptions, exit codes and what is shown."""

import asyncio
import csv
import io
import math
import signal
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import pytest
from enrichment_service import problem
from rich.console import Console

from enrich_stream.cli.submit_display import print_summary, show_progress
from enrich_stream.submit import Progress, Submission, Summary, submit_file
from enrich_stream.submit.answers import RowStatus

# Ctrl-C as on a terminal, even where the tests were started in the background.
COMMAND = """
import signal, typer
from enrich_stream.cli.submit import submit
signal.signal(signal.SIGINT, signal.default_int_handler)
app = typer.Typer()
app.command("submit")(submit)
app(prog_name="enrich-stream submit")
"""
NAMES = [f"person{number}" for number in range(1000)]


@pytest.fixture
def start(tmp_path, service):
    """Starts the command in a folder of its own, and leaves no process behind."""
    started: list[Process] = []

    async def start(*arguments, stdin=None, keys=("", "")) -> Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            COMMAND,
            *arguments,
            cwd=tmp_path,
            env={
                "ENRICH_URL": service.url,
                "ENRICH_ACCESS_KEY": keys[0],
                "ENRICH_SECRET_KEY": keys[1],
            },
            stdin=stdin,
            stdout=PIPE,
            stderr=PIPE,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.returncode is None:
            process.kill()


async def ended(process: Process, stdin: bytes | None = None) -> tuple[int, str, str]:
    async with asyncio.timeout(40):
        out, err = await process.communicate(stdin)
    return process.returncode, out.decode(), err.decode()


@pytest.fixture
def people(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text("github,Note\n" + "".join(f"{name},of {name}\n" for name in NAMES))
    return path


def enriched_names(people) -> list[str]:
    with people.with_name("people.enriched.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert all(row["emails"] == f"{row['github']}@northwind.example" for row in rows)
    assert all(row["Note"] == f"of {row['github']}" for row in rows)
    return [row["github"] for row in rows]


async def test_kill_9_loses_nothing_and_asks_nothing_twice(service, people, start):
    """After kill -9 the same command completes the output, with no batch under a new key."""
    service.busy_from, service.silent_from = 3, 6
    process = await start("people.csv")
    # A batch is noted before it is polled: 0 to 2 are written, 3 to 5 noted, the rest only sent.
    await service.until(lambda: polled(service) == {0, 1, 2, 3, 4, 5} and len(service.jobs) == 10)
    await service.until(lambda: '"batch":2,"size"' in journal_of(people).read_text())
    process.kill()
    assert (await ended(process))[0] == -signal.SIGKILL
    async with service.changed:
        service.busy_from = service.silent_from = math.inf
        service.changed.notify_all()
    code, out, _ = await ended(await start("people.csv"))
    assert code == 0
    assert enriched_names(people) == NAMES
    assert "1,000 rows, 700 of them in this run" in out
    # Whoever was taken without an answer is repeated, and under the same key.
    assert len(service.accepted) == 10
    repeated = {job.batch for id_, job in service.jobs.items() if service.posts_of(id_) == 2}
    assert repeated == {6, 7, 8, 9}
    assert service.posts.total() == 14
    assert not journal_of(people).exists()


def polled(service) -> set[int]:
    return {job.batch for job in service.jobs.values() if job.polls}


def journal_of(people) -> Path:
    return people.with_name("people.enriched.csv.journal")


async def test_ctrl_c_says_how_to_go_on(service, people, start):
    """Ctrl-C ends with 130 and one line, and the same command then finishes the job."""
    service.busy_from = 2
    process = await start("people.csv")
    await service.until(lambda: len(polled(service)) == 10)
    process.send_signal(signal.SIGINT)
    code, _, err = await ended(process)
    assert (code, err) == (130, "stopped; run the same command again to continue\n")
    service.busy_from = math.inf
    assert (await ended(await start("people.csv")))[0] == 0
    assert enriched_names(people) == NAMES
    assert set(service.posts.values()) == {1}


async def test_a_run_ends_with_a_table_of_outcomes(service, tmp_path, start):
    """Standard output says how many were found, absent, unknown and invalid, with shares."""
    process = await start("-", "--output", "found.jsonl", stdin=PIPE)
    code, out, err = await ended(process, b"email\na\nb\nabsent\nunknown\nbad\n")
    assert (code, err) == (0, "")
    shown = [line.split() for line in out.splitlines()]
    for line in (["found", "2", "40.0%"], ["absent", "1", "20.0%"], ["invalid", "1", "20.0%"]):
        assert line in shown
    assert (tmp_path / "found.jsonl").read_text().count("\n") == 5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nobody.csv"], "nobody.csv: No such file"),
        (["people.csv", "--fields", "fax"], "--fields takes any of contact.email"),
        (["people.csv", "--column", "Note=fax"], "--column takes NAME=KIND"),
        (["people.csv", "--url", "nowhere"], "--url must look like"),
        (["people.csv", "--output", "people.xlsx"], "must end in .csv"),
        (["people.csv", "--output", "no/such/folder.csv"], "No such file or directory"),
        (["-"], "--output must say where"),
    ],
)
async def test_a_mistake_is_one_clear_line(people, start, arguments, message):
    """What the user can mend ends with 1 and one line on standard error."""
    code, out, err = await ended(await start(*arguments))
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert err.startswith("error: ")
    assert message in err


async def test_a_server_that_stays_away_leaves_the_run_to_be_continued(service, people, start):
    """Giving up is one line that says why and how to go on."""
    service.always = problem(503, "")
    code, out, err = await ended(await start("people.csv", "--patience", "0"))
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "503" in err
    assert "run the same command again to continue" in err


async def test_no_person_and_no_key_is_shown_when_a_run_fails(service, people, start):
    """Standard error names neither people nor secrets, whatever the server repeats."""
    fault = {"property": "fields", "message": "person0 is no field"}
    service.always = problem(400, "Validation failed", errors=[fault])
    code, out, err = await ended(await start("people.csv", keys=("ak_key", "sk_secret")))
    assert code == 1
    assert service.requests[0].headers["X-Secret-Key"] == "sk_secret"
    for text in ("person", "sk_secret", "ak_key", "Traceback"):
        assert text not in out + err.replace("people.csv", "")


async def test_restart_is_not_to_be_repeated_after_a_stop(service, people, start):
    """After an interrupted --restart the message says to leave the option away."""
    service.busy_from = 0
    process = await start("people.csv", "--restart")
    await service.until(lambda: service.jobs)
    process.send_signal(signal.SIGINT)
    assert "without --restart" in (await ended(process))[2]


def test_a_terminal_sees_a_live_bar_with_the_rate_and_the_note():
    """On a terminal the bar shows the count and what the run is waiting for."""
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=150)
    with show_progress(console) as watch:
        watch(Progress(2000, 1000, ""))
        watch(Progress(2000, 1500, "the server answers 503; next try in 2 s"))
    assert "1500/2000" in screen.getvalue()
    assert "answers 503" in screen.getvalue()


def test_elsewhere_a_plain_line_is_enough(monkeypatch):
    """Without a terminal there is one line every few seconds, with rate and remaining time."""
    clock = iter([0.0, 0.0, 2.0, 10.0, 11.0])
    monkeypatch.setattr("enrich_stream.cli.submit_display.time.monotonic", lambda: next(clock))
    log = io.StringIO()
    with show_progress(Console(file=log, force_terminal=False)) as watch:
        for settled in (1000, 1100, 2000, 2100):
            watch(Progress(5000, settled, ""))
    assert log.getvalue() == "2,000 of 5,000 rows, 100 rows/s, 30 s left\n"


def test_the_summary_of_nobody_divides_nothing():
    """An empty run has a summary too."""
    screen = io.StringIO()
    nothing = Summary(
        counts=dict.fromkeys(RowStatus, 0), fresh_rows=0, seconds=0.0, output=Path("none.csv")
    )
    print_summary(Console(file=screen), nothing)
    assert "0.0%" in screen.getvalue()


async def test_the_library_function_needs_no_terminal(service, people, capsys):
    """``submit_file`` itself prints nothing."""
    await submit_file(Submission(source=people, url=service.url))
    assert capsys.readouterr() == ("", "")
