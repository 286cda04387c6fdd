"""Invented people, and what each provider knows of them: the truth for answers."""

import hashlib
import random
from dataclasses import dataclass, field

from enrich_stream.person import Field, Identifier, IdentifierKind

KINDS = tuple(IdentifierKind)
PROVIDERS = ("github", "gravatar", "hunter", "prospeo", "leadmagic", "peopledatalabs")


@dataclass(frozen=True)
class Known:
    """What one provider knows of one person.

    Attributes:
        email: Empty when it knows none. Another one than the person's is a guess.
        has_phone: Whether it knows the mobile.
        is_suppressed: Whether the person asked it not to say anything.
    """

    email: str = ""
    has_phone: bool = False
    is_suppressed: bool = False


@dataclass(frozen=True)
class Person:
    """Somebody, by all names.

    Attributes:
        kind: By which name the caller knows the person.
        known: What each provider knows; who is not in it has never heard of the person.
    """

    number: int
    kind: IdentifierKind
    known: dict[str, Known] = field(default_factory=dict)

    @property
    def slug(self):
        return f"person-{self.number}"

    @property
    def handle(self):
        return f"person_{self.number}"

    @property
    def email(self):
        return f"p{self.number}@northwind.example"

    @property
    def guess(self):
        return f"guess{self.number}@northwind.example"

    @property
    def phone(self):
        return f"+1202555{self.number:04}"

    @property
    def identifier(self):
        return self.named(self.kind)

    def named(self, kind):
        values = {IdentifierKind.EMAIL: self.email, IdentifierKind.X: self.handle}
        return Identifier(kind, values.get(kind, self.slug))

    def names(self):
        """Every way in which a request may name the person."""
        digest = hashlib.sha256(self.email.encode()).hexdigest()
        profiles = (f"linkedin.com/in/{self.slug}", f"github.com/{self.slug}")
        return {
            *(self.slug, self.handle, self.email, self.guess, digest, *profiles),
            f"https://www.linkedin.com/in/{self.slug}",
            f"twitter.com/{self.handle}",
        }

    def holds(self, provider, name):
        """Whether the provider can give a verified value of the field, troubles aside."""
        known = self.known.get(provider)
        if known is None or known.is_suppressed:
            return False
        if name is Field.EMAIL:  # which whoever has an account at GitHub shows there
            return provider == "github" or known.email == self.email
        return name is Field.PROFILE or (known.has_phone and provider == "prospeo")


def people(count, seed):
    """So many, drawn by that seed."""
    draw = random.Random(seed)
    return [_person(number, draw) for number in range(count)]


def _person(number, draw):
    person = Person(number, draw.choice(KINDS))
    for provider in PROVIDERS:
        if draw.random() < 0.6:
            person.known[provider] = Known(
                email=draw.choice(["", person.guess, person.email, person.email]),
                has_phone=draw.random() < 0.5,
                is_suppressed=provider == "hunter" and draw.random() < 0.1,
            )
    return person
