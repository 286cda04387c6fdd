"""Settings come from the environment, are checked at the start, and are documented."""

import re
from pathlib import Path

import pytest

from enrich_stream.errors import SetupError
from enrich_stream.settings import Settings, load_settings

README = Path(__file__).parents[2] / "README.md"


def test_every_wrong_variable_is_named_at_once(monkeypatch):
    """One message has all faults, each with the name the operator typed."""
    monkeypatch.setenv("ENRICH_API_PORT", "eighty")
    monkeypatch.setenv("KAFKA_REPLICATION_FACTOR", "0")

    with pytest.raises(
        SetupError, match=r"(?s)(?=.*ENRICH_API_PORT)(?=.*KAFKA_REPLICATION_FACTOR)"
    ):
        load_settings()


def test_sizes_take_units(monkeypatch):
    """A size may be written as people write sizes."""
    monkeypatch.setenv("ENRICH_MAX_BODY_BYTES", "2MiB")

    assert load_settings().max_body_bytes == 2 * 1024 * 1024


def test_the_readme_documents_exactly_the_settings_there_are():
    """Each setting has its row with its default, and no row is of a setting that is gone."""
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| ([^|]*) \|", README.read_text(), re.MULTILINE))

    expected = {}
    for name, field in Settings.model_fields.items():
        variable = name.upper() if name.startswith("kafka_") else f"ENRICH_{name.upper()}"
        expected[variable] = "" if field.default in (None, "") else f"`{field.default}`"
    assert {name: default.strip() for name, default in rows.items()} == expected
