"""What people may be up to, by rules."""

import pytest
import yaml

from enrich_stream.errors import SetupError
from enrich_stream.signals import intent
from enrich_stream.signals.intent import CALLER_WEIGHT, MAX_MATCHES, load_rules, read_intent
from enrich_stream.signals.shape import Event, Post

RULES = load_rules()
SENTENCES = {
    "hiring.we-are-hiring": "We’re still hiring two engineers",  # noqa: RUF001 - as phones write it
    "hiring.looking-to-hire": "Looking to hire a designer",
    "hiring.open-role": "There is an open role on my team",
    "hiring.join-us": "Come join us as a founding engineer",
    "hiring.apply": "DM me if you're interested",
    "hiring.first-hire": "This is our first sales hire",
    "job-change.new-job": "Excited to be joining Acme next week as their Head of Data",
    "job-change.new-role": "Some words on my new role at Acme",
    "job-change.last-day": "Today was my last day at Acme",
    "job-change.leaving": "After six years I'm leaving Acme after all",
    "job-change.promoted": "I've been promoted to staff engineer",
    "open-to-work.looking": "I'm currently looking for a new role",
    "open-to-work.laid-off": "I was laid off on Monday",
    "open-to-work.available": "I'm now available for freelance",
    "evaluating.we-evaluate": "We are evaluating Kafka and Pulsar",
    "evaluating.looking-for": "We're looking for a good monitoring tool",
    "evaluating.compared": "Has anyone compared these two",
    "evaluating.alternative": "What are alternatives to Salesforce?",
    "recommendation.any": "Any recommendations for a CRM?",
    "recommendation.can-anyone": "Can anyone recommend a CRM?",
    "recommendation.what-do-you-use": "What do you use for tracing?",
    "recommendation.best": "What's the best tool for tracing?",
    "switching.we-switch": "We've switched off Datadog",
    "switching.cancelled": "I cancelled my Figma subscription",
    "switching.done-with": "I'm done with Jira.",
    "complaint.frustrated": "So frustrated with this vendor",
    "complaint.pricing": "Their pricing is just insane",
    "complaint.too-expensive": "It has become way too expensive",
    "complaint.driving-crazy": "The new editor is driving me crazy",
    "complaint.support": "The worst support I have met",
    "complaint.still-broken": "Login is still broken",
    "launch.we-launched": "We just launched version 2",
    "launch.announcing": "We're excited to announce our beta",
    "launch.show-hn": "Show HN: a small database",
    "launch.available": "It is now generally available",
    "funding.raised": "We raised $12M from friends",
    "funding.series": "Our Series B round is closed",
    "funding.backed-by": "We are backed by Acme Ventures",
    "adopting.started-using": "We started using Kafka last year",
    "adopting.moving-to": "We're migrating everything to Postgres",
    "adopting.loving": "I'm really loving Zig",
    "speaking.i-speak": "I'll be speaking at FOSDEM",
    "speaking.my-talk": "My talk from last week is online",
}
EVENTS = {"launch.release": "release_published", "launch.open-sourced": "open_sourced"}


def post(text, *, id="1", platform="bluesky"):  # noqa: A002 - as the field is called
    return Post(platform=platform, id=id, url="u", text=text, author="mira", posted_at="t")


def event(kind, text="acme/rocket"):
    return Event(platform="github", id="9", type=kind, text=text, occurred_at="t")


def rules_that_match(one, labels=()):
    return {m.rule for found in read_intent([one], RULES, labels) for m in found.matches}


def test_every_rule_has_a_sentence_here():
    """None is added without a test, and each has an id of its own."""
    ids = [rule.id for signal in RULES for rule in signal.rules]
    assert sorted(ids) == sorted([*SENTENCES, *EVENTS])


@pytest.mark.parametrize(("rule", "sentence"), SENTENCES.items())
def test_a_rule_finds_its_words(rule, sentence):
    """In the middle of other words, and the match says where they stand."""
    text = f"Hello! {sentence}, as I said."
    matches = [m for found in read_intent([post(text)], RULES) for m in found.matches]
    match = next(m for m in matches if m.rule == rule)

    assert text[match.start : match.end] == match.excerpt
    assert match.excerpt
    assert (match.platform, match.id) == ("bluesky", "1")


@pytest.mark.parametrize(("rule", "kind"), EVENTS.items())
def test_an_event_can_say_as_much_as_words(rule, kind):
    """A rule by type matches the whole of its text, and no other type."""
    assert rules_that_match(event(kind)) == {rule}
    assert rules_that_match(event("starred")) == set()


@pytest.mark.parametrize(
    "text",
    [
        "fix: killing zombie processes, abort on fatal error",
        "They are hiring, I hear",
        "`we are hiring`",
        "> we are hiring\n\nReally?",
        "we are\n\nhiring",
        "we are `x` hiring",
        "I'm done with this for today",
        "moved off the road",
        "alternatives to going outside",
    ],
)
def test_words_that_only_look_like_it_mean_nothing(text):
    """Somebody else's words, code, another sentence, and names that are none."""
    assert rules_that_match(post(text)) == set()


def test_posts_are_witnesses_and_a_second_match_in_one_is_not():
    """Two posts make it surer than one; saying it twice in one post does not."""
    once, again = post("We are hiring"), post("We're hiring", id="2")
    twice = post("We are hiring. Yes, we are hiring!")

    scores = [read_intent(said, RULES)[0].score for said in ([once], [twice], [once, again])]

    assert scores == [0.9, 0.9, 0.99]


def test_the_surest_comes_first():
    """Whatever the order of the rules."""
    found = read_intent([post("It is too expensive. We launched another")], RULES)

    assert [one.signal for one in found] == ["launch", "complaint"]


def test_only_some_matches_are_shown():
    """The newest; all of them count all the same."""
    said = [post("We are hiring, way too expensive", id=str(n)) for n in range(MAX_MATCHES + 2)]
    found = read_intent(said, RULES)

    assert [match.id for match in found[0].matches] == [str(n) for n in range(MAX_MATCHES)]


@pytest.mark.parametrize(
    "text", ["Our Kafka migration", "kafka-migration!", "(kafka_migration)", "kafka\nmigration"]
)
def test_a_callers_label_is_found_as_it_is_written(text):
    """In any case and with any of the usual signs between its words."""
    (found,) = read_intent([post(text)], RULES, ["Kafka migration"])

    assert (found.signal, found.label) == ("Kafka migration", "Kafka migration")
    assert (found.score, found.asked_for) == (CALLER_WEIGHT, True)
    assert found.matches[0].rule == "caller:Kafka migration"


@pytest.mark.parametrize("text", ["kafkaesque migrations", "kafka migrations", "migration kafka"])
def test_a_callers_label_is_whole_words(text):
    """Nothing is guessed."""
    assert read_intent([post(text)], RULES, ["Kafka migration"]) == ()


def test_a_star_for_what_the_caller_looks_for_is_found():
    """Names of repositories are texts as well."""
    (found,) = read_intent([event("starred", "apache/kafka")], RULES, ["kafka"])

    assert found.matches[0].excerpt == "kafka"


@pytest.mark.parametrize("label", ["hiring", "HIRING", "Switching away", "switching-from"])
def test_a_label_that_names_a_signal_asks_for_it(label):
    """It is not looked for as a word; the signal says that it was asked for."""
    found = read_intent([post("We are hiring. I've moved off Datadog.")], RULES, [label])

    asked = [one.signal for one in found if one.asked_for]
    assert asked == ["hiring" if "hiring" in label.lower() else "switching_from"]
    assert len(found) == 2


def test_labels_with_nothing_in_them_find_nothing():
    """Signs alone are no words."""
    assert read_intent([post("a - b")], RULES, ["-", " ", "_"]) == ()


def test_a_label_is_no_regular_expression():
    """What the caller writes cannot make the rules slow."""
    (found,) = read_intent([post("is it (a+)+$ or not")], RULES, ["(a+)+$"])

    assert found.matches[0].excerpt == "(a+)+$"


@pytest.mark.parametrize(
    ("rule", "what"),
    [
        ({"weight": 0.5}, "rule a: needs either a phrase or an event"),
        ({"weight": 0.5, "phrase": "x", "event": "y"}, "rule a: needs either"),
        ({"weight": 0.5, "phrase": "(x"}, "rule a: its phrase is no regular expression"),
        (
            {"weight": 1.5, "phrase": "x"},
            r"Expected `float` < 1.0 - at `\$\[0\].rules\[0\].weight`",
        ),
        ({"phrase": "x"}, "missing required field `weight`"),
        ({"weight": 0.5, "phrase": "x", "wieght": 1}, "unknown field `wieght`"),
    ],
)
def test_a_wrong_file_of_rules_stops_the_start(tmp_path, rule, what):
    """The message names the setting and the rule."""
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump([{"signal": "s", "label": "S", "rules": [{"id": "a", **rule}]}]))

    with pytest.raises(SetupError, match=rf"^{intent.RULES_SETTING}: .*{what}"):
        load_rules(path)


def test_a_file_that_is_not_there_stops_the_start(tmp_path):
    """And the message names it."""
    with pytest.raises(SetupError, match=r"ENRICH_SIGNALS_INTENT_RULES_FILE: .*none.yaml"):
        load_rules(tmp_path / "none.yaml")


def test_an_operators_own_rules_take_the_place_of_the_shipped(tmp_path):
    """In the same format."""
    path = tmp_path / "rules.yaml"
    rules = [{"id": "s.a", "weight": 0.5, "phrase": "say (hi|bye)"}]
    path.write_text(yaml.safe_dump([{"signal": "s", "label": "S", "rules": rules}]))

    (found,) = read_intent([post("They say hi. We are hiring")], load_rules(path))

    assert (found.signal, found.matches[0].rule) == ("s", "s.a")
