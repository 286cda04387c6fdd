"""Disks that are full, broken, or ahead of a Kafka without its topics: said and mended."""

import asyncio
import contextlib
import os
import shutil
import subprocess

import httpx2
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from service import TOPICS, emails, until

from enrich_stream.topic_admin import apply_topics
from enrich_stream.topics import load_topics

NAMES = [f"person-{n}" for n in range(20)]
EMAILS = [[f"{name}@x.example"] for name in NAMES]


def last_words(process):
    """What a process says that does not run; it has ended by itself."""
    assert process.popen.wait(60) == 1, process.last_lines()
    return process.last_lines(3)


def break_files(data_dir):
    files = list(data_dir.rglob("CURRENT"))
    assert files
    for file in files:
        file.write_text("this is no RocksDB")


def test_a_worker_with_a_broken_disk_says_so_and_is_rebuilt(service):
    """It refuses to start, names the way out, and --rebuild has everything from Kafka again."""
    (worker,) = service.workers(1)
    door = service.front_door()
    before = door.result(door.submit(NAMES))
    worker.stop()
    break_files(worker.data_dir)

    assert "start again with --rebuild" in last_words(service.stack.start_worker("worker-1"))

    service.stack.start_worker("worker-1", rebuild=True)
    assert emails(door.result(door.submit(NAMES))) == EMAILS
    assert door.result(before["id"]) == before


@pytest.mark.slow
def test_a_front_door_with_a_broken_disk_says_so_and_is_rebuilt(service):
    """The same for the front door's copy of the jobs."""
    service.workers(1)
    door = service.front_door()
    before = door.result(door.submit(NAMES))
    door.process.stop()
    break_files(door.process.data_dir)

    broken = service.stack.start_api("api-1", port=door.port)
    assert "start again with --rebuild" in last_words(broken)

    service.stack.start_api("api-1", port=door.port, rebuild=True)
    until(lambda: is_ready(door), "the front door is ready")
    assert door.result(before["id"]) == before


@pytest.mark.slow
def test_a_worker_whose_changelogs_are_gone_refuses_its_old_disk(service):
    """What the disk has and Kafka has not is no truth; Kafka decides, and the message says how."""
    prefix = "gone-"
    service.stack.environ["KAFKA_TOPIC_PREFIX"] = prefix
    topics = load_topics(prefix=prefix)
    asyncio.run(apply_topics(service.bootstrap_servers, topics))
    worker = service.stack.start_worker("worker-1")
    door = service.front_door()
    assert emails(door.result(door.submit(NAMES))) == EMAILS
    worker.stop()

    asyncio.run(make_anew(service.bootstrap_servers, topics))

    said = last_words(service.stack.start_worker("worker-1"))
    assert "ahead of their changelog" in said
    assert "--rebuild" in said
    service.stack.start_worker("worker-1", rebuild=True)
    assert emails(door.result(door.submit(NAMES))) == EMAILS


@pytest.mark.slow
def test_a_worker_that_opens_its_tables_for_longer_than_a_session_comes_up(service, slow_disk):
    """The group waits for it, or it would start over again and again."""
    worker = service.stack.start_worker("worker-1", slow_disk)
    door = service.front_door()

    assert emails(door.result(door.submit(NAMES))) == EMAILS
    service.wait_until_consumed(TOPICS.results)
    assert "worker.starts_over" not in worker.log.read_text()


def test_a_worker_with_a_full_disk_stops_and_goes_on_once_there_is_room(service, small_disk):
    """It says what is full; nothing that was accepted is lost."""
    data_dir = service.stack.home / "worker-1"
    with small_disk(data_dir, "64m"):
        (worker,) = service.workers(1)
        door = service.front_door()
        filler = data_dir / "filler"
        fill(filler)
        jobs = [door.submit([f"person-{n}" for n in range(100)]) for _ in range(20)]

        assert "the disk is full; make room and start again" in last_words(worker)

        filler.unlink()
        again = service.stack.start_worker("worker-1")
        assert {door.result(job)["status"] for job in jobs} == {"succeeded"}
        again.stop()


@pytest.mark.slow
def test_a_front_door_with_a_full_disk_says_it_is_not_ready_until_there_is_room(
    service, small_disk
):
    """It keeps what it has, shows nothing wrong, and catches up by itself."""
    service.workers(1)
    with small_disk(service.stack.home / "api-1", "64m"):
        door, other = service.front_door("api-1"), service.front_door("api-2")
        filler = service.stack.home / "api-1" / "filler"
        fill(filler)
        names = [f"person-{n}" for n in range(100)]
        jobs = [other.submit(names)]
        until(lambda: jobs.append(other.submit(names)) or not is_ready(door), "it is not ready")

        filler.unlink()

        until(lambda: is_ready(door), "the front door is ready again")
        assert {job: door.result(job) for job in jobs} == {job: other.result(job) for job in jobs}
        door.process.stop()


def is_ready(door):
    try:
        return door.http.get("/health/ready").status_code == 200
    except httpx2.TransportError:  # it is not even there yet
        return False


def fill(file):
    """Take all the room there is."""
    with contextlib.suppress(OSError), file.open("wb", buffering=0) as filler:
        while True:
            filler.write(b"\0" * 4096)


async def make_anew(servers, topics):
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    gone = [topics.jobs_changelog, topics.job_items_changelog, topics.contacts_changelog]
    await admin.delete_topics([topic.name for topic in gone])
    await admin.close()
    for _ in range(100):  # the cluster may still be deleting them
        with contextlib.suppress(Exception):
            await apply_topics(servers, topics)
            return
        await asyncio.sleep(0.1)


SLOW_DISK = """
import time
import rocksdict

at_once = rocksdict.Rdict


def after_a_while(*args, **options):
    time.sleep(0.4)
    return at_once(*args, **options)


rocksdict.Rdict = after_a_while
"""
"""Of 24 tables, which a session of 6 seconds is too short for."""


@pytest.fixture
def slow_disk(tmp_path):
    """The environment of a process for which each table takes its time to open."""
    (tmp_path / "sitecustomize.py").write_text(SLOW_DISK)
    return {"PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}


@pytest.fixture
def small_disk():
    """Puts a small file system of its own in a place; for root only."""

    @contextlib.contextmanager
    def mounted(path, size):
        path.mkdir(parents=True)
        mount = shutil.which("mount")
        if (
            mount is None
            or subprocess.run(
                [mount, "-t", "tmpfs", "-o", f"size={size}", "tmpfs", path], check=False
            ).returncode
        ):
            pytest.skip("a file system can be mounted by root only")
        try:
            yield
        finally:
            subprocess.run(["umount", "--lazy", path], check=True)

    return mounted
