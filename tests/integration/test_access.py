"""Access keys on a real Kafka: made by the command, followed by every front door."""

import asyncio
import os
import re
import subprocess
import sys

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from service import TOPICS, until

from enrich_stream.cli.dev_key import kept_key
from enrich_stream.stack import Stack, free_port, wait_for

EVERYWHERE = "0.0.0.0"  # noqa: S104 - that nobody listens there is what is tested
BODY = {"identifiers": [{"email": "a@x.example"}], "fields": ["contact.email"]}


@pytest.fixture
def enrich_stream(kafka):
    """Runs the command against the Kafka of the tests."""

    def run(*arguments, prefix="", code=0):
        environ = {"KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers, "KAFKA_TOPIC_PREFIX": prefix}
        done = subprocess.run(
            [sys.executable, "-m", "enrich_stream", *arguments],
            env=os.environ | environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stderr
        return done

    return run


def headers_of(created):
    return dict(
        zip(
            ("X-Access-Key", "X-Secret-Key"),
            re.findall(r"^ENRICH_\w+_KEY=(\S+)$", created.stdout, re.MULTILINE),
            strict=True,
        )
    )


def test_a_key_is_made_used_and_revoked_on_two_doors_without_a_restart(service, enrich_stream):
    """Both doors know a new key and forget a revoked one, each within five seconds."""
    doors = [service.front_door("api-1"), service.front_door("api-2")]
    created = enrich_stream("keys", "create", "--organisation", "acme", "--name", "CI")
    headers = headers_of(created)

    def statuses():
        paths = [f"http://127.0.0.1:{door.port}/nowhere" for door in doors]
        return [httpx2.get(path, headers=headers).status_code for path in paths]

    until(lambda: statuses() == [404, 404], "both doors know the key", seconds=5)
    listed = enrich_stream("keys", "list").stdout
    enrich_stream("keys", "revoke", headers["X-Access-Key"])
    until(lambda: statuses() == [401, 401], "both doors refuse the key", seconds=5)

    assert re.search(rf"{headers['X-Access-Key']} +acme +valid .* never +CI$", listed, re.MULTILINE)
    assert headers["X-Secret-Key"] not in listed
    listed = enrich_stream("keys", "list").stdout
    assert re.search(rf"{headers['X-Access-Key']} +acme +revoked", listed)
    stored = [record.value for record in service.records(TOPICS.access_keys)]
    assert not [value for value in stored if headers["X-Secret-Key"].encode() in value]


def test_a_key_that_signs_is_made_without_a_secret(enrich_stream, tmp_path):
    """From a public half; the command shows the id and has nothing else to show."""
    private, public = tmp_path / "private.pem", tmp_path / "public.pem"
    key = Ed25519PrivateKey.generate()
    public.write_bytes(
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    create = ("keys", "create", "--organisation", "acme", "--public-key")

    made = enrich_stream(*create, str(public))
    refused = enrich_stream(*create, str(private), code=1)

    (key_id,) = re.fullmatch(r"ENRICH_ACCESS_KEY=(ak_\w+)\n", made.stdout).groups()
    listed = enrich_stream("keys", "list").stdout
    assert re.search(rf"{key_id} +acme +valid +signature ", listed)
    assert "Ed25519" in refused.stderr


def test_a_job_is_invisible_to_another_organisation_on_every_door(service, enrich_stream):
    """Found under its own organisation's key, on both paths; a 404 under another's."""
    doors = [service.front_door("api-1"), service.front_door("api-2")]
    created = enrich_stream("keys", "create", "--organisation", "globex")
    job_id = doors[0].submit(["person-1"])
    theirs = headers_of(created)

    def statuses():
        return [door.http.get("/nowhere", headers=theirs).status_code for door in doors]

    until(lambda: statuses() == [404, 404], "both doors know the key")
    for door in doors:
        for path in ("/api/enrichments", "/api/operations"):
            assert door.http.get(f"{path}/{job_id}").status_code == 200
            assert door.http.get(f"{path}/{job_id}", headers=theirs).status_code == 404


def test_keys_are_known_before_the_first_request_and_while_kafka_is_down(service, kafka):
    """A door that is ready knows all keys, and goes on knowing them."""
    if not kafka.is_ours:
        pytest.skip("the cluster of KAFKA_BOOTSTRAP_SERVERS is not ours to stop")
    door = service.front_door()

    assert door.http.get("/nowhere").status_code == 404
    kafka.stop()
    try:
        until(lambda: door.http.get("/health/ready").status_code == 503, "it sees no Kafka")
        assert door.http.get("/nowhere").status_code == 404
        assert httpx2.get(f"{door.http.base_url}/nowhere").status_code == 401
    finally:
        kafka.start()
    until(lambda: door.http.get("/health/ready").status_code == 200, "the front door is ready")


def test_without_keys_a_front_door_serves_this_machine_only(kafka, enrich_stream, tmp_path):
    """It refuses other addresses naming the command, and serves the loopback without a key."""
    prefix = "keyless-"
    enrich_stream("topics", "apply", prefix=prefix)
    environ = {"KAFKA_TOPIC_PREFIX": prefix}

    with Stack(tmp_path, kafka.bootstrap_servers, environ) as stack:
        port = free_port()
        door = stack.start_api(port=port)
        url = f"http://127.0.0.1:{port}"
        wait_for(lambda: _answers(url), door, 60)
        assert httpx2.post(f"{url}/api/enrichments", json=BODY).status_code == 202
        open_to_all = {"ENRICH_API_HOST": EVERYWHERE, "ENRICH_DATA_DIR": str(tmp_path / "other")}
        refused = _run_api(kafka, environ | open_to_all)
        enrich_stream("keys", "create", "--organisation", "acme", prefix=prefix)
        until(lambda: httpx2.get(f"{url}/nowhere").status_code == 401, "a key is needed", 5)

    assert refused.returncode == 1
    assert "enrich-stream keys create" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_wrong_key_command_says_what_is_wrong(enrich_stream):
    """One line for whoever typed it, and exit code 1."""
    unknown = enrich_stream("keys", "revoke", "ak_nobody", code=1)
    past = enrich_stream("keys", "create", "--organisation", "a", "--expires", "2020-01-01", code=1)
    vague = enrich_stream("keys", "create", "--organisation", "a", "--expires", "soon", code=1)

    for done, said in ((unknown, "no such key"), (past, "in the past"), (vague, "2027-01-31")):
        assert said in done.stderr
        assert len(done.stderr.splitlines()) == 1


def _answers(url):
    try:
        return httpx2.get(f"{url}/health/ready").status_code == 200
    except httpx2.TransportError:
        return False


def _run_api(kafka, environ):
    return subprocess.run(
        [sys.executable, "-m", "enrich_stream", "api", "--port", str(free_port())],
        env=os.environ | {"KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers} | environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_key_of_a_machine_of_ones_own_is_kept_while_it_works(kafka, enrich_stream, tmp_path):
    """The same in each run, for its owner's eyes only; a new one once it is revoked."""
    file, topic = tmp_path / "access-key", TOPICS.access_keys

    first, again = (asyncio.run(kept_key(file, kafka.bootstrap_servers, topic)) for _ in range(2))
    enrich_stream("keys", "revoke", first.access_key)
    other = asyncio.run(kept_key(file, kafka.bootstrap_servers, topic))

    assert first == again != other
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_text() == other.environment()
    assert first.secret_key not in repr(first)
