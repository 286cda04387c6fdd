"""What a run does is drawn from its seed."""

from enrich_stream.chaos.orders import draw_orders
from enrich_stream.chaos.people import Person, Truth, person_named, traces
from enrich_stream.chaos.plan import Dose, Fault, draw_plan

DOSE = Dose({Fault.KILL_WORKER: 3, Fault.KILL_TWICE: 2, Fault.WIPE_WORKER: 1}, scales=(1, 3, 1))


def test_the_same_seed_gives_the_same_plan_and_orders():
    """A run that broke something can be had again; another seed is another run."""
    assert draw_plan(1, DOSE, 6.0) == draw_plan(1, DOSE, 6.0)
    assert draw_orders(1, 20, 5) == draw_orders(1, 20, 5)
    assert draw_plan(1, DOSE, 6.0) != draw_plan(2, DOSE, 6.0)
    assert draw_orders(1, 20, 5) != draw_orders(2, 20, 5)


def test_a_plan_has_all_of_its_dose_and_scales_in_order():
    """Whatever the order of the rest, the number of workers changes as it was told to."""
    for seed in range(20):
        plan = draw_plan(seed, DOSE, 6.0)
        assert [s.workers for s in plan if s.fault is Fault.SCALE] == [3, 1]
        assert sorted(s.fault for s in plan if s.fault is not Fault.SCALE) == sorted(
            [Fault.KILL_WORKER] * 3 + [Fault.KILL_TWICE] * 2 + [Fault.WIPE_WORKER]
        )


def test_a_frozen_worker_loses_its_session():
    """A shorter sleep would show nothing."""
    plan = draw_plan(1, Dose({Fault.FREEZE_WORKER: 50}, scales=(1,)), 6.0)
    assert len(plan) == 50
    assert all(step.seconds > 6.0 for step in plan)


def test_whatever_tells_of_a_person_is_found():
    """In whatever form a name, an address or a phone gets into a log."""
    for person in map(Person, range(8)):
        for text in (*person.given.values(), str(person.identifier), *person.contact["phone"]):
            assert traces(f"failed: {text!r} is wrong")
    assert not traces("2 persons of op_1 are settled")


def test_people_are_of_every_kind_and_known_by_their_identifier():
    """Each truth is met with each kind of identifier, so that none hides another's mistakes."""
    people = [Person(n) for n in range(400)]
    met = {(p.identifier.kind, p.truth) for p in people}
    assert len(met) == 4 * len(Truth)
    assert [person_named(str(p.identifier)) for p in people] == people
