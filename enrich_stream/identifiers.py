"""Brings every spelling of an identifier to one canonical form, so that one person has one key.

Decisions a reader may want to know:

- LinkedIn: the slug of ``/in/<slug>``, decoded, NFC and lower case. A bare ``in/<slug>`` or
  ``<slug>`` counts, what follows the slug (a language, ``details/...``) does not. The old
  ``/pub/<name>/a/b/c`` becomes ``<name>-cba``, which is where LinkedIn redirects it. Member ids
  (``ACoAA...``) are the one kind of slug that keeps its case, because there the case matters.
- E-mail: lower case, domain in ASCII. ``mailto:`` and ``Name <address>`` are read. Dots and plus
  signs stay: what they mean is up to each mail server. ``.test`` and ``.example`` are allowed.
- X: a post or any other page below a handle names its author.
- GitHub: a repository names a project, not a person, and is refused.

Messages tell what is expected and never repeat what was given, which is personal data.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import unquote

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email
from yarl import URL

from enrich_stream.errors import InputError
from enrich_stream.person import Identifier, IdentifierKind

MAX_CHARS = 2048
"""Longer than any real profile address; bounds the work one hostile text can cause."""

MAX_SLUG_CHARS = 200
"""LinkedIn allows 100; automatic slugs of non-Latin names are known to be longer."""

EXPECTED: Mapping[IdentifierKind, str] = {
    IdentifierKind.LINKEDIN: (
        "must be the address of a LinkedIn profile, like https://www.linkedin.com/in/some-name"
    ),
    IdentifierKind.EMAIL: "must be one e-mail address, like name@company.com",
    IdentifierKind.X: "must be an X handle, like @some_name, or the address of an X profile",
    IdentifierKind.GITHUB: (
        "must be a GitHub username, like some-name, or the address of a GitHub profile"
    ),
}
TOO_LONG = f"must not be longer than {MAX_CHARS} characters"
EMPTY = "must not be empty"
UNPRINTABLE = "must not contain control characters or broken Unicode"
NOT_A_MEMBER = (
    "must be the profile of a person, with /in/ in its address, not another page of LinkedIn"
    " such as a company, a school, a post or Sales Navigator"
)
NOT_A_HANDLE = "must be the handle of a person, not another page of X"
NOT_A_LOGIN = "must be the username of a person, not another page of GitHub"
A_REPOSITORY = "must be the username of a person, not the address of a repository"

# Pasted text often carries these at its ends, unseen: spaces, marks of direction, a BOM.
_EDGES = " \t\r\n\u00a0\u2007\u202f\u3000\u200b\u200e\u200f\u2060\u2066\u2067\u2068\u2069\ufeff"
_JOINERS = "\u200c\u200d"  # part of the spelling of Persian names and of some emoji

_SCHEME = re.compile(r"(?:https?:)?//", re.IGNORECASE)
_LINKEDIN_HOST = re.compile(r"(?:[a-z0-9-]+\.)*linkedin\.com")
_X_HOST = re.compile(r"(?:www\.|mobile\.|m\.)?(?:x|twitter)\.com")
_GITHUB_HOST = re.compile(r"(?:www\.)?github\.com")

_MEMBER_ID = re.compile(r"AC[a-z]AA[A-Za-z0-9_-]{20,}")
_PUB_CODE = re.compile(r"[0-9a-f]{1,3}")
_HANDLE = re.compile(r"[a-z0-9_]{1,15}")
# The part after an underscore marks an account that a company manages.
_LOGIN = re.compile(r"(?=.{1,39}$)[a-z0-9](?:-?[a-z0-9])*(?:_[a-z0-9]+)?")

_X_PAGES = re.compile(
    "about|account|compose|download|explore|hashtag|help|home|i|intent|jobs|login|logout|messages"
    "|notifications|oauth|privacy|search|settings|share|signup|tos|who_to_follow"
)
_GITHUB_PAGES = re.compile(
    "about|account|apps|blog|codespaces|collections|contact|customer-stories|dashboard|enterprise"
    "|events|explore|features|issues|join|login|logout|marketplace|new|notifications|organizations"
    "|orgs|pricing|pulls|readme|search|security|sessions|settings|signup|site|sponsors|stars|team"
    "|topics|trending|users|watching"
)

# What most people send is canonical already but for its frame. It comes to the same value below,
# at many times the cost: reading a batch is most of what accepting it takes. Each stands for a
# whole line, so that many texts can be looked at together.
_PLAIN_LINE: Mapping[IdentifierKind, re.Pattern[str]] = {
    IdentifierKind.LINKEDIN: re.compile(  # no capitals: a member id keeps them
        r"^(?:https://www\.|(?:https?://)?(?:www\.)?)linkedin\.com/in/([a-z0-9][a-z0-9-]{0,99})/?$",
        re.MULTILINE,
    ),
    # Letters are spelt out where many are read: to disregard their case costs as much again.
    IdentifierKind.EMAIL: re.compile(
        r"^(?=.{1,64}$)([\w+-]+(?:\.[\w+-]+)*@[a-zA-Z0-9]+(?:[.-][a-zA-Z0-9]+)*"
        rf"\.(?!(?i:{'|'.join(SPECIAL_USE_DOMAIN_NAMES)})$)[a-zA-Z]{{2,}})$",
        re.ASCII | re.MULTILINE,
    ),
    IdentifierKind.X: re.compile(
        rf"^@?((?!(?:{_X_PAGES.pattern})$){_HANDLE.pattern})$",
        re.ASCII | re.MULTILINE | re.IGNORECASE,
    ),
    IdentifierKind.GITHUB: re.compile(
        rf"^@?((?!(?:{_GITHUB_PAGES.pattern})$){_LOGIN.pattern})$",
        re.ASCII | re.MULTILINE | re.IGNORECASE,
    ),
}


def normalise(kind: IdentifierKind, text: str) -> Identifier:
    """The canonical identifier that a text of that kind names.

    Raises:
        InputError: The text is no identifier of that kind; the message completes a sentence that
            starts with the member's name, and does not repeat the text.
    """
    plain = _PLAIN_LINE[kind].fullmatch(text)
    return Identifier(kind, plain[1].lower() if plain else _read(kind, text))


def canonical_keys(kind: IdentifierKind, texts: Sequence[str]) -> list[str]:
    """The key of each of many texts of one kind, as ``str(normalise(kind, text))`` gives it.

    Raises:
        InputError: One of them is no identifier of that kind.
    """
    lines = "\n".join(texts)
    plain = _PLAIN_LINE[kind].findall(lines)
    # A text with a line break in it would pass for two.
    if len(plain) == len(texts) == lines.count("\n") + 1:
        beginning = str(Identifier(kind, ""))
        return [beginning + value.lower() for value in plain]
    return [str(normalise(kind, text)) for text in texts]


def _read(kind: IdentifierKind, text: str) -> str:
    clean = _printable(text)
    try:
        value = _READERS[kind](clean)
    except ValueError:  # what yarl, unquote and email-validator raise, with the text in it
        value = None
    if value is None:
        raise InputError(EXPECTED[kind])
    return value


def _printable(text: str) -> str:
    if len(text) > MAX_CHARS:
        raise InputError(TOO_LONG)
    text = text.strip(_EDGES)
    if not text:
        raise InputError(EMPTY)
    if not text.isprintable() and any(unicodedata.category(c) in {"Cc", "Cs"} for c in text):
        raise InputError(UNPRINTABLE)
    return text


def _linkedin(text: str) -> str | None:
    names_host = _names_host(text)
    path = _path(text if names_host else f"https://linkedin.com/{text}", _LINKEDIN_HOST)
    if not path:
        return None
    if path[0].lower() == "mwlite" and len(path) > 1:  # the address of the mobile site
        path = path[1:]
    match [path[0].lower(), *path[1:]]:
        case ["in", slug, *_]:
            return _slug(slug)
        case ["pub", name, a, b, c, *_] if all(_PUB_CODE.fullmatch(x.lower()) for x in (a, b, c)):
            return _slug(f"{name}-{c:0>3}{b:0>3}{a}")
        case ["pub", name] if name.lower() != "dir":
            return _slug(name)
        case [_] if not names_host:
            return _slug(path[0])
    raise InputError(NOT_A_MEMBER)


def _slug(text: str) -> str | None:
    for _ in range(2):  # spreadsheets and trackers are known to encode what is encoded already
        if "%" in text:
            text = unquote(text, errors="strict")
    text = unicodedata.normalize("NFC", text)
    if not _MEMBER_ID.fullmatch(text):
        text = unicodedata.normalize("NFC", text.lower())
    if len(text) > MAX_SLUG_CHARS or not all(map(_may_be_in_slug, text)):
        return None
    return text


def _may_be_in_slug(char: str) -> bool:
    if char.isascii():
        return char.isalnum() or char in "-_"
    return unicodedata.category(char)[0] not in "CZ" or char in _JOINERS


def _email(text: str) -> str | None:
    if text[:7].lower() == "mailto:":
        text = _printable(unquote(text[7:].partition("?")[0], errors="strict"))
    address = _valid_address(text)
    # A few letters change once more when they are lower-cased twice; such a key would not be one.
    return address if address.isascii() or _valid_address(address) == address else None


def _valid_address(text: str) -> str:
    # test_environment only lifts the ban on ".test": a trial run needs names that nobody owns.
    found = validate_email(
        text, check_deliverability=False, test_environment=True, allow_display_name=True
    )
    if not (found.local_part and found.ascii_domain):
        raise EmailNotValidError
    local_part = unicodedata.normalize("NFC", found.local_part.lower())
    return f"{local_part}@{found.ascii_domain.lower()}"


def _x(text: str) -> str | None:
    path = _path(text, _X_HOST) if _names_host(text) else [text]
    if not path:
        return None
    handle = path[0].removeprefix("@").lower()
    if _X_PAGES.fullmatch(handle):
        raise InputError(NOT_A_HANDLE)
    return handle if _HANDLE.fullmatch(handle) else None


def _github(text: str) -> str | None:
    path = _path(text, _GITHUB_HOST) if _names_host(text) else text.rstrip("/").split("/")
    if not path:
        return None
    login = path[0].removeprefix("@").lower()
    if _GITHUB_PAGES.fullmatch(login):
        raise InputError(NOT_A_LOGIN)
    if not _LOGIN.fullmatch(login):
        return None
    if len(path) > 1:
        raise InputError(A_REPOSITORY)
    return login


def _names_host(text: str) -> bool:
    before_query = re.split(r"[?#]", text, maxsplit=1)[0]
    return (
        before_query.startswith("//") or "://" in before_query or "." in before_query.split("/")[0]
    )


def _path(text: str, host: re.Pattern[str]) -> list[str] | None:
    """The decoded parts of an address' path, or None when it is at another host.

    The path is cut before it is decoded, so that an encoded slash cannot move a border.
    """
    url = URL("https://" + _SCHEME.sub("", text, count=1))
    if not host.fullmatch((url.host or "").rstrip(".").lower()):
        return None
    return [unquote(part, errors="strict") for part in url.raw_path.split("/") if part]


_READERS: Mapping[IdentifierKind, Callable[[str], str | None]] = {
    IdentifierKind.LINKEDIN: _linkedin,
    IdentifierKind.EMAIL: _email,
    IdentifierKind.X: _x,
    IdentifierKind.GITHUB: _github,
}
