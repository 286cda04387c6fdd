"""The provider over the operator's own records: its stores, its start, its reloads."""

import asyncio
import contextlib
import fcntl
import sqlite3
import time

import pytest
import structlog
from directory_samples import LINKEDIN, MIRA, X, csv_file, found, json_lines

from enrich_stream.errors import InputError, SetupError
from enrich_stream.identifiers import normalise
from enrich_stream.person import Field
from enrich_stream.providers.base import Finding, Outcome, Provider, Question, everything
from enrich_stream.providers.directory import DirectoryProvider, build
from enrich_stream.providers.directory.build import build_store
from enrich_stream.providers.directory.rows import read_rows
from enrich_stream.providers.directory.store import DirectoryStore

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
    provider = DirectoryProvider(source, tmp_path / "stores", phone_region="US", poll_seconds=0.02)
    await provider.start()
    yield provider
    await provider.stop()


async def asked(provider, kind, text):
    identifier = normalise(kind, text)
    return await provider.ask(
        Question(identifier=identifier, fields=frozenset({Field.EMAIL}), deadline=0.0)
    )


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


def test_a_file_that_changes_while_it_is_read_is_refused(load, tmp_path, monkeypatch):
    """Half of one state and half of another would be a directory that never was."""

    def read_and_change(source):
        yield from read_rows(source)
        source.write_bytes(json_lines({"x": "kofi"}))

    monkeypatch.setattr(build, "read_rows", read_and_change)
    with pytest.raises(InputError, match="the file changed while it was read"):
        load(json_lines(MIRA), "people.jsonl")
    assert list(tmp_path.glob("*.sqlite")) == []


def test_it_is_a_provider(tmp_path):
    """It answers every field by every identifier, from records of the operator's own."""
    provider: Provider = DirectoryProvider(tmp_path / "people.csv", tmp_path)
    assert provider.name == "directory"
    assert provider.answers == everything()
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


async def test_a_file_that_is_still_being_written_is_left_alone(directory, tmp_path, monkeypatch):
    """A copy takes its time: the file is loaded once, when it has stopped growing."""
    names = iter(["kofi", "lena", "oskar", "noor"])
    look = directory._current

    def grow_and_look():
        if name := next(names, None):
            with (tmp_path / "people.jsonl").open("ab") as file:
                file.write(json_lines({"x": name}))
        return look()

    async def the_last_is_known():
        return (await asked(directory, X, "noor")).person_known

    with structlog.testing.capture_logs() as logs:
        monkeypatch.setattr(directory, "_current", grow_and_look)
        await eventually(the_last_is_known)
    assert [entry["event"] for entry in logs] == ["directory.loaded"]


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
    again = DirectoryProvider(tmp_path / "people.jsonl", tmp_path / "stores", phone_region="US")
    await again.start()
    assert (await asked(again, X, "mira_okafor")).person_known
    await again.stop()


async def test_workers_that_start_together_share_one_store(tmp_path):
    """Workers with one data directory wait for the first one's store; none spoils another's."""
    # Enough people that one build is still going on when the others come.
    crowd = ({"x": f"p{number}", "email": f"p{number}@example.com"} for number in range(3_000))
    (tmp_path / "people.jsonl").write_bytes(json_lines(MIRA, *crowd))
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
    async with asyncio.timeout(5):  # reading them all would take several times as long
        await directory.stop()
    with (tmp_path / "stores" / "directory.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # held for as long as a builder lives
