"""What is submitted in a run: batches, and now and then one person whom somebody waits for."""

import random
from dataclasses import dataclass
from typing import Any

from enrich_stream.chaos.people import FIELDS, Person
from enrich_stream.person import IdentifierKind

_NEW_PEOPLE = 0.8
"""Of all items so many are about somebody new; the others come again, in other jobs or the same."""
_SINGLE_ONE_IN = 10


@dataclass(frozen=True, slots=True)
class Order:
    """One POST.

    Attributes:
        number: Place in the run, from 0.
        persons: In order.
        is_single: Sent as ``identifier``, and so answered at once where that is possible.
    """

    number: int
    persons: tuple[Person, ...]
    is_single: bool

    @property
    def body(self) -> dict[str, Any]:
        """What is posted."""
        fields = [field.value for field in FIELDS]
        if self.is_single:
            return {"identifier": self.persons[0].given, "fields": fields}
        return {"identifiers": [person.given for person in self.persons], "fields": fields}


def draw_orders(seed: int, jobs: int, items: int) -> tuple[Order, ...]:
    """The same orders for the same arguments.

    Args:
        seed: Decides who is in which.
        jobs: How many orders.
        items: How many persons are in a batch.
    """
    draw = random.Random(seed)  # noqa: S311 - to be had again, not to be unguessable
    population = [Person(n) for n in range(max(1, round(jobs * items * _NEW_PEOPLE)))]
    linkedin = [p for p in population if p.identifier.kind is IdentifierKind.LINKEDIN]
    orders = []
    for number in range(jobs):
        is_single = number % _SINGLE_ONE_IN == _SINGLE_ONE_IN - 1
        persons = (draw.choice(linkedin),) if is_single else draw.choices(population, k=items)
        orders.append(Order(number, tuple(persons), is_single))
    return tuple(orders)
