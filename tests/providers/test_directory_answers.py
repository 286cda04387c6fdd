"""What the operator's records say to a question."""

from datetime import UTC, datetime

import pytest
from directory_samples import EMAIL, GITHUB, LINKEDIN, MIRA, X, csv_file, json_lines

from enrich_stream.identifiers import normalise
from enrich_stream.person import Field, Identifier, IdentifierKind
from enrich_stream.providers.base import Finding, Outcome, Question, Value
from enrich_stream.providers.directory.answers import answer

NOW = datetime(2026, 11, 20, tzinfo=UTC)
NAMES_OF_MIRA = {
    LINKEDIN: "mira-okafor",
    EMAIL: "mira@maybe.example",
    X: "mira_okafor",
    GITHUB: "mira-okafor",
}


def ask(store, kind, text, *fields, **signals_config):
    identifier = normalise(kind, text)
    question = Question(
        identifier=identifier,
        fields=frozenset(fields or Field),
        deadline=0.0,
        signals_config=signals_config,
    )
    return answer(store.find(identifier), question, NOW)


@pytest.mark.parametrize("kind", IdentifierKind)
def test_a_person_is_found_by_each_of_their_names(load, kind):
    """All four kinds of identifier lead to the same record, and bring the other names to light."""
    answered = ask(load(json_lines(MIRA), "people.jsonl"), kind, NAMES_OF_MIRA[kind], Field.PROFILE)
    assert answered.person_known
    assert answered.findings[Field.PROFILE].outcome is Outcome.FOUND
    asked_by = Identifier(kind, NAMES_OF_MIRA[kind])
    every_name = {Identifier(*name) for name in NAMES_OF_MIRA.items()} | {
        Identifier(EMAIL, "mira@old.example"),
        Identifier(EMAIL, "mira@northwind.example"),
    }
    assert set(answered.identities) == every_name - {asked_by}


def test_values_come_best_first(load):
    """Verified before not verified, and among those the most recent first."""
    finding = ask(load(json_lines(MIRA), "people.jsonl"), X, "mira_okafor").findings[Field.EMAIL]
    assert finding == Finding(
        Outcome.FOUND,
        (
            Value(
                value="mira@northwind.example",
                verification="operator",
                observed_at=datetime(2026, 2, 1, tzinfo=UTC),
            ),
            Value(
                value="mira@old.example",
                verification="operator",
                observed_at=datetime(2024, 2, 1, tzinfo=UTC),
            ),
            Value(value="mira@maybe.example", verified=False),
        ),
    )


def test_somebody_else_is_absent(load):
    """The operator's records would know: nobody by that name is an answer, not a failure."""
    answered = ask(load(json_lines(MIRA), "people.jsonl"), LINKEDIN, "in/nobody")
    assert not answered.person_known
    assert answered.identities == ()
    assert answered.findings == {
        field: Finding(Outcome.ABSENT, reason="no such person") for field in Field
    }


def test_a_person_without_a_value_is_absent_but_known(load):
    """Nothing on record is told apart from a person who is not on record."""
    answered = ask(load(json_lines({"x_handle": "mira"}), "people.jsonl"), X, "mira")
    assert answered.person_known
    assert answered.findings == {
        field: Finding(Outcome.ABSENT, reason="nothing on record") for field in Field
    }


def test_only_unverified_values_are_absent_and_kept(load):
    """An e-mail nobody has verified and a phone nobody can have are not handed out as found."""
    store = load(csv_file(["x", "email", "phone"], ["mira", "mira@example.com", "+1 415 155 0132"]))
    findings = ask(store, X, "mira", Field.EMAIL, Field.PHONE).findings
    assert findings == {
        Field.EMAIL: Finding(
            Outcome.ABSENT,
            (Value(value="mira@example.com", verified=False),),
            "only unverified values",
        ),
        Field.PHONE: Finding(
            Outcome.ABSENT, (Value(value="+14151550132", verified=False),), "only unverified values"
        ),
    }


def test_phones_come_in_e164_and_with_the_age_of_their_row(load):
    """Any spelling becomes E.164, in the set region when there is no country code."""
    finding = ask(load(json_lines(MIRA), "people.jsonl"), X, "mira_okafor").findings[Field.PHONE]
    assert [value.value for value in finding.values] == ["+14155550132", "+442079460958"]
    assert {(v.verified, v.verification, v.observed_at) for v in finding.values} == {
        (True, "numbering plan", datetime(2026, 11, 2, tzinfo=UTC))
    }


def test_signals_come_newest_first_in_the_agreed_shape(load):
    """One object, with times in UTC and a status of its own for this source."""
    finding = ask(load(json_lines(MIRA), "people.jsonl"), X, "mira_okafor").findings[Field.SIGNALS]
    assert [value.value for value in finding.values] == [
        {
            "posts": [],
            "events": [
                {
                    "type": "job_change",
                    "platform": "directory",
                    "occurred_at": "2026-11-01T00:00:00.000Z",
                    "url": "https://northwind.example/n",
                },
                {"type": "talk", "platform": "web", "occurred_at": "2026-08-01T08:00:00.000Z"},
            ],
            "intent": [],
            "summary": {"directory": {"count": 2, "status": "ok"}},
            "errors": [],
        }
    ]


@pytest.mark.parametrize(
    ("config", "types"),
    [
        pytest.param({}, ["job_change", "talk"], id="nothing asked"),
        pytest.param({"since_days": 30}, ["job_change"], id="since_days"),
        pytest.param({"since_days": 1e300}, ["job_change", "talk"], id="since ever"),
        pytest.param({"since_days": float("nan")}, ["job_change", "talk"], id="no number of days"),
        pytest.param({"since_days": "30"}, ["job_change", "talk"], id="days of another type"),
        pytest.param({"platforms": ["WEB"]}, ["talk"], id="platforms"),
        pytest.param({"platforms": []}, ["job_change", "talk"], id="no platforms means all"),
        pytest.param({"platforms": ["web"], "since_days": 30}, [], id="none left"),
    ],
)
def test_signals_config_narrows_the_events(load, config, types):
    """Only what is recent enough and from the wanted platforms; nothing left is absent."""
    store = load(json_lines(MIRA), "people.jsonl")
    finding = ask(store, X, "mira_okafor", Field.SIGNALS, **config).findings[Field.SIGNALS]
    events = finding.values[0].value["events"] if finding.values else []
    assert [event["type"] for event in events] == types
    assert finding.outcome is (Outcome.FOUND if types else Outcome.ABSENT)
