"""More people than a provider's limits let through: they wait their turn, and nobody has failed."""

from collections import Counter

import msgspec
from crowds import CrowdAtHunter, CrowdAtProspeo, most_within
from people import Known, Person
from recording import TOPICS
from troubles import takes
from virtual_time import run
from worker import a_batch, fields_of, trail_of, worker

from enrich_stream.person import Field, IdentifierKind, Outcome

PEOPLE = 400
A_MINUTE = 60
LIMITS = {"hunter": f"5/s {A_MINUTE}/min", "prospeo": "1000/min"}


def everybody(providers):
    for number in range(PEOPLE):
        known = Known(email=f"p{number}@northwind.example")
        yield Person(number, IdentifierKind.LINKEDIN, dict.fromkeys(providers, known))


async def looked_up(tmp_path, providers, **settings):
    """The items, and the fakes that were asked about them."""
    crowd = list(everybody(providers))
    fakes = [CrowdAtHunter(crowd, takes(0.2)), CrowdAtProspeo(crowd, takes(0.2))]
    async with worker(tmp_path, *fakes, limits=LIMITS, **settings) as under_test:
        items = await under_test.look_up(a_batch(1, crowd, Field.EMAIL))
        return list(items.values()), fakes, under_test.kafka


def test_who_finds_no_room_is_put_back_and_ends_found(tmp_path):
    """Each is asked about once; the limits are used up and kept; nobody else is paid instead."""
    items, (hunter, prospeo), kafka = run(
        looked_up(tmp_path, ["hunter", "prospeo"], job_deadline_seconds=3600)
    )

    assert Counter(item.outcome for item in items) == {Outcome.FOUND: PEOPLE}
    assert kafka.put_back >= PEOPLE - 2 * A_MINUTE
    moments = hunter.arrivals["finder"]
    assert (len(moments), prospeo.requests_in_all) == (PEOPLE, 0)
    assert (most_within(moments, 60), most_within(moments, 1)) == (A_MINUTE, 5)
    # As quickly as the limits allow, but for one more minute.
    assert moments[-1] - moments[0] < (PEOPLE / A_MINUTE + 1) * 60


def test_put_back_is_not_ended(tmp_path):
    """Nothing goes to the job or to the output before the person has ended, and then once."""
    items, _, kafka = run(looked_up(tmp_path, ["hunter"], job_deadline_seconds=3600))

    contacts = kafka.on(TOPICS.contacts)
    assert len(contacts) == len(items) == PEOPLE
    for item in items:
        lines = [line for line in trail_of(item) if line["provider"] == "hunter"]
        assert lines[-1]["outcomes"] == {Field.EMAIL: Outcome.FOUND}
        # What was never sent costs nothing and counts for no cap.
        assert sum(line.get("times", 1) for line in lines) == 1
        assert sum(line["cost"] for line in lines) == 1


def test_beyond_the_jobs_deadline_it_is_unknown_and_may_be_asked_again(tmp_path):
    """Those for whom there was no room in time say so; the limit is no answer about anybody."""
    items, _, kafka = run(looked_up(tmp_path, ["hunter"], job_deadline_seconds=120))

    outcomes = Counter(item.outcome for item in items)
    assert set(outcomes) == {Outcome.FOUND, Outcome.UNKNOWN}
    assert outcomes[Outcome.FOUND] >= 2 * A_MINUTE
    assert max(kafka.ended_at.values()) < 120 + 30
    for item in items:
        if item.outcome is Outcome.UNKNOWN:
            assert msgspec.json.decode(item.answer)["error"]["retryable"] is True
            assert "hunter: no room in its limits in time" in fields_of(item)[Field.EMAIL]["reason"]
