"""``submit`` against a real HTTP server that speaks the contract."""

import asyncio
import csv
import gc
import json
import math
from pathlib import Path

import pytest
from enrichment_service import DROP, item_for, operation, problem

from enrich_stream.errors import InputError, SetupError, UnavailableError
from enrich_stream.person import Field
from enrich_stream.submit import Submission, submit_file
from enrich_stream.submit.people_file import Row


@pytest.fixture
def people(tmp_path):
    """Writes a CSV file of people with a column that is carried through."""

    def write(names, file="people.csv") -> Path:
        path = tmp_path / file
        lines = (f"{name},note {number}\n" for number, name in enumerate(names))
        path.write_text("GitHub username,Note\n" + "".join(lines))
        return path

    return write


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def names(count, prefix="person") -> list[str]:
    return [f"{prefix}{number}" for number in range(count)]


async def test_answers_stand_beside_their_rows_in_input_order(service, people):
    """Batches that finish out of order are written in order, with every column they came with."""
    service.polls_needed = {0: 12, 1: 9, 2: 6, 3: 3}
    source = people(names(350))
    summary = await submit_file(Submission(source=source, url=service.url))
    assert rows_of(summary.output) == [
        {
            "GitHub username": name,
            "Note": f"note {number}",
            "status": "found",
            "emails": f"{name}@northwind.example",
            "phones": "+14155550132;+14155550133",
            "error": "",
        }
        for number, name in enumerate(names(350))
    ]
    assert summary.output == source.with_name("people.enriched.csv")
    assert not list(source.parent.glob("*.journal"))


async def test_the_four_outcomes_are_told_apart_and_counted(service, people):
    """Found, absent, unknown and invalid rows keep their own status, reason and count."""
    source = people(["a", "absent", "unknown", "half", "bad", ""])
    summary = await submit_file(Submission(source=source, url=service.url))
    assert [(row["status"], row["error"]) for row in rows_of(summary.output)] == [
        ("found", ""),
        ("absent", "No matching person was found."),
        ("unknown", "Nobody could be asked."),
        ("unknown", "contact.phone could not be determined"),
        ("invalid", "github_username cannot be read"),
        ("invalid", "the row names no person"),
    ]
    assert summary.counts == {"found": 1, "absent": 1, "unknown": 2, "invalid": 2}
    assert rows_of(summary.output)[3]["emails"] == "half@northwind.example"


@pytest.mark.parametrize(
    "fault_property",
    [
        "identifiers.{position}.{kind}",
        "identifiers.{position}",
        "identifiers[{position}].{kind}",
        "body.identifiers.{position}.{kind}",
    ],
)
async def test_invalid_identifiers_do_not_hold_back_their_batch(service, people, fault_property):
    """Rows the server names as faulty are reported, and the rest of the batch is asked about."""
    service.fault_property = fault_property
    given = ["bad0", *names(60), "bad1", *names(60, "other")]
    summary = await submit_file(Submission(source=people(given), url=service.url))
    statuses = ["invalid" if name.startswith("bad") else "found" for name in given]
    assert [row["status"] for row in rows_of(summary.output)] == statuses
    asked = [len(job.body["identifiers"]) for job in service.jobs.values()]
    assert sorted(asked) == [22, 98]


async def test_a_file_of_invalid_rows_alone_ends_without_a_job(service, people):
    """When nothing of a batch can be sent, its rows are reported and the run ends well."""
    summary = await submit_file(Submission(source=people(["bad"] * 3), url=service.url))
    assert summary.counts["invalid"] == 3
    assert not service.jobs


async def test_json_lines_stay_json(service, tmp_path):
    """JSON Lines come back as JSON Lines with typed values, and a taken name is not overwritten."""
    source = tmp_path / "people.jsonl"
    source.write_text('{"email":"ann","status":"lead","n":[1]}\n{"github":"bob"}\n')
    fields = (Field.EMAIL, Field.PROFILE)
    summary = await submit_file(Submission(source=source, url=service.url, fields=fields))
    assert summary.output.name == "people.enriched.jsonl"
    first, second = map(json.loads, summary.output.read_text().splitlines())
    assert first == {
        "email": "ann",
        "status": "lead",
        "n": [1],
        "enriched_status": "found",
        "emails": ["ann@northwind.example"],
        "phones": ["+14155550132", "+14155550133"],
        "error": "",
        "profile": {"headline": "Engineer"},
    }
    assert second["enriched_status"] == "found"
    assert [job.body["fields"] for job in service.jobs.values()] == [["contact.email", "profile"]]


async def test_json_lines_become_csv_when_the_output_is_named_so(service, tmp_path):
    """The suffix of the output decides its format; columns are those of all rows."""
    source = tmp_path / "people.jsonl"
    source.write_text('{"email":"ann","n":[1]}\n{"github":"bob","z":null}\n')
    output = tmp_path / "found.csv"
    await submit_file(Submission(source=source, output=output, url=service.url))
    assert output.read_text().splitlines() == [
        "email,n,github,z,status,emails,phones,error",
        "ann,[1],,,found,ann@northwind.example,+14155550132;+14155550133,",
        ",,bob,,found,bob@northwind.example,+14155550132;+14155550133,",
    ]


async def test_text_from_outside_is_no_formula(service, people):
    """An added cell that a spreadsheet would run is marked; a carried one is left alone."""
    source = people(["=cmd", "a"])
    summary = await submit_file(Submission(source=source, url=service.url))
    first, second = rows_of(summary.output)
    assert first["GitHub username"] == "=cmd"
    assert first["emails"] == "'=cmd@northwind.example"
    assert second["phones"] == "+14155550132;+14155550133"


async def test_a_spreadsheets_dialect_is_kept(service, tmp_path):
    """A file parted by semicolons, with a byte order mark, comes back the same way."""
    source = tmp_path / "people.csv"
    source.write_bytes(b"\xef\xbb\xbfemail;note\r\nann;a,b\r\n")
    summary = await submit_file(Submission(source=source, url=service.url))
    assert summary.output.read_bytes() == (
        b"\xef\xbb\xbfemail;note;status;emails;phones;error\n"
        b'ann;a,b;found;ann@northwind.example;"+14155550132;+14155550133";\n'
    )


async def test_passing_troubles_are_waited_out(service, people):
    """Rate limits, outages and dropped connections delay a run, and repeats keep their key."""
    service.post_troubles.extend([problem(429, "slow down", retry_after="0"), problem(503, "")])
    service.post_troubles.append(DROP)
    service.get_troubles.extend([problem(500, ""), DROP, problem(429, "", retry_after="0")])
    notes = []
    summary = await submit_file(
        Submission(source=people(names(250)), url=service.url),
        lambda progress: notes.append(progress.note),
    )
    assert summary.counts["found"] == 250
    assert len(service.jobs) == len(service.accepted) == 3
    assert any("429" in note for note in notes)
    assert notes[-1] == ""


async def test_every_request_waits_as_long_as_the_server_asks(service, people):
    """After a Retry-After nothing is sent, by any batch, before that time."""
    service.post_troubles.append(problem(429, "slow down", retry_after="1"))
    await submit_file(Submission(source=people(names(300)), url=service.url, in_flight=1))
    assert service.times[1] - service.times[0] >= 1.0


@pytest.mark.parametrize("retry_after", [None, "3600"])
async def test_patience_ends_with_what_is_done_saved(service, people, retry_after):
    """A server that stays away ends the run, and the next run asks only what is missing."""
    source = people(names(300))
    submission = Submission(source=source, url=service.url, in_flight=1, patience_seconds=0.2)
    service.get_troubles.extend([None, None, problem(503, "", retry_after=retry_after)])
    with pytest.raises(UnavailableError, match="503"):
        await submit_file(submission)
    assert len(rows_of(source.with_name("people.enriched.csv"))) == 200
    summary = await submit_file(submission)
    assert summary.fresh_rows == 100
    assert [row["GitHub username"] for row in rows_of(summary.output)] == names(300)
    assert set(service.posts.values()) == {1}


async def test_an_address_where_nothing_runs_is_named(people, unused_tcp_port):
    """Without any contact the message asks whether the service runs and the address is right."""
    url = f"http://127.0.0.1:{unused_tcp_port}"
    with pytest.raises(UnavailableError, match=rf"{url} cannot be reached .*--url right"):
        await submit_file(Submission(source=people("a"), url=url, patience_seconds=0.1))


@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        (problem(401, "Authentication is required."), SetupError, "ENRICH_ACCESS_KEY"),
        (problem(403, "No."), SetupError, "ENRICH_SECRET_KEY"),
        (problem(402, "Insufficient credits: 8 required"), SetupError, "credits"),
        (problem(404, ""), SetupError, "--url right"),
        (problem(301, ""), SetupError, "--url right"),
        (problem(400, "", errors=[{"property": "fields", "message": "x"}]), InputError, "fields"),
        (problem(400, "Not now"), InputError, "Not now"),
    ],
    ids=lambda value: str(getattr(value, "status", "")),
)
async def test_an_answer_that_stays_the_same_ends_the_run(service, people, answer, error, message):
    """What no later try can change is said at once and in words."""
    service.always = answer
    with pytest.raises(error, match=message):
        await submit_file(Submission(source=people("a"), url=service.url))


async def test_keys_are_sent_and_never_shown(service, people):
    """Both keys go into their headers, and the submission does not print them."""
    submission = Submission(
        source=people("a"),
        url=service.url,
        access_key="ak_1",
        secret_key="sk_2",  # noqa: S106 - of nobody
    )
    await submit_file(submission)
    for request in service.requests:
        assert (request.headers["X-Access-Key"], request.headers["X-Secret-Key"]) == (
            "ak_1",
            "sk_2",
        )
    assert "sk_2" not in repr(submission)


async def test_a_job_the_server_has_lost_is_submitted_again_under_its_key(service, people):
    """A job that is no longer known is repeated with the same key, which cannot cost twice."""
    service.forgotten.add(f"op_{0:026d}")
    summary = await submit_file(Submission(source=people("a"), url=service.url))
    assert summary.counts["found"] == 1
    assert list(service.posts.values()) == [2]


async def test_a_failed_job_leaves_its_rows_unknown(service, people):
    """A job that failed as a whole says nothing about its people."""
    service.get_troubles.append(operation(status="failed", error={"message": "Out of luck."}))
    summary = await submit_file(Submission(source=people("ab"), url=service.url))
    outcome = {(row["status"], row["error"]) for row in rows_of(summary.output)}
    assert outcome == {("unknown", "Out of luck.")}


async def test_a_row_the_server_left_out_is_unknown(service, people):
    """Too few items in an answer never shift results to other rows."""
    item = {"status": "failed", "error": {"message": "No."}}
    service.get_troubles.append(operation(status="succeeded", result={"items": [item]}))
    summary = await submit_file(Submission(source=people("ab"), url=service.url))
    assert [row["status"] for row in rows_of(summary.output)] == ["absent", "unknown"]


async def test_a_cancelled_job_answers_the_rows_it_names_and_no_others(service, people):
    """It has items of those who were looked up before; the others are unknown, with the reason."""
    items = [item_for({"github_username": name}, ["contact.email"]) for name in ("b", "d")]
    error = {"message": "The job was cancelled.", "retryable": False}
    service.get_troubles.append(operation(status="cancelled", result={"items": items}, error=error))
    summary = await submit_file(Submission(source=people(list("abcd")), url=service.url))

    assert [(row["emails"], row["error"]) for row in rows_of(summary.output)] == [
        ("", "The job was cancelled."),
        ("b@northwind.example", ""),
        ("", "The job was cancelled."),
        ("d@northwind.example", ""),
    ]
    assert summary.counts == {"found": 2, "absent": 0, "unknown": 2, "invalid": 0}


async def test_progress_never_goes_back_and_arrives(service, people):
    """What is shown grows with the server's own progress up to the number of rows."""
    service.polls_needed = {0: 5, 1: 4, 2: 3}
    seen = []
    await submit_file(Submission(source=people(names(300)), url=service.url), seen.append)
    settled = [progress.settled for progress in seen]
    assert settled == sorted(settled)
    assert settled[0] == 0
    assert settled[-1] == 300
    assert set(settled) - {0, 100, 200, 300}, "progress within a batch is shown"


async def test_a_large_file_is_never_held_in_memory(service, people):
    """However long the file, rows held and batches in flight stay within the bound."""
    source = people(names(100_000))
    held = []

    def count_rows() -> None:
        if len(service.jobs) % 100 == 0:
            held.append(sum(type(thing) is Row for thing in gc.get_objects()))

    service.on_post = count_rows
    summary = await submit_file(Submission(source=source, url=service.url, in_flight=4))
    assert summary.counts["found"] == 100_000
    assert 0 < service.most_open <= 4
    assert len(held) == 10
    assert max(held) <= 100 * (4 * 4 + 2) + 1  # the one that is being read


async def test_an_empty_list_of_people_gives_an_empty_output(service, people):
    """A header without rows is no error."""
    summary = await submit_file(Submission(source=people([]), url=service.url))
    assert summary.rows == 0
    assert summary.output.read_text() == "GitHub username,Note,status,emails,phones,error\n"


async def test_a_finished_output_is_not_overwritten(service, people):
    """Running a finished submission again refuses, and --restart asks again under new keys."""
    submission = Submission(source=people("a"), url=service.url)
    await submit_file(submission)
    with pytest.raises(InputError, match="exists already; --restart"):
        await submit_file(submission)
    again = Submission(source=submission.source, url=service.url, restart=True)
    summary = await submit_file(again)
    assert len(rows_of(summary.output)) == 1
    assert len(service.accepted) == 2


@pytest.fixture
async def stopped(service, people) -> Submission:
    """A submission of 200 rows that gave up after the first batch."""
    submission = Submission(
        source=people(names(200)), url=service.url, in_flight=1, patience_seconds=0.1
    )
    service.get_troubles.extend([None, problem(503, "")])
    with pytest.raises(UnavailableError):
        await submit_file(submission)
    return submission


async def test_a_changed_input_is_not_continued(stopped):
    """A file that was edited since the run stopped is refused by name."""
    stopped.source.write_text(stopped.source.read_text().replace("person7,", "person8,"))
    with pytest.raises(InputError, match=r"another the input file.*--restart"):
        await submit_file(stopped)


async def test_other_options_are_not_continued(stopped, service):
    """A run is continued only with the fields it was started with."""
    output = stopped.source.with_name("people.enriched.csv")
    other = Submission(source=stopped.source, output=output, url=service.url, fields=(Field.EMAIL,))
    with pytest.raises(InputError, match=r"another --fields"):
        await submit_file(other)


async def test_a_start_that_came_to_nothing_binds_to_nothing(service, people):
    """After a run that the server took nothing of, other options may be tried freely."""
    source = people("a")
    service.always = problem(401, "Authentication is required.")
    with pytest.raises(SetupError):
        await submit_file(Submission(source=source, url=service.url, access_key="ak"))
    service.always = None
    summary = await submit_file(Submission(source=source, url=service.url, fields=(Field.EMAIL,)))
    assert [row["status"] for row in rows_of(summary.output)] == ["found"]


async def test_a_damaged_output_is_not_continued(stopped):
    """An output shorter than the journal says is refused rather than filled with holes."""
    output = stopped.source.with_name("people.enriched.csv")
    output.write_text(output.read_text()[:50])
    with pytest.raises(InputError, match="was changed since"):
        await submit_file(stopped)


async def test_what_a_crash_left_half_written_is_dropped(stopped):
    """A torn journal line and rows after the last noted batch do not reach the final output."""
    output = stopped.source.with_name("people.enriched.csv")
    with output.open("a") as file:
        file.write("person100,note 100,fou")
    with output.with_name(output.name + ".journal").open("a") as file:
        file.write('{"type":"writ')
    summary = await submit_file(stopped)
    assert [row["GitHub username"] for row in rows_of(summary.output)] == names(200)


async def test_two_runs_never_share_an_output(service, people):
    """A second run on the same output is refused while the first is at work."""
    submission = Submission(source=people(names(1)), url=service.url)
    service.busy_from = 0
    first = asyncio.create_task(submit_file(submission))
    await service.until(lambda: service.jobs)
    with pytest.raises(InputError, match="another run"):
        await submit_file(submission)
    service.busy_from = math.inf
    assert (await first).counts["found"] == 1


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("localhost:8000", "http://host:port"),
        ("ftp://a", "http://host:port"),
        ("http://me:secret@a", "must not hold a password"),
    ],
)
async def test_an_address_that_cannot_be_one_is_refused(people, url, message):
    """A mistyped address is named before anything is written, and a password is not repeated."""
    source = people("a")
    with pytest.raises(InputError, match=message) as refused:
        await submit_file(Submission(source=source, url=url))
    assert "secret" not in str(refused.value)
    assert list(source.parent.iterdir()) == [source]


async def test_the_input_is_never_the_output(service, people):
    """Naming the input as the output is refused before it is touched."""
    source = people("a")
    with pytest.raises(InputError, match="the input file itself"):
        await submit_file(Submission(source=source, output=source, url=service.url))
    assert rows_of(source)
