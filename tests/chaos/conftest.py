"""A Kafka of our own for the session, with a second way in that can be disturbed."""

import itertools

import pytest

from enrich_stream.broker import start_broker
from enrich_stream.broker.ports import free_port
from enrich_stream.broker.properties import Detour
from enrich_stream.chaos.run import Place

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def detour():
    return Detour(port=free_port(), advertised_port=free_port())


@pytest.fixture(scope="session")
def disturbed_kafka(detour):
    """Apart from the one of the other tests, for this one is killed and cut off."""
    with start_broker(detour=detour) as broker:
        yield broker


@pytest.fixture
def place(disturbed_kafka, detour, tmp_path):
    """Topics and a group of its own for each run."""
    way = detour if disturbed_kafka.is_ours else None
    return Place(disturbed_kafka, f"chaos-test-{next(_numbers)}-", tmp_path, way)
