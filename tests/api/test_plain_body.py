"""Both ways to read a body come to the same."""

import json

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from mutated_bodies import mutated_bodies

from api.bodies import _checked_order, parse_order
from api.options import job_options
from api.plain_body import plain_order
from api.problems import Problem
from enrich_stream.identifiers import MAX_CHARS
from enrich_stream.person import Field, IdentifierKind

FIELDS = '"fields":["contact.email"]'
PERSONS = '"identifiers":[{"email":"a@b.example"}]'
WANTED = {"signals_config": {"platforms": ["x"], "max_posts": {"x": 5}, "since_days": 30}}
OPTIONS = {"max_age_seconds": 5, "max_provider_calls": 0, "providers": ["directory"]}


def checked(body):
    """What the thorough way makes of a body; None when it has faults."""
    try:
        return _checked_order(body)
    except Problem:
        return None


def agree(body):
    """Whether the short way took it; what it made of it is what the thorough way makes."""
    order = plain_order(body)
    assert order is None or order == checked(body), body[:300]
    return order is not None


def body(persons, fields=("contact.email",), **more):
    return json.dumps({"identifiers": persons, "fields": fields, **more}).encode()


def test_whatever_is_done_to_a_body_both_ways_agree_on_it():
    """The short way accepts nothing that the thorough way refuses, and orders the same."""
    taken = sum(map(agree, mutated_bodies(2_000)))

    assert taken > 20


TEXTS = st.text(max_size=12) | st.sampled_from(
    [
        *("https://www.linkedin.com/in/mira", "https://www.linkedin.com/in/", "in/Mira"),
        *("a@b.example", "A@B.example", "@mira", "octo-cat", "a\nb", "mira\n", "\ud800", ""),
        *("x" * MAX_CHARS, "é" * (MAX_CHARS + 1), "@about", "topics", "a@b.test"),
    ]
)
VALUES = TEXTS | st.sampled_from([None, True, 1, 1.0, [], {}])
MEMBERS = [*IdentifierKind, "phone", "", "identifier"]
PERSON = st.dictionaries(st.sampled_from(MEMBERS), VALUES, max_size=2)
PLAIN = st.sampled_from(IdentifierKind).flatmap(lambda kind: st.fixed_dictionaries({kind: TEXTS}))
COUNTS = [None, True, False, 0, 1.0, 1.5, -1, 10**9, 10**30, "5"]
CHOICES = st.fixed_dictionaries(
    {},
    optional={
        "max_age_seconds": st.sampled_from(COUNTS),
        "max_provider_calls": st.sampled_from(COUNTS),
        "providers": st.lists(st.sampled_from(["directory", "endpoint", "nobody", 1]), max_size=3),
        "include": st.lists(st.sampled_from(["evidence", "items", None]), max_size=2),
        "more": st.none(),
    },
)
WORDS = st.lists(st.sampled_from([*Field, "contact.fax", None, 1]) | st.sampled_from(Field))
SIGNALS = st.fixed_dictionaries(
    {},
    optional={
        "platforms": st.lists(st.sampled_from(["x", "X ", "rss", "orkut", None]), max_size=3),
        "max_posts": st.dictionaries(st.sampled_from(["x", "orkut"]), st.sampled_from(COUNTS)),
        "intent_signals": st.lists(st.sampled_from(["hiring", "", 5]), max_size=3),
        "since_days": st.sampled_from(COUNTS),
        "handles": st.dictionaries(st.sampled_from(["x", "orkut"]), TEXTS, max_size=1),
        "more": st.none(),
    },
)
REST = st.fixed_dictionaries(
    {},
    optional={
        "fields": WORDS,
        "options": st.none() | CHOICES | st.just([]),
        "identifier": st.none() | PERSON,
        "signals_config": st.none() | SIGNALS | st.just([]),
        "more": st.none(),
    },
)


@given(st.lists(PLAIN | PERSON, max_size=5) | st.lists(PLAIN, min_size=99, max_size=102), REST)
@example([{"email": "a@b.example"}], {"options": {"max_age_seconds": 1.0}})
@example([{"email": "a@b.example"}], {"signals_config": {"handles": {"x": "@mira"}}})
@example([{"email": "a@b.example"}] * 2, {"signals_config": {"handles": {"x": "@mira"}}})
@example([{"email": "a@b.example"}] * 2, {"signals_config": {"handles": {}}})
@example([{"email": "a@b.example"}], {"signals_config": {"max_posts": {"x": 1.0}}})
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_the_members_are_both_ways_agree_on_them(persons, rest):
    """Wrong types, nulls, members that do not exist, too many: both make the same of it."""
    agree(body(persons, **rest))


MIRA = {"email": "mira@b.example"}


@pytest.mark.parametrize(
    ("persons", "fields", "is_taken"),
    [
        ([MIRA] * 100, ["profile"], True),
        ([MIRA] * 101, ["profile"], False),
        ([], ["profile"], False),
        ([MIRA], ["profile"] * 20, True),
        ([MIRA], ["profile"] * 21, False),
        ([MIRA], ["signals", "profile", "signals"], True),
        ([MIRA], [], False),
        ([MIRA, {}, MIRA | {"x_handle": "@mira"}], ["profile"], False),
    ],
)
def test_too_much_or_too_little_is_for_the_thorough_way(persons, fields, is_taken):
    """As many as there may be are taken, and a field that is named again counts once."""
    assert agree(body(persons, fields)) == is_taken


@pytest.mark.parametrize(
    "text",
    [
        f"{{{FIELDS},{FIELDS.replace('email', 'phone')},{PERSONS}}}",
        f"{{{FIELDS},{PERSONS},{PERSONS.replace('@', '@c.')}}}",
        f'{{{FIELDS},{PERSONS},"identifiers":null}}',
        f'{{{FIELDS},"identifiers":5,{PERSONS}}}',
        f'{{{FIELDS},"identifiers":[{{"email":"a@b.example","email":"c@d.example"}}]}}',
        f'{{{FIELDS},"identifiers":[{{"email":5,"email":"c@d.example"}}]}}',
        f'{{{FIELDS},"identifiers":[{{"email":"c@d.example","x_handle":null}}]}}',
        f'{{{FIELDS},"identifiers":[{{"email":"\\u0061@b.example"}}]}}',
        f'{{{FIELDS},"identifiers":[{{"em\\u0061il":"a@b.example"}}]}}',
        f'{{{FIELDS},"identifiers":[{{"x_handle":"\\ud800"}}]}}',
        f'{{{FIELDS},{PERSONS},"options":{{"max_age_seconds":5,"max_age_seconds":6}}}}',
        f'{{{FIELDS},{PERSONS},"options":{{"max_age_seconds":1e400}}}}',
        f'{{{FIELDS},{PERSONS},"options":{"[" * 9_999}}}',
        f"{{{FIELDS},{PERSONS}}}x",
        f"\ufeff{{{FIELDS},{PERSONS}}}",
        f" {{ {FIELDS} , {PERSONS} }} ",
        f"{{{FIELDS},{PERSONS.replace('a@', chr(0x212A) + '@')}}}",
        "[]",
        "",
    ],
)
def test_what_json_allows_twice_or_in_another_spelling_is_no_difference(text):
    """Of members that come twice the last counts, whichever way a body is read."""
    agree(text.encode())


def test_bytes_that_are_no_text_are_taken_by_neither_way():
    """What is not UTF-8 names nobody."""
    assert not agree(body([{"email": "a@b.example"}]).replace(b"a@", b"\xff@"))


@pytest.mark.parametrize("kind", IdentifierKind)
@pytest.mark.parametrize("choices", [{}, {"options": None}, {"options": OPTIONS}, WANTED])
def test_a_batch_without_faults_goes_the_short_way(kind, choices):
    """Also with all there is to choose, and with persons in a spelling that takes reading."""
    texts = {
        "linkedin_url": ["https://www.linkedin.com/in/mira", "de.linkedin.com/in/Mira"],
        "email": ["mira@b.example", "Mira <mira@b.example>"],
        "x_handle": ["@mira", "https://x.com/mira"],
        "github_username": ["mira", "https://github.com/mira"],
    }
    given_body = body([{kind: text} for text in texts[kind]], **choices)

    assert agree(given_body)
    assert {item.identifier.partition(":")[2] for item in plain_order(given_body).items} <= {
        "mira",
        "mira@b.example",
    }
    assert parse_order(given_body).options == job_options(choices.get("options"))
    assert parse_order(given_body).signals_config == choices.get("signals_config", {})
