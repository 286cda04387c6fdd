"""Which columns of a file name a person, and how."""

import re
from collections.abc import Mapping, Sequence

from enrich_stream.errors import InputError
from enrich_stream.person import IdentifierKind

# When a row names a person in several ways the first of these is used: a profile URL and an
# e-mail name one person and lead to most sources, handles are renamed and reused.
PREFERENCE = (
    IdentifierKind.LINKEDIN,
    IdentifierKind.EMAIL,
    IdentifierKind.GITHUB,
    IdentifierKind.X,
)

# Spellings without case, spaces and punctuation. A lone "x" is left out on purpose: it is as
# often a coordinate; ``--column x=x_handle`` says otherwise.
_SPELLINGS = {
    "linkedin linkedinurl linkedinuri linkedinlink linkedinprofile linkedinprofileurl "
    "linkedinprofilelink linkedinpublicurl personlinkedin personlinkedinurl contactlinkedin "
    "contactlinkedinurl personallinkedin personallinkedinurl": IdentifierKind.LINKEDIN,
    "email emailaddress emailadress mail mailaddress emailid useremail useremailaddress workemail "
    "workemailaddress businessemail businessemailaddress companyemail primaryemail "
    "primaryemailaddress contactemail personemail personalemail personalemailaddress "
    "email1 emailaddress1": IdentifierKind.EMAIL,
    "github githubusername githubuser githublogin githubhandle githubaccount githuburl "
    "githublink githubprofile githubprofileurl": IdentifierKind.GITHUB,
    "twitter twitterhandle twitterusername twitteruser twitteraccount twitterscreenname "
    "twitterurl twitterlink twitterprofile twitterprofileurl xhandle xusername xuser xaccount "
    "xurl xlink xprofile xprofileurl xtwitter twitterx": IdentifierKind.X,
}
_KIND_OF_SPELLING = {
    spelling: kind for spellings, kind in _SPELLINGS.items() for spelling in spellings.split()
}
_EXPECTED = (
    "a column named like linkedin_url, email, github_username or x_handle, "
    "or --column NAME=KIND to say which column it is"
)
_SHOWN_COLUMNS = 30
_SHOWN_CHARACTERS = 60
# A file without a header line shows people where names should stand; those are not repeated.
_LOOKS_LIKE_A_PERSON = re.compile(r"@|://|\.com\b|linkedin\.|\d{6}")


def find_identifier_columns(
    columns: Sequence[str], chosen: Mapping[str, IdentifierKind]
) -> tuple[tuple[str, IdentifierKind], ...]:
    """The columns to look for a person in, best first.

    Args:
        columns: The columns of the file, in its order.
        chosen: What the user said; when anything was said, only that counts.

    Raises:
        InputError: No column names a person, or a chosen column is not there.
    """
    for name in chosen:
        if name not in columns:
            raise InputError(f"there is no column {name!r}; the columns are {_list(columns)}")
    kinds = chosen or {name: kind for name in columns if (kind := kind_named(name))}
    if not kinds:
        raise InputError(
            f"no column names a person; the columns are {_list(columns)}; expected {_EXPECTED}"
        )
    found = [(name, kinds[name]) for name in columns if name in kinds]
    return tuple(sorted(found, key=lambda column: PREFERENCE.index(column[1])))


def parse_column_choice(text: str) -> tuple[str, IdentifierKind]:
    """Read ``NAME=KIND``; the name may itself hold an equals sign."""
    name, _, kind_text = text.rpartition("=")
    kind = kind_named(kind_text)
    if not name or kind is None:
        kinds = ", ".join(PREFERENCE)
        raise InputError(f"--column takes NAME=KIND with a KIND of {kinds}")
    return name, kind


def kind_named(text: str) -> IdentifierKind | None:
    """The kind of identifier that a column of this name holds, if any."""
    return _KIND_OF_SPELLING.get(re.sub(r"[^a-z0-9]", "", text.casefold()))


def _list(columns: Sequence[str]) -> str:
    if any(_LOOKS_LIKE_A_PERSON.search(name) for name in columns):
        return "not named: the first line looks like a person, not like column names"
    shown = ", ".join(repr(name[:_SHOWN_CHARACTERS]) for name in columns[:_SHOWN_COLUMNS])
    return shown + (", ..." if len(columns) > _SHOWN_COLUMNS else "")
