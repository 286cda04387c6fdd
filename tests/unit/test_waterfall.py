"""Who is asked next: orders, calls that answer several fields, names that come to light."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrich_stream.orders import AS_GIVEN, Orders
from enrich_stream.person import Field, Identifier, IdentifierKind, Outcome
from enrich_stream.providers.base import Answer, Finding
from enrich_stream.waterfall import Name, Waterfall

MIRA = Identifier(IdentifierKind.LINKEDIN, "mira")
MIRA_ON_GITHUB = Identifier(IdentifierKind.GITHUB, "mira-codes")
EMAIL, PHONE = Field.EMAIL, Field.PHONE


class Someone:
    """A provider as far as a waterfall looks at one."""

    def __init__(self, name, *fields, kinds=(IdentifierKind.LINKEDIN,), at_once=False):
        self.name, self.answers_at_once = name, at_once
        self.answers = dict.fromkeys(kinds, frozenset(fields or {EMAIL, PHONE}))


def waterfall(*providers, wanted=(EMAIL,), orders=AS_GIVEN, done=()):
    return Waterfall([Name(MIRA)], wanted, orders.rank(providers), done)


def answer(call, *found, identities=()):
    said = {
        field: Finding(Outcome.FOUND if field in found else Outcome.ABSENT) for field in call.fields
    }
    return Answer(findings=said, identities=identities)


def asked(calls):
    return [(call.provider.name, sorted(call.fields)) for call in calls]


def run(waterfall, *found_by):
    """Answer each call in turn; those named in ``found_by`` find what they are asked for."""
    log = []
    while calls := waterfall.next_calls():
        log.append(asked(calls))
        for call in calls:
            found = call.fields if call.provider.name in found_by else ()
            waterfall.fold(call, answer(call, *found))
    return log


def test_the_next_is_asked_only_when_the_one_before_found_nothing():
    """One after the other, and nobody after the first who finds it."""
    steps = waterfall(Someone("a"), Someone("b"), Someone("c"))

    assert run(steps, "b") == [[("a", [EMAIL])], [("b", [EMAIL])]]
    assert steps.open_fields == frozenset()


def test_fields_do_not_wait_for_each_other():
    """Each has an order of its own, and is asked for at the same time as the other."""
    orders = Orders({IdentifierKind.LINKEDIN: {EMAIL: ["a", "b"], PHONE: ["b", "a"]}})

    steps = waterfall(Someone("a"), Someone("b"), wanted=(EMAIL, PHONE), orders=orders)

    assert asked(steps.next_calls()) == [("a", [EMAIL]), ("b", [PHONE])]


def test_who_is_next_for_two_fields_is_asked_once():
    """Two questions for the same provider at the same moment are one call."""
    steps = waterfall(Someone("a"), wanted=(EMAIL, PHONE))

    assert asked(steps.next_calls()) == [("a", [EMAIL, PHONE])]


def test_one_call_that_answers_everything_spares_the_others():
    """Whoever is first for one field and answers all at one price is waited for."""
    orders = Orders({IdentifierKind.LINKEDIN: {EMAIL: ["all"], PHONE: ["one", "all"]}})
    steps = waterfall(
        Someone("all", at_once=True), Someone("one"), wanted=(EMAIL, PHONE), orders=orders
    )

    assert run(steps, "all") == [[("all", [EMAIL, PHONE])]]


def test_what_a_call_left_open_is_gone_on_with():
    """Nobody is asked again for what was asked along with another field."""
    orders = Orders({IdentifierKind.LINKEDIN: {EMAIL: ["all"], PHONE: ["one", "all"]}})
    steps = waterfall(
        Someone("all", at_once=True), Someone("one"), wanted=(EMAIL, PHONE), orders=orders
    )

    assert run(steps) == [[("all", [EMAIL, PHONE])], [("one", [PHONE])]]


def test_a_name_that_comes_to_light_lets_others_be_asked():
    """By that name, after the list of the caller's own name, with a word of where it is from."""
    links = Someone("links")
    steps = waterfall(links, Someone("code", kinds=[IdentifierKind.GITHUB]))
    (first,) = steps.next_calls()

    steps.fold(first, answer(first, identities=(MIRA_ON_GITHUB,)))
    (second,) = steps.next_calls()

    assert second.provider.name == "code"
    assert second.name == Name(MIRA_ON_GITHUB, learned_from="links")


def test_the_callers_own_name_is_never_replaced():
    """A provider that calls the person otherwise is not believed against the caller."""
    steps = waterfall(Someone("a"), Someone("b"))
    (first,) = steps.next_calls()

    steps.fold(first, answer(first, identities=(Identifier(IdentifierKind.LINKEDIN, "mia"),)))
    (second,) = steps.next_calls()

    assert second.name == Name(MIRA)


def test_what_was_answered_before_is_not_asked_again():
    """Somebody who was put back goes on behind those who said no."""
    steps = waterfall(Someone("a"), Someone("b"), done={("a", EMAIL)})

    assert run(steps) == [[("b", [EMAIL])]]


@pytest.mark.parametrize("kind", IdentifierKind)
def test_who_cannot_be_asked_by_that_name_is_passed_over(kind):
    """A provider is asked only by the kinds of names that it takes."""
    steps = waterfall(Someone("a", kinds=[kind]))

    assert bool(steps.next_calls()) is (kind is IdentifierKind.LINKEDIN)


@given(st.data())
def test_nobody_is_asked_twice_for_a_field_and_everybody_is_before_it_stays_open(data):
    """Whatever they can, find and tell of: the waterfall ends, having asked all who could help."""
    kinds = st.sets(st.sampled_from(IdentifierKind), min_size=1)
    fields = st.sets(st.sampled_from(Field), min_size=1)
    providers = [
        Someone(
            str(n), *data.draw(fields), kinds=data.draw(kinds), at_once=data.draw(st.booleans())
        )
        for n in range(data.draw(st.integers(0, 5)))
    ]
    wanted = data.draw(fields)
    names = [Name(MIRA)]
    steps = Waterfall(names, wanted, AS_GIVEN.rank(providers))
    log, under_way = [], []
    while (calls := steps.next_calls()) or under_way:
        under_way += calls
        log += [(call.provider.name, field) for call in calls for field in call.fields]
        call = under_way.pop(data.draw(st.integers(0, len(under_way) - 1)))
        found = [field for field in sorted(call.fields) if data.draw(st.booleans())]
        told = data.draw(st.sets(st.sampled_from(IdentifierKind), max_size=1))
        identities = tuple(Identifier(kind, "mira") for kind in told)
        steps.fold(call, answer(call, *found, identities=identities))

    known = {name.identifier.kind for name in names}
    could = {
        (p.name, field)
        for p, field in itertools.product(providers, steps.open_fields)
        if any(field in p.answers.get(kind, ()) for kind in known)
    }
    assert len(log) == len(set(log))
    assert could <= set(log)
