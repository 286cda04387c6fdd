"""All platforms asked at once, as one provider."""

import asyncio
import contextlib

import pytest
from fake_platforms import FAKES, FakeBluesky, FakeGitHub, FakeHackerNews, FakeMastodon, FakeX
from loopback import hangs, says, serving
from signal_samples import SECONDS

from enrich_stream.enrichment import Enrichment
from enrich_stream.person import Field, Identifier, IdentifierKind, Outcome
from enrich_stream.providers.base import Provider, Question
from enrich_stream.replies import NOBODY_TO_ASK
from enrich_stream.signals.intent import load_rules
from enrich_stream.signals.platforms import Platform
from enrich_stream.signals.provider import FAILED, MARGIN_SECONDS, TIMED_OUT, SignalsProvider
from enrich_stream.signals.shape import PlatformStatus

LINKEDIN = Identifier(IdentifierKind.LINKEDIN, "mira")
GITHUB = Identifier(IdentifierKind.GITHUB, "mira")


@pytest.fixture
async def start(clock):
    """A started provider over fake platforms."""
    async with contextlib.AsyncExitStack() as stack:

        async def started(*fakes):
            for fake in fakes:
                fake.url = await stack.enter_async_context(serving(fake.serve))
            made = SignalsProvider([fake.source(clock) for fake in fakes], load_rules())
            await made.start()
            stack.push_async_callback(made.stop)
            return made

        yield started


def question(clock, identifier=LINKEDIN, *, seconds=SECONDS, **config):
    return Question(
        identifier=identifier,
        fields=frozenset({Field.SIGNALS}),
        deadline=clock.now() + seconds,
        signals_config=config,
    )


async def ask(provider, *args, **config):
    said = await provider.ask(question(*args, **config))
    return said.findings[Field.SIGNALS]


def statuses(finding):
    return {name: part["status"] for name, part in finding.values[0].value["summary"].items()}


def test_it_is_a_provider():
    """Of signals only, by any identifier."""
    made: Provider = SignalsProvider([], [])
    assert made.name == "signals"
    assert made.answers == dict.fromkeys(IdentifierKind, frozenset({Field.SIGNALS}))
    assert not made.is_local


async def test_all_platforms_are_one_answer(start, clock):
    """Everything newest first, and the part of each."""
    fakes = [kind(days=[1 + n / 10]) for n, kind in enumerate(FAKES)]
    provider = await start(*fakes)
    handles = {Platform(fake.source(clock).platform).value: fake.handle for fake in fakes}
    said = await provider.ask(question(clock, handles=handles))

    finding = said.findings[Field.SIGNALS]
    value = finding.values[0].value
    assert (finding.outcome, said.person_known) == (Outcome.FOUND, True)
    assert statuses(finding) == dict.fromkeys(map(str, Platform), "ok")
    assert [post["platform"] for post in value["posts"]] == [
        "hackernews",
        "bluesky",
        "mastodon",
        "rss",
        "x",
    ]
    assert [event["platform"] for event in value["events"]] == ["github"]
    assert said.cost == pytest.approx(0.015)


async def test_an_identifier_is_asked_by_on_its_own_platform_only(start, clock):
    """The same name elsewhere may be somebody else."""
    github, hacker_news = FakeGitHub(), FakeHackerNews()
    finding = await ask(await start(github, hacker_news), clock, GITHUB)

    assert finding.outcome is Outcome.FOUND
    assert statuses(finding)["hackernews"] == "no_handle"
    assert hacker_news.requests == []


async def test_what_the_caller_wants_reaches_the_platforms(start, clock):
    """Days, counts and platforms."""
    github, hacker_news = FakeGitHub(days=[1, 2, 20]), FakeHackerNews()
    finding = await ask(
        await start(github, hacker_news),
        clock,
        GITHUB,
        platforms=["github"],
        since_days=7,
        handles={"hackernews": "mira"},
    )
    few = await ask(await start(github), clock, GITHUB, max_posts={"github": 1})

    assert len(finding.values[0].value["events"]) == 2
    assert list(statuses(finding)) == ["github"]
    assert hacker_news.requests == []
    assert len(few.values[0].value["events"]) == 1


async def test_intent_is_read_from_what_was_said(start, clock):
    """By the rules, and by the caller's own words."""
    github = FakeGitHub()
    finding = await ask(await start(github), clock, GITHUB, intent_signals=["Kafka"])

    (intent,) = finding.values[0].value["intent"]
    assert (intent["signal"], intent["asked_for"]) == ("Kafka", True)
    assert intent["matches"][0] == {
        "platform": "github",
        "id": "0",
        "rule": "caller:Kafka",
        "excerpt": "kafka",
        "start": 7,
        "end": 12,
    }


async def test_the_slowest_platform_does_not_take_the_others_with_it(start, clock):
    """At the deadline there is an answer, which says who was too slow."""
    github, x = FakeGitHub(), FakeX()
    x.fail_from(1, hangs)
    provider = await start(github, x)
    asked = question(clock, GITHUB, seconds=MARGIN_SECONDS + 1, handles={"x": "mira"})
    async with asyncio.timeout(SECONDS):
        said = await provider.ask(asked)

    assert clock.now() < asked.deadline
    finding = said.findings[Field.SIGNALS]
    assert (finding.outcome, statuses(finding)["x"]) == (Outcome.FOUND, "unavailable")
    assert finding.values[0].value["errors"][0]["message"] == TIMED_OUT


async def test_one_platform_down_and_the_others_silent_is_unknown(start, clock):
    """And says when to come again."""
    github, x = FakeGitHub(days=[]), FakeX()
    x.fail_from(1, says(status=500))
    finding = await ask(await start(github, x), clock, GITHUB, handles={"x": "mira"})

    assert (finding.outcome, finding.reason) == (Outcome.UNKNOWN, "x: had an error of its own")


async def test_a_handle_that_is_none_is_the_callers_to_mend(start, clock):
    """Nobody is asked by it; the others are."""
    mastodon, github = FakeMastodon(), FakeGitHub()
    provider = await start(mastodon, github)
    alone = await ask(provider, clock, handles={"mastodon": "mira"})
    beside = await ask(provider, clock, GITHUB, handles={"mastodon": "mira"})

    assert alone.outcome is Outcome.UNKNOWN
    assert alone.reason.startswith("mastodon: must be a Mastodon handle")
    assert beside.outcome is Outcome.FOUND
    assert beside.values[0].value["errors"][0]["retryable"] is False
    assert mastodon.requests == []


async def test_a_platform_without_a_source_says_so(start, clock):
    """Whether it is switched off or no public API has it."""
    finding = await ask(
        await start(FakeGitHub()), clock, GITHUB, platforms=["github", "x", "linkedin"]
    )

    assert statuses(finding) == {"github": "ok", "x": "not_set_up", "linkedin": "not_set_up"}


async def test_with_nobody_to_ask_about_it_counts_as_not_asked(start, clock):
    """Neither an outage nor a no, and asking again will not help."""
    provider = await start(FakeGitHub())
    enriched = await Enrichment([provider]).look_up(question(clock))

    result = enriched.fields[Field.SIGNALS]
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, NOBODY_TO_ASK)


async def test_a_check_names_the_platforms_that_cannot_be_asked(start, clock):
    """Nobody is asked about whom there might be."""
    github, bluesky, x = FakeGitHub(), FakeBluesky(), FakeX()
    provider = await start(github, bluesky, x, mastodon := FakeMastodon())
    assert await provider.check(clock.now() + SECONDS) == ""
    bluesky.fail_from(1, says(status=500))
    x.fail_from(1, says({}, 401))
    problem = await provider.check(clock.now() + SECONDS)

    assert problem == "bluesky: had an error of its own; x: refused the key"
    assert mastodon.requests == []


async def test_a_fault_of_ours_takes_no_other_platform_along(start, clock, capsys):
    """It is logged by its type, without what it says."""
    github, bluesky = FakeGitHub(), FakeBluesky()
    provider = await start(github, bluesky)

    async def breaks(_ask):
        raise RuntimeError("mira.example said")

    provider._sources["bluesky"].read = breaks
    finding = await ask(provider, clock, GITHUB, handles={"bluesky": "mira.example"})

    assert statuses(finding)["bluesky"] == PlatformStatus.UNAVAILABLE
    assert finding.values[0].value["errors"][0]["message"] == FAILED
    logged = capsys.readouterr().out
    assert "signals.failed" in logged
    assert "RuntimeError" in logged
    assert "said" not in logged
