"""What the platforms' answers add up to."""

import msgspec
import pytest
from signal_samples import days_ago, event, iso, post

from enrich_stream.person import Field, Outcome
from enrich_stream.signals.intent import load_rules
from enrich_stream.signals.outcome import (
    BY_SIZE,
    MAX_BYTES,
    NOBODY_THERE,
    NOTHING_SAID,
    answer,
    signals_of,
)
from enrich_stream.signals.shape import PlatformStatus
from enrich_stream.signals.source import Harvest
from enrich_stream.signals.texts import MAX_CHARS

RULES = load_rules()


def ok(*seen, days=30, **members):
    return Harvest(status=PlatformStatus.OK, seen=seen, since=days_ago(days), **members)


def state(status, **members):
    return Harvest(status=PlatformStatus(status), **members)


DOWN = state("unavailable", reason="timed out", retry_at=1_795_000_000.0)


def finding(**harvests):
    return answer(harvests, RULES, []).findings[Field.SIGNALS]


def test_the_object_has_everything_newest_first():
    """Posts and events of all platforms, each platform's part, and what they may mean."""
    shown = signals_of(
        {
            "x": ok(post(1, text="We are hiring"), post(5)),
            "github": ok(event(2), post(3, platform="github", id="c"), days=10, limited_by="why"),
            "rss": state("no_handle"),
        },
        RULES,
        [],
    )

    assert [one.id for one in shown.posts] == ["p1", "c", "p5"]
    assert [one.id for one in shown.events] == ["e2"]
    assert [one.signal for one in shown.intent] == ["hiring"]
    assert msgspec.to_builtins(shown.summary) == {
        "x": {"status": "ok", "count": 2, "since": iso(days_ago(30))},
        "github": {"status": "ok", "count": 2, "since": iso(days_ago(10)), "limited_by": "why"},
        "rss": {"status": "no_handle"},
    }
    assert shown.errors == ()


def test_something_seen_is_found_and_what_is_missing_is_named_beside_it():
    """An outage of one platform takes nothing from the others and does not hide."""
    said = finding(x=ok(post(1)), github=DOWN)

    assert said.outcome is Outcome.FOUND
    assert said.values[0].verified
    assert said.values[0].value["summary"]["github"] == {"status": "unavailable"}
    assert said.values[0].value["errors"] == [
        {
            "platform": "github",
            "message": "timed out",
            "retryable": True,
            "retry_at": "2026-11-18T11:06:40.000Z",
        }
    ]


@pytest.mark.parametrize(
    ("harvests", "reason"),
    [
        ({"x": ok(), "github": DOWN}, "github: timed out"),
        ({"x": state("partial", reason="down"), "github": DOWN}, "x: down; github: timed out"),
        ({"x": state("unknown_handle"), "rss": state("invalid_handle", reason="no")}, "rss: no"),
    ],
)
def test_nothing_seen_beside_an_outage_is_unknown(harvests, reason):
    """Whoever could not be asked might have had something."""
    said = finding(**harvests)

    assert (said.outcome, said.reason) == (Outcome.UNKNOWN, reason)
    assert said.retry_at == (DOWN.retry_at if DOWN in harvests.values() else None)


@pytest.mark.parametrize(
    ("harvests", "reason", "known"),
    [
        ({"x": ok(), "rss": state("no_handle")}, NOTHING_SAID, True),
        ({"x": state("hidden")}, NOTHING_SAID, True),
        ({"x": ok(), "github": state("unknown_handle")}, NOTHING_SAID, True),
        ({"x": state("unknown_handle")}, NOBODY_THERE, False),
    ],
)
def test_nothing_seen_by_all_who_could_be_asked_is_absent(harvests, reason, known):
    """The statuses go along, and a silent person is a person."""
    said = answer(harvests, RULES, [])

    assert said.findings[Field.SIGNALS].outcome is Outcome.ABSENT
    assert said.findings[Field.SIGNALS].reason == reason
    assert said.findings[Field.SIGNALS].values[0].value["posts"] == []
    assert said.person_known == known


@pytest.mark.parametrize("status", ["no_handle", "not_set_up"])
def test_with_nobody_to_ask_there_is_no_answer(status):
    """As if the provider could not be asked by such an identifier: neither no nor an outage."""
    said = answer({"x": state(status), "rss": state("no_handle")}, RULES, [])

    assert said.findings == {}
    assert not said.person_known


def test_an_answer_too_large_to_keep_loses_its_oldest():
    """Whoever said it; and each platform says since when it is still complete."""
    long = "x" * MAX_CHARS
    many = [post(1 + n / 100, id=f"p{n}", text=long) for n in range(200)]
    shown = signals_of({"x": ok(*many), "github": ok(event(1.005), event(29))}, RULES, [])

    assert 0 < len(shown.posts) < 200
    assert len(msgspec.json.encode(shown.posts)) <= MAX_BYTES
    assert [one.id for one in shown.posts] == [f"p{n}" for n in range(len(shown.posts))]
    assert [one.id for one in shown.events] == ["e1.005"]
    assert shown.summary["x"].since == shown.posts[-1].posted_at
    assert shown.summary["github"].since == shown.events[-1].occurred_at
    assert {part.limited_by for part in shown.summary.values()} == {BY_SIZE}


def test_a_platform_of_which_nothing_fits_says_since_when_that_is():
    """Nothing is listed, and nothing before is denied."""
    long = "x" * MAX_CHARS
    many = [post(1 + n / 100, id=f"p{n}", text=long) for n in range(200)]
    part = signals_of({"x": ok(*many), "github": ok(event(20))}, RULES, []).summary["github"]

    assert (part.count, part.limited_by) == (0, BY_SIZE)
    assert part.since > iso(days_ago(20))


def test_the_cost_of_all_platforms_is_the_cost():
    """Whatever they found."""
    said = answer({"x": ok(post(1), cost=0.015), "rss": state("hidden", cost=0.5)}, RULES, [])

    assert said.cost == pytest.approx(0.515)
