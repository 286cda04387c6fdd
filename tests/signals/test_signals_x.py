"""X: what its answers mean beside their status, and what they cost."""

import pytest
from fake_platforms import FakeX
from loopback import says
from signal_samples import ANY, a_client, an_ask

from enrich_stream.signals.shape import PlatformStatus
from enrich_stream.signals.x import DIALECT, XSource

PROBLEMS = "https://api.twitter.com/2/problems"


@pytest.fixture
def fake():
    return FakeX()


@pytest.fixture
async def source(fake, serve, clock):
    return await serve(fake, clock)


async def test_a_post_is_its_text_as_it_was_written(source, clock):
    """With its address and counts."""
    made = (await source.read(an_ask(clock=clock))).seen[0].what

    assert (made.text, made.url) == ("Post 0 & more", "https://x.com/mira/status/0")
    assert made.engagement == {"likes": 3, "replies": 2, "reposts": 1, "quotes": 4, "views": 6}


async def test_a_long_post_is_whole(fake, source, clock):
    """Not the beginning that stands in its place."""
    tweet = fake._tweet(0, 1) | {"note_tweet": {"text": "All of it"}}
    fake._tweet = lambda _n, _age: tweet
    fake.days = [1]

    assert (await source.read(an_ask(clock=clock))).seen[0].what.text == "All of it"


async def test_a_question_costs_the_user_once_and_each_post(fake, source, clock):
    """In dollars; the user is not looked up again."""
    first = await source.read(an_ask(clock=clock))
    again = await source.read(an_ask(clock=clock))

    assert (first.cost, again.cost) == (pytest.approx(0.025), pytest.approx(0.015))
    assert sum("by/username" in request.path for request in fake.requests) == 1


async def test_no_more_posts_are_paid_for_than_wanted(fake, source, clock):
    """As far as the API allows to ask for few."""
    await source.read(an_ask(most=2, clock=clock))

    assert fake.requests[-1].query["max_results"] == "5"


@pytest.mark.parametrize(
    "case",
    [
        ({"errors": [{"type": f"{PROBLEMS}/resource-not-found"}]}, 200, "unknown_handle"),
        ({"errors": [{"type": f"{PROBLEMS}/not-authorized-for-resource"}]}, 200, "hidden"),
        ({"errors": [{"type": f"{PROBLEMS}/something-new"}]}, 200, "unavailable"),
        ({"errors": ["?"]}, 200, "unavailable"),
        ({"title": "Not Found"}, 404, "unknown_handle"),
        ({"title": "Unauthorized"}, 401, "unavailable"),
        ({"type": f"{PROBLEMS}/client-forbidden"}, 403, "unavailable"),
        ({"title": "CreditsDepleted"}, 402, "unavailable"),
        ({"type": f"{PROBLEMS}/usage-capped"}, 429, "unavailable"),
    ],
)
@pytest.mark.parametrize("request_number", [1, 2])
async def test_what_an_answer_means(fake, source, clock, case, request_number):
    """For the user and for the posts; a good status may hold a bad answer."""
    said, status, outcome = case
    fake.fail_from(request_number, says(said, status))
    harvest = await source.read(an_ask(clock=clock))

    assert harvest.status == outcome
    assert (harvest.retry_at is not None) == (outcome == "unavailable")


async def test_a_spent_budget_is_not_asked_again_for_a_while(fake, source, clock):
    """Asking cannot help until an operator pays."""
    fake.fail_from(1, says({"type": f"{PROBLEMS}/usage-capped"}, 429))
    for _ in range(2):
        harvest = await source.read(an_ask(clock=clock))

    assert harvest.reason == "out of credits"
    assert len(fake.requests) == 1


async def test_a_limit_ends_when_x_says(fake, source, clock):
    """Seconds since the epoch, and no ``Retry-After``."""
    ends = int(clock.wall()) + 500
    fake.fail_from(1, says({}, 429, headers={"x-rate-limit-reset": str(ends)}))
    harvest = await source.read(an_ask(clock=clock))

    assert harvest.retry_at == pytest.approx(ends, abs=2)


async def test_posts_beside_errors_are_posts(fake, source, clock):
    """A part that X could not give does not take the rest away."""
    timeline = fake._timeline
    fake._timeline = lambda request: timeline(request) | {"errors": [{"type": "x"}]}

    assert len((await source.read(an_ask(clock=clock))).seen) == 3


async def test_a_wrong_token_is_an_outage(fake, source, clock):
    """Of which the caller knows nothing but that X could not be asked."""
    wrong = XSource(a_client(fake.url, clock, dialect=DIALECT), ANY, ANY)
    await wrong.start()
    harvest = await wrong.read(an_ask(clock=clock))
    await wrong.stop()

    assert (harvest.status, harvest.reason) == (PlatformStatus.UNAVAILABLE, "refused the key")


async def test_a_handle_in_any_spelling(source):
    """As everywhere else."""
    assert source.handle("https://x.com/Mira/status/1") == source.handle("@mira") == "mira"
