"""What the caller wants, and its defaults."""

from datetime import timedelta

import pytest
from signal_samples import NOW

from enrich_stream.person import Field, Identifier, IdentifierKind
from enrich_stream.providers.base import Question
from enrich_stream.signals.platforms import Platform
from enrich_stream.signals.wanted import DEFAULT_DAYS, DEFAULT_POSTS, read_wanted


def wanted(kind=IdentifierKind.LINKEDIN, value="mira", **config):
    question = Question(
        identifier=Identifier(kind, value),
        fields=frozenset({Field.SIGNALS}),
        deadline=0.0,
        signals_config=config,
    )
    return read_wanted(question, NOW)


def test_nothing_said_means_all_platforms_a_month_and_fifty_of_each():
    """And nobody is known anywhere by a LinkedIn profile."""
    made = wanted()

    assert list(made.platforms) == list(Platform)
    assert made.since == NOW - timedelta(days=DEFAULT_DAYS)
    assert made.most_of("github") == DEFAULT_POSTS
    assert (made.handles, list(made.labels)) == ({}, [])


@pytest.mark.parametrize(
    ("kind", "platform"), [(IdentifierKind.X, "x"), (IdentifierKind.GITHUB, "github")]
)
def test_an_identifier_is_the_handle_on_its_own_platform(kind, platform):
    """And on no other: the same name elsewhere may be somebody else."""
    assert wanted(kind).handles == {platform: "mira"}


def test_a_callers_handle_is_used_as_given():
    """It goes before the identifier's own."""
    made = wanted(IdentifierKind.X, handles={"x": "@other", "mastodon": "@mira@a.example"})

    assert made.handles == {"x": "@other", "mastodon": "@mira@a.example"}


def test_platforms_have_other_names_and_any_case():
    """Everywhere in the config."""
    made = wanted(
        platforms=["HN", "hackernews", "Twitter"], max_posts={"hn": 7}, handles={"bsky": "m"}
    )

    assert list(made.platforms) == ["hackernews", "x"]
    assert made.most_of("hackernews") == 7
    assert made.handles == {"bluesky": "m"}


def test_to_want_no_post_of_a_platform_is_not_to_want_it():
    """It is not asked."""
    assert list(wanted(platforms=["x", "rss"], max_posts={"x": 0}).platforms) == ["rss"]


def test_since_days_and_labels_are_the_callers():
    """As given."""
    made = wanted(since_days=7, intent_signals=["hiring"])

    assert (made.since, list(made.labels)) == (NOW - timedelta(days=7), ["hiring"])
