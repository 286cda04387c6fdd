"""What an endpoint's answer means, field by field, and what is not accepted as one."""

import json
from datetime import UTC, datetime

import pytest
from endpoint_samples import BOTH, MIRA, email
from hypothesis import given
from hypothesis import strategies as st

from enrich_stream.enrichment import Enrichment
from enrich_stream.person import Field, Outcome
from enrich_stream.providers.base import Answer, Finding, Question, Value
from enrich_stream.providers.endpoint import EndpointProvider
from enrich_stream.providers.endpoint.protocol import MAX_DEPTH, read_answer
from enrich_stream.records import encode, raw

NOT_AS_AGREED = "answered something that is not as agreed"


def read(content, fields=BOTH):
    return read_answer(200, json.dumps(content).encode(), fields)


def said_of(field, said):
    """The finding for one field of which the endpoint says that."""
    return read({"fields": {field: said}}, frozenset({field})).findings[field]


def verified(*values):
    return {"outcome": "found", "values": [{"value": v, "verified": True} for v in values]}


def nested(levels):
    value = {}
    for _ in range(levels - 1):
        value = {"in": value}
    return value


def unknown(reason):
    return Finding(Outcome.UNKNOWN, reason=reason)


def test_an_answer_with_everything_is_read_with_everything():
    """Every member that is agreed reaches the evidence."""
    evidence = {"verification": "mailbox", "observed_at": "2026-04-04T02:00:00+02:00"}
    answer = read(
        {
            "person_known": True,
            "cost": 1.5,
            "fields": {
                "contact.email": email("A@B.example", **evidence, confidence=0.9),
                "contact.phone": {"outcome": "absent", "reason": "has opted out"},
            },
        }
    )
    assert answer == Answer(
        findings={
            Field.EMAIL: Finding(
                Outcome.FOUND,
                (
                    Value(
                        value="a@b.example",
                        verified=True,
                        verification="mailbox",
                        observed_at=datetime(2026, 4, 4, tzinfo=UTC),
                        confidence=0.9,
                    ),
                ),
            ),
            Field.PHONE: Finding(Outcome.ABSENT, reason="has opted out"),
        },
        person_known=True,
        cost=1.5,
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (Field.EMAIL, "mira@northwind.example"),
        (Field.PHONE, "+442079460190"),
        (Field.PHONE, "+6834000"),
        (Field.PROFILE, {"name": "Mira", "deep": nested(MAX_DEPTH - 1)}),
        (Field.SIGNALS, {"events": [{"type": "talk"}]}),
    ],
)
def test_a_verified_value_is_found(field, value):
    """Each field has its own kind of value."""
    assert said_of(field, verified(value)) == Finding(Outcome.FOUND, (Value(value=value),))


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        (Field.EMAIL, "mira", "answered something that is not an e-mail"),
        (Field.EMAIL, "", "answered something that is not an e-mail"),
        (Field.EMAIL, None, "answered something that is not an e-mail"),
        (Field.EMAIL, 5, "answered something that is not an e-mail"),
        (Field.EMAIL, ["a@b.example"], "answered something that is not an e-mail"),
        (Field.EMAIL, "x" * 5000 + "@b.example", "answered something that is not an e-mail"),
        (Field.PHONE, "020 7946 0190", "answered something that is not an E.164 phone"),
        (Field.PHONE, "+44 20 7946 0190", "answered something that is not an E.164 phone"),
        (Field.PHONE, "+442079460190\n", "answered something that is not an E.164 phone"),
        (Field.PHONE, "+٤٤٢٠٧٩٤٦٠١٩٠", "answered something that is not an E.164 phone"),
        (Field.PHONE, "+0442079460190", "answered something that is not an E.164 phone"),
        (Field.PHONE, "+1234567890123456", "answered something that is not an E.164 phone"),
        (Field.PHONE, 442079460190, "answered something that is not an E.164 phone"),
        (Field.PROFILE, "Mira Okafor", "answered something that is not a JSON object"),
        (Field.PROFILE, [{"name": "Mira"}], "answered something that is not a JSON object"),
        (Field.PROFILE, nested(MAX_DEPTH + 2), "answered something that is not a JSON object"),
        (Field.SIGNALS, None, "answered something that is not a JSON object"),
    ],
)
def test_one_wrong_value_makes_its_field_unknown_and_no_other(field, value, reason):
    """What cannot be trusted in one value is not trusted in its neighbours; other fields stand."""
    good = {"contact.email": "a@b.example", "contact.phone": "+442079460190"}
    good |= {"profile": {"name": "Mira"}, "signals": {"events": []}}
    fields = {name: verified(one) for name, one in good.items()}
    fields[field] = verified(good[field], value)
    findings = read({"fields": fields}, frozenset(Field)).findings
    assert findings.pop(field) == unknown(reason)
    assert [finding.outcome for finding in findings.values()] == [Outcome.FOUND] * 3


@pytest.mark.parametrize(
    "said",
    [
        None,
        "found",
        [],
        {},
        {"outcome": "maybe"},
        {"outcome": None},
        {"outcome": "found", "values": {"value": "a@b.example"}},
        {"outcome": "found", "values": ["a@b.example"]},
        {"outcome": "found", "values": [{"verified": True}]},
        {"outcome": "absent", "values": ["a@b.example"]},
        email(verified="true"),
        email(verified=1),
        email(verification=5),
        email(verification="x" * 81),
        email(confidence=1.1),
        email(confidence=-0.1),
        email(confidence="high"),
        email(observed_at="last week"),
        email(observed_at="2026-04-04T00:00:00"),
        email(observed_at="0001-01-01T00:00:00+23:00"),
    ],
)
def test_a_field_that_is_not_as_agreed_is_unknown(said):
    """Nothing is guessed, also not what a wrong type may have meant."""
    assert said_of(Field.EMAIL, said) == unknown(NOT_AS_AGREED)


@pytest.mark.parametrize("values", [{}, {"values": []}, {"values": None}])
def test_found_without_a_value_is_unknown(values):
    """There is something, but nobody can say what."""
    said = {"outcome": "found", **values}
    assert said_of(Field.EMAIL, said) == unknown("answered found without a value")


def test_a_field_that_is_left_out_is_unknown():
    """Silence is not a no."""
    findings = read({"fields": {"contact.email": email()}}).findings
    assert findings[Field.EMAIL].outcome is Outcome.FOUND
    assert findings[Field.PHONE] == unknown("did not say")


@pytest.mark.parametrize("flag", [{}, {"verified": False}, {"verified": None}])
def test_values_not_said_to_be_verified_are_kept_but_do_not_count(flag):
    """They are evidence; the plain answer has none of them."""
    said = {"outcome": "found", "values": [{"value": "a@b.example", **flag}]}
    kept = (Value(value="a@b.example", verified=False),)
    assert said_of(Field.EMAIL, said) == Finding(Outcome.ABSENT, kept, "only unverified values")


def test_verified_and_unverified_values_stand_side_by_side():
    """Each value keeps its own flag, in the endpoint's order."""
    said = {
        "outcome": "found",
        "values": [{"value": "a@b.example"}, {"value": "c@d.example", "verified": True}],
    }
    finding = said_of(Field.EMAIL, said)
    assert finding.outcome is Outcome.FOUND
    assert [value.verified for value in finding.values] == [False, True]


@pytest.mark.parametrize(
    ("outcome", "instead"), [("absent", "nothing on record"), ("unknown", "could not say")]
)
@pytest.mark.parametrize(
    "reason",
    [None, "", 5, {"a": 1}, "x" * 81, "a\nb", "mira@northwind.example", "call +44207", "mira_o"],
)
def test_a_reason_that_may_hold_an_address_or_a_number_is_replaced(outcome, instead, reason):
    """A reason is a short phrase; what else it may be is not passed on."""
    said = {"outcome": outcome, "reason": reason}
    assert said_of(Field.EMAIL, said) == Finding(Outcome(outcome), reason=instead)


@pytest.mark.parametrize("reason", ["nothing on record", "CRM is down; ask again", "unbekannt für"])
def test_a_reason_that_is_a_phrase_is_kept(reason):
    """The operator's own words are worth more than ours."""
    assert said_of(Field.EMAIL, {"outcome": "unknown", "reason": reason}) == unknown(reason)


@pytest.mark.parametrize(
    ("content", "known"),
    [
        ({"fields": {"contact.email": email()}}, True),
        ({"fields": {"contact.email": email()}, "person_known": False}, True),
        ({"fields": {"contact.email": {"outcome": "absent"}}}, False),
        ({"fields": {"contact.email": {"outcome": "absent"}}, "person_known": True}, True),
        ({"fields": {"contact.email": {"outcome": "absent"}}, "person_known": None}, False),
    ],
)
def test_whoever_has_something_found_is_known(content, known):
    """A person with a value is known, whatever else is said; the others when it is said."""
    assert read(content).person_known is known


def test_unknown_members_are_ignored():
    """An endpoint may say more than it is asked, and say it to others as well."""
    plain = {"fields": {"contact.email": email()}}
    more = {"own": [1], "fields": {"contact.email": {**email(own=1), "own": {}}, "contact.fax": 5}}
    assert read(more) == read(plain)


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"null",
        b'"found"',
        b"{}",
        b'{"fields": []}',
        b'{"fields": null}',
        b'{"fields": {}, "cost": -1}',
        b'{"fields": {}, "cost": "1"}',
        b'{"fields": {}, "cost": 1e999}',
        b'{"fields": {}, "person_known": "yes"}',
    ],
)
def test_an_answer_that_is_not_as_agreed_makes_everything_unknown(body):
    """When the frame is wrong its content is not trusted."""
    assert read_answer(200, body, BOTH) == Answer.same_for_all(BOTH, Outcome.UNKNOWN, NOT_AS_AGREED)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b'{"fields": {}',
        b'{"fields": {}} {}',
        b'{"fields": {"contact.email": NaN}}',
        b'\xef\xbb\xbf{"fields": {}}',
        b'{"fields": {"a": "\xff"}}',
        b'{"fields": {"a": "\\ud800 or so"}}',
        b'{"fields": {"a": ' + b"[" * 500_000 + b"]" * 500_000 + b"}}",
    ],
)
def test_what_is_not_json_makes_everything_unknown(body):
    """Nor is what no reader of JSON could hold."""
    reason = "answered something that is not JSON"
    assert read_answer(200, body, BOTH) == Answer.same_for_all(BOTH, Outcome.UNKNOWN, reason)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
value_like = st.fixed_dictionaries(
    {"value": json_values | st.sampled_from(["a@b.example", "+442079460190", {"a": 10**30}])},
    optional={
        "verified": st.booleans(),
        "verification": st.text() | json_values,
        "observed_at": st.datetimes(timezones=st.just(UTC)).map(str) | json_values,
        "confidence": st.floats(0, 1) | json_values,
    },
)
said_like = st.fixed_dictionaries(
    {"outcome": st.sampled_from([*Outcome])},
    optional={"values": st.lists(value_like, max_size=3), "reason": st.text() | json_values},
)
answer_like = st.fixed_dictionaries(
    {"fields": st.dictionaries(st.sampled_from([*Field]), said_like | json_values)},
    optional={"person_known": json_values, "cost": st.floats(0) | json_values},
)


@given(content=answer_like | json_values)
async def test_whatever_json_comes_every_field_has_a_finding_that_can_be_sent(content):
    """No answer stops a record on its way: it is understood, or unknown, and can be written."""

    class Answering(EndpointProvider):
        async def ask(self, question):
            return read(content, question.fields)

    fields = frozenset(Field)
    question = Question(identifier=MIRA, fields=fields, deadline=float("inf"))
    enriched = await Enrichment([Answering("http://127.0.0.1/")]).look_up(question)
    assert enriched.fields.keys() == fields
    assert "endpoint: provider failed" not in {r.reason for r in enriched.fields.values()}
    for result in enriched.fields.values():
        assert json.loads(encode(result))["outcome"] == result.outcome
    assert raw({"trail": enriched.trail})
    assert isinstance(read(content, fields), Answer)


@given(body=st.binary(max_size=200), status=st.integers(100, 999))
def test_whatever_bytes_come_there_is_an_answer(body, status):
    """Nothing that an endpoint can send raises."""
    assert read_answer(status, body, BOTH).findings.keys() == BOTH
