"""The order of providers: the shipped file, and one of the operator's own."""

import pytest
from test_waterfall import Someone

from enrich_stream.errors import SetupError
from enrich_stream.orders import load_orders
from enrich_stream.person import Field, IdentifierKind

EVERYONE = frozenset(IdentifierKind)


def everyone(*names):
    return [Someone(name, *Field, kinds=EVERYONE) for name in names]


def names(ranking, kind, field):
    return [provider.name for provider in ranking[kind, field]]


@pytest.fixture
def own_file(tmp_path):
    return tmp_path / "waterfall.yaml"


@pytest.mark.parametrize("kind", IdentifierKind)
@pytest.mark.parametrize("field", Field)
def test_the_operators_own_records_come_first(kind, field):
    """What costs nothing is asked before what costs something, and a stranger is not forgotten."""
    ranking = load_orders(None).rank(everyone("elsewhere", "peopledatalabs", "directory"))

    ranked = names(ranking, kind, field)

    assert ranked[0] == "directory"
    assert set(ranked) == {"directory", "peopledatalabs", "elsewhere"}


def test_a_file_of_ones_own_changes_only_what_it_mentions(own_file):
    """Its lists replace the shipped ones; every other list stays."""
    own_file.write_text("email: {contact.phone: [b, a]}")
    ranking = load_orders(own_file).rank(everyone("a", "b", "c"))

    assert names(ranking, IdentifierKind.EMAIL, Field.PHONE) == ["b", "a"]
    assert names(ranking, IdentifierKind.EMAIL, Field.EMAIL) == ["a", "b", "c"]


def test_others_are_those_without_a_place_of_their_own(own_file):
    """They stand where the word stands, in the order in which they are set up."""
    own_file.write_text("email: {contact.phone: [c, others, a]}")
    ranking = load_orders(own_file).rank(everyone("a", "b", "c", "d"))

    assert names(ranking, IdentifierKind.EMAIL, Field.PHONE) == ["c", "b", "d", "a"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("phone: {contact.email: [a]}", "phone"),
        ("email: {contact.fax: [a]}", "contact.fax"),
        ("email: {contact.email: a}", "email.contact.email"),
        ("email: [", "waterfall.yaml"),
        (None, "waterfall.yaml"),
    ],
    ids=["identifier", "field", "no-list", "no-yaml", "no-file"],
)
def test_a_wrong_file_stops_the_start_and_says_where(own_file, text, place):
    """The message names the setting, the file and the place in it."""
    if text is not None:
        own_file.write_text(text)

    with pytest.raises(SetupError, match="ENRICH_WATERFALL_FILE") as stopped:
        load_orders(own_file)

    assert place in str(stopped.value)
