"""Settings come from the environment, are checked at the start, and are documented."""

import re
from pathlib import Path

import pytest

from enrich_stream.errors import SetupError
from enrich_stream.providers.client.settings import ConnectorSettings
from enrich_stream.providers.registry import CONNECTORS
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
    rows = re.findall(r"^\| `([A-Z_]+)` \| ([^|]*) \|", README.read_text(), re.MULTILINE)

    expected = {}
    for name, field in Settings.model_fields.items():
        variable = name.upper() if name.startswith("kafka_") else f"ENRICH_{name.upper()}"
        if field.annotation is not ConnectorSettings:
            expected[variable] = "" if field.default in (None, "") else f"`{field.default}`"
    assert {name: default.strip() for name, default in rows} == expected


def test_the_readme_documents_exactly_the_settings_of_a_connector():
    """Each has its row with its default and its meaning."""
    row = re.compile(r"^\| `ENRICH_<PROVIDER>_([A-Z_]+)` \| ([^|]*?) \| ([^|]*) \|$", re.MULTILINE)
    expected = [
        (
            name.upper(),
            "" if field.default in (None, "") else f"`{field.default}`",
            field.description,
        )
        for name, field in ConnectorSettings.model_fields.items()
    ]
    assert row.findall(README.read_text()) == expected


def test_the_readme_lists_exactly_the_connectors_there_are():
    """Each with the limits it documents, in the order in which they are asked."""
    row = re.compile(r"^\| `([a-z]+)` \|.*\| (yes|no) \| ([^|]*) \|$", re.MULTILINE)
    expected = [
        (
            connector.name,
            "yes" if connector.needs_key else "no",
            f"`{connector.limits}`"
            + (f"; without a key `{more}`" if (more := connector.limits_without_key) else ""),
        )
        for connector in CONNECTORS
    ]
    assert row.findall(README.read_text()) == expected


def test_each_connector_has_its_settings(monkeypatch):
    """A variable is the provider's name and the setting's, whatever underscores they have."""
    for connector in CONNECTORS:
        monkeypatch.setenv(f"ENRICH_{connector.name.upper()}_BASE_URL", "https://a.example/v1")
        monkeypatch.setenv(f"ENRICH_{connector.name.upper()}_KEY", connector.name)

    settings = load_settings()
    for connector in CONNECTORS:
        its_settings = getattr(settings, connector.name)
        assert its_settings.secret == connector.name
        assert str(its_settings.base_url) == "https://a.example/v1"
    assert "hunter" not in repr(settings.hunter)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ENRICH_HUNTER_LIMITS", "often"),
        ("ENRICH_HUNTER_KEY", "s3cret key"),
        ("ENRICH_HUNTER_TIMEOUT_SECONDS", "0"),
        ("ENRICH_HUNTER_BASE_URL", "ftp://a.example"),
        ("ENRICH_HUNTER_BASE_URL", "https://me:s3cret@a.example"),
        ("ENRICH_HUNTER_KEYS", "s3cret"),
    ],
)
def test_a_wrong_setting_of_a_connector_is_named(monkeypatch, variable, value):
    """By the variable as the operator typed it, a misspelt one too; never with a key."""
    monkeypatch.setenv(variable, value)

    with pytest.raises(SetupError, match=rf"^wrong settings: {variable}: [^\n]+$") as refusal:
        load_settings()
    assert "s3cret" not in str(refusal.value)
