"""GitHub: which events are words, which are deeds, and how far back they go."""

import pytest
from fake_platforms import FakeGitHub
from loopback import says
from signal_samples import an_ask, days_ago, ids

from enrich_stream.errors import InputError
from enrich_stream.signals.github import BY_DAYS, BY_EVENTS
from enrich_stream.signals.shape import Event, PlatformStatus, Post

MIRA = {"login": "mira"}


@pytest.fixture
def fake():
    return FakeGitHub()


@pytest.fixture
async def source(fake, serve, clock):
    return await serve(fake, clock)


@pytest.fixture
def read_one(fake, source, clock):
    """What becomes of one event."""

    async def read(kind, **payload):
        fake.days = [1]
        fake.make_event = lambda _: {"type": kind, "payload": payload}
        harvest = await source.read(an_ask(clock=clock))
        return harvest.seen[0].what

    return read


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("IssueCommentEvent", {"action": "created", "comment": {"body": "Hi", "user": MIRA}}),
        ("CommitCommentEvent", {"action": "created", "comment": {"body": "Hi", "user": MIRA}}),
        ("PullRequestReviewCommentEvent", {"comment": {"body": "Hi", "user": {"login": "Mira"}}}),
        ("PullRequestReviewEvent", {"review": {"body": "Hi", "user": MIRA}}),
        ("IssuesEvent", {"action": "opened", "issue": {"body": "Hi", "user": MIRA}}),
        ("DiscussionEvent", {"action": "created", "discussion": {"body": "Hi", "user": MIRA}}),
    ],
)
async def test_what_the_user_wrote_is_a_post(read_one, kind, payload):
    """Comments, reviews, and what opens an issue or a discussion."""
    made = await read_one(kind, **payload)

    assert isinstance(made, Post)
    assert (made.text, made.author) == ("Hi", "mira")


async def test_a_post_has_its_title_and_its_own_address(read_one):
    """An issue is both."""
    issue = {"title": "It is slow", "body": "Very.", "html_url": "https://github.com/a/b/issues/1"}
    made = await read_one("IssuesEvent", action="opened", issue=issue | {"user": MIRA})

    assert (made.text, made.url) == ("It is slow\n\nVery.", "https://github.com/a/b/issues/1")


@pytest.mark.parametrize(
    ("kind", "payload", "type_"),
    [
        ("WatchEvent", {"action": "started"}, "starred"),
        ("ForkEvent", {}, "forked"),
        ("PublicEvent", {}, "open_sourced"),
        ("PushEvent", {"head": "c0ffee"}, "pushed"),
        ("CreateEvent", {"ref_type": "repository"}, "created_repository"),
        ("CreateEvent", {"ref_type": "branch"}, "created_branch"),
        ("DeleteEvent", {"ref_type": "tag"}, "deleted_tag"),
        ("ReleaseEvent", {"action": "published"}, "release_published"),
        ("PullRequestEvent", {"action": "opened", "number": 7}, "pull_request_opened"),
        ("IssuesEvent", {"action": "closed", "issue": {"body": "x", "user": MIRA}}, "issue_closed"),
        ("PullRequestReviewEvent", {"review": {"body": None, "user": MIRA}}, "review"),
        ("MemberEvent", {"action": "added"}, "member_added"),
        ("GollumEvent", {"pages": []}, "wiki_edited"),
        ("SponsorshipEvent", {"action": "created"}, "SponsorshipEvent_created"),
        ("IssueCommentEvent", {"action": "created", "comment": "?"}, "comment_created"),
    ],
)
async def test_what_the_user_did_is_an_event(read_one, kind, payload, type_):
    """By what was done and with which repository; also a type that is new."""
    made = await read_one(kind, **payload)

    assert isinstance(made, Event)
    assert (made.type, made.text, made.author) == (type_, "apache/kafka", "mira")
    assert made.url == "https://github.com/apache/kafka"


async def test_somebody_elses_words_are_not_the_users(read_one):
    """Who edits a comment of another has not said it."""
    comment = {"body": "We are hiring", "user": {"login": "other"}}
    made = await read_one("IssueCommentEvent", action="edited", comment=comment)

    assert isinstance(made, Event)
    assert "hiring" not in made.text


@pytest.mark.parametrize(
    ("created", "text"),
    [("repository", "apache/kafka: A small database"), ("branch", "apache/kafka")],
)
async def test_a_new_repository_has_what_the_user_says_it_is(read_one, created, text):
    """Its description; a branch in it has none of its own."""
    made = await read_one("CreateEvent", ref_type=created, description="A small database")

    assert made.text == text


async def test_a_release_has_its_name_and_not_its_notes(read_one):
    """Notes are lists of commits."""
    release = {"name": "2.0", "body": "fix: kill zombies", "html_url": "https://github.com/a/b/r"}
    made = await read_one("ReleaseEvent", action="published", release=release)

    assert (made.text, made.url) == ("apache/kafka: 2.0", "https://github.com/a/b/r")


async def test_thirty_days_are_all_there_is(fake, source, clock):
    """A horizon shorter than asked for is stated."""
    fake.days = [1, 2]
    harvest = await source.read(an_ask(days=90, clock=clock))

    assert (harvest.status, harvest.since) == (PlatformStatus.OK, days_ago(30))
    assert harvest.limited_by == BY_DAYS


async def test_three_hundred_events_are_all_there_are(fake, source, clock):
    """Who does more than that in a month is known for a shorter time."""
    fake.days = [n / 100 for n in range(1, 500)]
    harvest = await source.read(an_ask(most=1000, clock=clock))

    assert len(harvest.seen) == 300
    assert (harvest.since, harvest.limited_by) == (days_ago(3), BY_EVENTS)


async def test_what_is_as_before_comes_from_memory(fake, source, clock):
    """Asked again with its ETag after the poll interval, it costs none of the limit."""
    first = await source.read(an_ask(clock=clock))
    source._reader._timer = lambda: 1e9  # long after the poll interval
    again = await source.read(an_ask(clock=clock))

    assert again == first
    assert [r.headers.get("If-None-Match") is None for r in fake.requests] == [True, False]


async def test_nobody_asks_more_often_than_github_allows(fake, source, clock):
    """Within the poll interval the earlier answer stands."""
    first = await source.read(an_ask(clock=clock))
    again = await source.read(an_ask(clock=clock))

    assert (again, len(fake.requests)) == (first, 1)


async def test_what_is_new_is_seen(fake, source, clock):
    """An ETag that is no longer right brings the new answer."""
    await source.read(an_ask(clock=clock))
    fake.days = [0.5, 1, 2, 3]
    source._reader._timer = lambda: 1e9
    again = await source.read(an_ask(clock=clock))

    assert len(ids(again)) == 4


async def test_github_refuses_too_many_questions_as_forbidden(fake, source, clock):
    """403 with nothing left is a limit and no ban, and says when it ends."""
    ends = int(clock.wall()) + 500
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(ends)}
    fake.fail_from(1, says({"message": "API rate limit exceeded"}, 403, headers=headers))
    harvest = await source.read(an_ask(clock=clock))

    assert (harvest.status, harvest.reason) == (PlatformStatus.UNAVAILABLE, "rate limited")
    assert harvest.retry_at == pytest.approx(ends, abs=2)


@pytest.mark.parametrize("given", ["mira", "@Mira", "https://github.com/mira"])
async def test_a_login_in_any_spelling(source, given):
    """As everywhere else."""
    assert source.handle(given) == "mira"


async def test_what_is_no_login_says_what_one_looks_like(source):
    """Without repeating it."""
    with pytest.raises(InputError, match="must be a GitHub username"):
        source.handle("mira okafor")
