"""Invented people by number, and the batches they come in."""

from dataclasses import dataclass

FIELDS = ("contact.email", "contact.phone")
BATCH = 100


@dataclass(frozen=True, slots=True)
class Person:
    """One item of a batch: as given, and canonical."""

    given: dict[str, str]
    identifier: str

    @property
    def slug(self) -> str:
        """The name in the LinkedIn URL."""
        return self.identifier.partition(":")[2]


def person(number: int) -> Person:
    """The same person for the same number."""
    slug = f"person-{number:09d}"
    return Person(
        given={"linkedin_url": f"https://www.linkedin.com/in/{slug}"},
        identifier=f"linkedin_url:{slug}",
    )


class Crowd:
    """Persons that nobody has asked about before, so that no memory answers for a provider."""

    def __init__(self, first: int = 0) -> None:
        self._next = first

    def batch(self, size: int = BATCH) -> list[Person]:
        """The next persons."""
        first, self._next = self._next, self._next + size
        return [person(number) for number in range(first, self._next)]
