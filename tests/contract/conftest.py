"""The suite asks a server that runs; without the address of one there is nothing to ask."""

import os

import httpx2
import pytest
from asking import HEADERS

collect_ignore_glob = [] if "CONTRACT_URL" in os.environ else ["test_contract_*.py"]


@pytest.fixture(scope="module")
def http():
    """A client with a key."""
    url = os.environ["CONTRACT_URL"]
    with httpx2.Client(base_url=url, headers=HEADERS, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def stranger():
    """A client without."""
    with httpx2.Client(base_url=os.environ["CONTRACT_URL"], timeout=30) as client:
        yield client
