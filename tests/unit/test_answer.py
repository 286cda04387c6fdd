"""What the HTTP contract shows of an enriched person."""

from samples import AT

from enrich_stream.answer import item_answer
from enrich_stream.enrichment import Enriched
from enrich_stream.person import Field, Outcome
from enrich_stream.records import Evidence, FieldResult
from enrich_stream.replies import NOBODY_TO_ASK

GIVEN = {"email": "Mira@X.example"}


def field(outcome, *values, reason="", verified=True):
    evidence = tuple(Evidence(value=v, provider="crm", verified=verified) for v in values)
    return FieldResult(outcome=outcome, values=evidence, reason=reason, as_of=AT)


def answer(*, person_known=True, **fields):
    names = {"email": Field.EMAIL, "phone": Field.PHONE, "signals": Field.SIGNALS}
    results = {names[name]: result for name, result in fields.items()}
    return item_answer(GIVEN, Enriched(person_known, results, ()))


def test_found_values_are_plain_and_each_stands_once():
    """Arrays of strings under contact, objects for signals, and the identifier as given."""
    shown = answer(
        email=field(Outcome.FOUND, "a@x.example", "b@x.example", "a@x.example"),
        signals=field(Outcome.FOUND, {"events": []}),
    )

    assert shown == {
        "identifier": GIVEN,
        "status": "success",
        "data": {"contact": {"email": ["a@x.example", "b@x.example"]}, "signals": {"events": []}},
    }


def test_an_unverified_address_is_not_shown():
    """Only evidence carries what nobody has verified."""
    shown = answer(email=field(Outcome.ABSENT, "maybe@x.example", verified=False))

    assert shown["data"] == {"contact": {"email": []}}


def test_a_person_nobody_knows_failed_for_good():
    """Absent is not retryable."""
    shown = answer(person_known=False, email=field(Outcome.ABSENT))

    assert shown == {
        "identifier": GIVEN,
        "status": "failed",
        "error": {"message": "No matching person was found.", "retryable": False},
    }


def test_what_is_unknown_is_left_out_and_named():
    """An outage never reads as an empty list, also beside values that were found."""
    shown = answer(
        email=field(Outcome.FOUND, "a@x.example"),
        phone=field(Outcome.UNKNOWN, reason="crm: timed out"),
    )

    assert shown["status"] == "success"
    assert shown["data"] == {"contact": {"email": ["a@x.example"]}}
    assert shown["error"] == {
        "message": "Could not be determined: contact.phone (crm: timed out).",
        "retryable": True,
    }


def test_asking_again_is_no_use_when_there_is_nobody_to_ask():
    """Unknown for want of a provider is failed, and not retryable."""
    shown = answer(person_known=False, email=field(Outcome.UNKNOWN, reason=NOBODY_TO_ASK))

    assert shown["status"] == "failed"
    assert shown["error"]["retryable"] is False
