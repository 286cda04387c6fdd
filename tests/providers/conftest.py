"""What the tests of more than one provider start from."""

import contextlib

import pytest

from enrich_stream.providers.directory.build import build_store
from enrich_stream.providers.directory.store import DirectoryStore


@pytest.fixture
def load(tmp_path):
    """Loads a file of that name and content, and opens its store."""
    with contextlib.ExitStack() as stack:

        def loaded(content, name="people.csv", region="US"):
            source = tmp_path / name
            source.write_bytes(content)
            path = build_store(source, tmp_path, region)
            return stack.enter_context(DirectoryStore(path))

        yield loaded
