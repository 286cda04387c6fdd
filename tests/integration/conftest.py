"""A real Kafka for the session, and processes of ours on top of it."""

import asyncio
import json

import pytest
from service import Service

from enrich_stream.broker.choose import start_broker
from enrich_stream.cli.dev_key import new_key
from enrich_stream.stack import Stack
from enrich_stream.topic_admin import apply_topics
from enrich_stream.topics import load_topics

PEOPLE = 1_000


def pytest_collection_modifyitems(items):
    """Everything here needs the broker, and may have to wait for processes to start."""
    for item in items:
        if "integration" in item.path.parts:
            item.add_marker(pytest.mark.connected)
            item.add_marker(pytest.mark.timeout(240))


@pytest.fixture(scope="session")
def kafka():
    """A Kafka of our own, or the one of KAFKA_BOOTSTRAP_SERVERS; its data is thrown away."""
    with start_broker() as broker:
        asyncio.run(apply_topics(broker.bootstrap_servers, load_topics()))
        yield broker


@pytest.fixture(scope="session")
def headers(kafka):
    """Those of an access key; once there is one, no front door answers without."""
    topic = load_topics().access_keys
    return asyncio.run(new_key(kafka.bootstrap_servers, topic, "tests")).headers()


@pytest.fixture(scope="session")
def directory(tmp_path_factory):
    """Records of people named ``person-N`` whose e-mail is ``person-N@x.example``."""
    file = tmp_path_factory.mktemp("directory") / "people.jsonl"
    rows = (
        {
            "linkedin_url": f"linkedin.com/in/person-{n}",
            "email": [{"value": f"person-{n}@x.example", "verified": True}],
        }
        for n in range(PEOPLE)
    )
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return file


@pytest.fixture
def service(kafka, headers, directory, tmp_path):
    """Nothing started yet; all that a test starts on it is stopped at its end."""
    environ = {
        "ENRICH_DIRECTORY_FILE": str(directory),
        "ENRICH_SESSION_TIMEOUT_SECONDS": "6",
        # Tests look often.
        "ENRICH_REQUESTS_PER_MINUTE": "0",
        "ENRICH_POLLS_PER_MINUTE": "0",
    }
    with Stack(tmp_path, kafka.bootstrap_servers, environ) as stack:
        service = Service(stack, headers)
        yield service
        service.close()
