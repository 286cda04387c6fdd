"""Hacker News: stories and comments, and who somebody is."""

import pytest
from fake_platforms import FakeHackerNews
from loopback import says
from signal_samples import an_ask, days_ago

from enrich_stream.errors import InputError
from enrich_stream.signals.hackernews import BY_HITS
from enrich_stream.signals.shape import PlatformStatus


@pytest.fixture
def fake():
    return FakeHackerNews()


@pytest.fixture
async def source(fake, serve, clock):
    return await serve(fake, clock)


@pytest.fixture
def read_one(fake, source, clock):
    async def read(**hit):
        fake._hit = lambda n, age: {
            "objectID": str(n),
            "author": "mira",
            "created_at_i": int(days_ago(age).timestamp()),
            **hit,
        }
        fake.days = [1]
        harvest = await source.read(an_ask(clock=clock))
        return harvest.seen[0].what

    return read


async def test_a_comment_is_its_text_without_the_title_it_is_under(read_one):
    """The title is somebody else's."""
    made = await read_one(comment_text="<p>I&#x27;d <i>pay</i></p>", story_title="We are hiring")

    assert made.text == "I'd pay"
    assert made.url == "https://news.ycombinator.com/item?id=0"


async def test_a_story_is_its_title_and_its_text(read_one):
    """With the counts that Hacker News gives."""
    made = await read_one(
        title="Show HN: a db", story_text="It is <b>small</b>", points=57, num_comments=9
    )

    assert made.text == "Show HN: a db\n\nIt is small"
    assert made.engagement == {"points": 57, "comments": 9}


async def test_nobody_said_nothing_costs_one_question_more(fake, source, clock):
    """To tell somebody silent from nobody; with anything said it is not asked."""
    await source.read(an_ask(clock=clock))
    assert [request.path for request in fake.requests] == ["/search_by_date"]
    fake.days = []
    await source.read(an_ask(clock=clock))
    assert fake.requests[-1].path == "/users/mira"


async def test_an_outage_of_that_question_is_no_silence(fake, source, clock):
    """Whether somebody is there is not known then."""
    fake.days = []
    fake.fail_from(2, says(status=500))
    harvest = await source.read(an_ask(clock=clock))

    assert (harvest.status, harvest.since) == (PlatformStatus.UNAVAILABLE, None)


async def test_a_thousand_hits_are_all_there_are(fake, source, clock):
    """Before the last of them there is more."""
    fake.days = [n / 100 for n in range(1, 1100)]
    harvest = await source.read(an_ask(most=1000, clock=clock))

    assert len(harvest.seen) == 1000
    assert (harvest.since, harvest.limited_by) == (days_ago(10), BY_HITS)


@pytest.mark.parametrize(
    "given", ["Some_Name", " Some_Name ", "https://news.ycombinator.com/user?id=Some_Name"]
)
async def test_a_name_keeps_its_case(source, given):
    """Two names may differ in nothing else."""
    assert source.handle(given) == "Some_Name"


@pytest.mark.parametrize(
    "given", ["a", "some name", "mira,story_1", "x" * 16, "news.ycombinator.com"]
)
async def test_what_is_no_name_is_not_asked(source, given):
    """Also what would be another question to the search."""
    with pytest.raises(InputError, match="must be a Hacker News username"):
        source.handle(given)
