"""Which providers there are: off until wanted, in order, and those of other packages."""

import re
import shutil
import subprocess
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from aiohttp import web
from loopback import SECONDS, FastClock, serving

from enrich_stream.errors import SetupError
from enrich_stream.person import Field, Identifier, IdentifierKind, Outcome
from enrich_stream.providers.base import Question
from enrich_stream.providers.checking import check_providers
from enrich_stream.providers.clients import HttpClients
from enrich_stream.providers.registry import CONNECTORS, make_providers, open_providers, verifiers
from enrich_stream.settings import Settings, load_settings

EXAMPLES = Path(__file__).parents[2] / "examples"
ALL = ["github", "gravatar", "hunter", "prospeo", "leadmagic", "peopledatalabs"]


def names(settings):
    return [provider.name for provider in make_providers(settings)]


async def test_nobody_outside_is_asked_before_the_operator_says_so(capsys):
    """Each that is off says why, and by which variable that can be changed."""
    async with open_providers(load_settings()) as providers:
        assert providers == []
    said = capsys.readouterr().out
    assert said.count("providers.off") == 1
    for connector in CONNECTORS:
        assert f"ENRICH_{connector.name.upper()}_KEY" in said


def test_a_key_turns_a_provider_on(monkeypatch):
    """They are asked in the order that costs least."""
    for name in ALL:
        monkeypatch.setenv(f"ENRICH_{name.upper()}_KEY", "k")
    assert names(load_settings()) == ALL


@pytest.mark.parametrize(
    ("enabled", "key", "expected"),
    [
        ("true", "", ["github"]),
        ("true", "k", ["github", "hunter"]),
        ("false", "k", []),
        ("", "k", ["github", "hunter"]),
    ],
)
def test_a_switch_counts_more_than_a_key(monkeypatch, enabled, key, expected):
    """Without a key that it needs, a provider is off whatever the switch says."""
    for name in ("GITHUB", "HUNTER"):
        monkeypatch.setenv(f"ENRICH_{name}_ENABLED", enabled) if enabled else None
        monkeypatch.setenv(f"ENRICH_{name}_KEY", key)
    assert names(load_settings()) == expected


async def test_started_providers_are_stopped():
    """Also those that were started before one that cannot be."""
    settings = Settings(github={"enabled": True}, endpoint_url="http://me:pw@127.0.0.1/")
    with pytest.raises(SetupError, match="ENRICH_ENDPOINT_URL"):
        async with open_providers(settings):
            pass
    async with open_providers(Settings(github={"enabled": True})) as (github,):
        assert github.http._transport.session is not None
    assert github.http._transport.session is None


def test_the_verifiers_are_those_of_the_providers_that_are_on():
    """They share a provider's connections, limits and credits."""
    on = {"key": "k"}
    providers = make_providers(Settings(github=on, hunter=on, leadmagic=on))
    assert [verifier.name for verifier in verifiers(providers)] == ["hunter", "leadmagic"]


# --- providers of other packages --------------------------------------------------------------


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Installs a package that registers a provider, for this test alone."""

    def install(name, value, module=None):
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[enrich_stream.providers]\n{name} = {value}\n")
        if module:
            shutil.copy(module, tmp_path)
        assert name in entry_points(group="enrich_stream.providers").names

    monkeypatch.syspath_prepend(tmp_path)
    return install


async def phone_book(request):
    if request.headers.get("X-Api-Key") != "k":
        return web.Response(status=401)
    phones = {
        "/phones/mira@northwind.example": "+44 20 7946 0190",
        "/phones/no@phone.example": None,
    }
    if request.path not in phones:
        return web.Response(status=404)
    return web.json_response({"phone": phones[request.path]})


@pytest.mark.parametrize(
    ("email", "outcome"),
    [
        ("mira@northwind.example", Outcome.FOUND),
        ("no@phone.example", Outcome.ABSENT),
        ("nobody@northwind.example", Outcome.ABSENT),
    ],
)
async def test_the_example_provider_is_asked_once_it_is_installed(
    installed, monkeypatch, email, outcome
):
    """With settings, limits and failures like ours."""
    installed("phonebook", "own_provider:make", EXAMPLES / "own_provider.py")
    async with serving(phone_book) as url:
        monkeypatch.setenv("ENRICH_PHONEBOOK_BASE_URL", url)
        monkeypatch.setenv("ENRICH_PHONEBOOK_KEY", "k")
        clock = FastClock()
        settings = load_settings()
        (provider,) = make_providers(settings, HttpClients(settings, clock))
        await provider.start()
        question = Question(
            identifier=Identifier(IdentifierKind.EMAIL, email),
            fields=frozenset({Field.PHONE}),
            deadline=clock.now() + SECONDS,
        )
        answer = await provider.ask(question)
        await provider.stop()
    assert answer.findings[Field.PHONE].outcome is outcome


@pytest.mark.parametrize(
    ("key", "problem"), [("k", ""), ("wrong", "refused the key")], ids=["works", "a wrong key"]
)
async def test_the_example_provider_can_be_checked(installed, monkeypatch, key, problem):
    """By a question about nobody, for it names nothing else to ask."""
    installed("phonebook", "own_provider:make", EXAMPLES / "own_provider.py")
    async with serving(phone_book) as url:
        monkeypatch.setenv("ENRICH_PHONEBOOK_BASE_URL", url)
        monkeypatch.setenv("ENRICH_PHONEBOOK_KEY", key)
        (checked,) = await check_providers(make_providers(load_settings()), SECONDS)
    assert (checked.provider, checked.problem) == ("phonebook", problem)


async def test_a_provider_that_breaks_while_it_is_checked_is_named():
    """The others are checked all the same, and its error is not printed: it may hold a key."""
    github = make_providers(Settings(github={"enabled": True}))[0]
    github.check = lambda _deadline: 1 / 0
    (checked,) = await check_providers([github], SECONDS)
    assert checked.problem == "failed with ZeroDivisionError"


def test_the_provider_in_the_readme_is_the_example():
    """What is shown there is what is tested here."""
    readme = (EXAMPLES.parent / "README.md").read_text()
    shown = re.search(r"```python\n(class Entry.*?)```", readme, re.DOTALL)[1]
    assert (EXAMPLES / "own_provider.py").read_text().endswith(f"\n\n{shown}")


def test_a_provider_of_another_package_may_be_off(installed, monkeypatch):
    """It decides by itself; a wrong setting of its own stops the start."""
    installed("phonebook", "own_provider:make", EXAMPLES / "own_provider.py")
    assert names(load_settings()) == []
    monkeypatch.setenv("ENRICH_PHONEBOOK_LIMITS", "often")
    with pytest.raises(SetupError, match=r"^wrong settings: ENRICH_PHONEBOOK_LIMITS: "):
        make_providers(load_settings())


@pytest.mark.parametrize("value", ["no_such_module:make", "enrich_stream.errors:make"])
def test_a_provider_that_cannot_be_loaded_stops_the_start(installed, value):
    """The operator is told which one and where it should have been."""
    installed("phonebook", value)
    with pytest.raises(SetupError, match=rf"^the provider phonebook .* {value} .*: mend"):
        make_providers(load_settings())


def test_two_providers_by_one_name_stop_the_start(installed, tmp_path):
    """Evidence could not tell them apart."""
    (tmp_path / "another.py").write_text(
        "from enrich_stream.providers.github import GitHub\n"
        "def make(settings, clients): return GitHub(settings.github, clients)\n"
    )
    installed("github", "another:make")
    with pytest.raises(SetupError, match="two providers with the name github"):
        make_providers(Settings(github={"enabled": True}))


def test_a_provider_is_registered_under_its_own_name(installed, tmp_path):
    """A job names it by its entry point, which is known without making it."""
    (tmp_path / "misnamed.py").write_text(
        "from enrich_stream.providers.github import GitHub\n"
        "def make(settings, clients): return GitHub(settings.github, clients)\n"
    )
    installed("gitlab", "misnamed:make")
    with pytest.raises(SetupError, match="the provider github is registered as gitlab"):
        make_providers(Settings())


# --- the example settings ---------------------------------------------------------------------


def test_the_example_settings_are_settings(monkeypatch):
    """Sourced by a shell with every line taken, each is one that there is."""
    lines = (EXAMPLES / "providers.env").read_text().splitlines()
    shown = [line.lstrip("#") for line in lines if line.lstrip("#").startswith("ENRICH_")]
    script = "\n".join(line.replace("_KEY=", "_KEY=k") for line in shown)
    printed = subprocess.run(
        ["sh", "-c", f"set -a\n{script}\nenv"], capture_output=True, text=True, check=True
    ).stdout
    for line in printed.splitlines():
        name, _, value = line.partition("=")
        if name.startswith("ENRICH_"):
            monkeypatch.setenv(name, value)
    settings = load_settings()
    assert names(settings) == [*ALL, "signals"]
    assert settings.prospeo.limits == "5/s 300/min 2000/day"
    assert settings.redis_url
