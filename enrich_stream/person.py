"""The words of the domain: how a person is named, what is asked, what can come of it."""

from enum import StrEnum

import msgspec


class IdentifierKind(StrEnum):
    """The four ways to name a person; the value is the member's name in the HTTP contract."""

    LINKEDIN = "linkedin_url"
    EMAIL = "email"
    X = "x_handle"
    GITHUB = "github_username"


class Field(StrEnum):
    """What can be asked about a person; the value is its name in the HTTP contract."""

    EMAIL = "contact.email"
    PHONE = "contact.phone"
    SIGNALS = "signals"
    PROFILE = "profile"


class Outcome(StrEnum):
    """The three answers that are kept apart for ever.

    Found: here it is. Absent: someone who would know says there is none. Unknown: nobody could
    be asked, or nobody could say.
    """

    FOUND = "found"
    ABSENT = "absent"
    UNKNOWN = "unknown"


class Identifier(msgspec.Struct, frozen=True):
    """One person under one name, in canonical form.

    Attributes:
        kind: Which of the four ways of naming.
        value: The canonical spelling: a LinkedIn slug, a lower-case e-mail with an ASCII
            domain, a lower-case X handle without ``@``, a lower-case GitHub login.
    """

    kind: IdentifierKind
    value: str

    def __str__(self) -> str:
        """The key on topics and in tables, for example ``linkedin_url:mira-okafor``."""
        return f"{self.kind}:{self.value}"

    @classmethod
    def parse(cls, key: str) -> "Identifier":
        """The inverse of ``str()``; raises ``ValueError`` for anything else."""
        kind, colon, value = key.partition(":")
        if not (colon and value):
            raise ValueError("not an identifier key")
        return cls(IdentifierKind(kind), value)
