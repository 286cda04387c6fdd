"""Every spelling of an identifier comes to one canonical form, or to a clear refusal."""

import pytest
from email_validator import SPECIAL_USE_DOMAIN_NAMES
from hypothesis import example, given, settings
from hypothesis import strategies as st

from enrich_stream import identifiers
from enrich_stream.errors import InputError
from enrich_stream.identifiers import EXPECTED, MAX_CHARS, canonical_keys, normalise
from enrich_stream.person import Identifier, IdentifierKind

LINKEDIN, EMAIL = IdentifierKind.LINKEDIN, IdentifierKind.EMAIL
X, GITHUB = IdentifierKind.X, IdentifierKind.GITHUB

MEMBER_ID = "ACoAABcDeFgHiJkLmNoPqRsTuVwXyZ0123456789a"

ACCEPTED = {
    LINKEDIN: {
        "https://www.linkedin.com/in/mira-okafor": "mira-okafor",
        "http://linkedin.com/in/mira-okafor/": "mira-okafor",
        "HTTPS://WWW.LINKEDIN.COM/IN/Mira-Okafor": "mira-okafor",
        "//www.linkedin.com/in/mira-okafor": "mira-okafor",
        "www.linkedin.com/in/mira-okafor": "mira-okafor",
        "linkedin.com/in/mira-okafor": "mira-okafor",
        "linkedin.com:443/in/mira-okafor": "mira-okafor",
        "https://www.linkedin.com./in/mira-okafor": "mira-okafor",
        "https://uk.linkedin.com/in/mira-okafor": "mira-okafor",
        "https://m.linkedin.com/in/mira-okafor": "mira-okafor",
        "https://www.linkedin.com/mwlite/in/mira-okafor": "mira-okafor",
        "https://www.linkedin.com//in//mira-okafor//": "mira-okafor",
        "https://www.linkedin.com/in/mira-okafor?trk=people&lang=en": "mira-okafor",
        "https://www.linkedin.com/in/mira-okafor#experience": "mira-okafor",
        "https://www.linkedin.com/in/mira-okafor/en": "mira-okafor",
        "https://www.linkedin.com/in/mira-okafor/details/experience/": "mira-okafor",
        "in/mira-okafor": "mira-okafor",
        "/in/mira-okafor/": "mira-okafor",
        "mira-okafor": "mira-okafor",
        " \ufeffhttps://www.linkedin.com/in/mira-okafor\u200b\r\n": "mira-okafor",
        "https://www.linkedin.com/in/ren%C3%A9-n%C3%BA%C3%B1ez": "rené-núñez",
        "https://www.linkedin.com/in/ren%25C3%25A9": "rené",
        "https://www.linkedin.com/in/RENE\u0301": "rené",
        "https://www.linkedin.com/in/%D8%B9%D9%84%DB%8C%E2%80%8C%D8%B1%D8%B6%D8%A7": (
            "\u0639\u0644\u06cc\u200c\u0631\u0636\u0627"
        ),
        "https://sy.linkedin.com/pub/mira-okafor/a7/576/b50?trk=x": "mira-okafor-b50576a7",
        "https://www.linkedin.com/pub/mira-okafor/1/2B/c": "mira-okafor-00c02b1",
        "https://www.linkedin.com/pub/mira-okafor": "mira-okafor",
        f"https://www.linkedin.com/in/{MEMBER_ID}": MEMBER_ID,
    },
    EMAIL: {
        "mira@northwind.example": "mira@northwind.example",
        "Mira.Okafor@NorthWind.Example": "mira.okafor@northwind.example",
        "  mira@example.com\t": "mira@example.com",
        "mira@department.test": "mira@department.test",
        "mira@bücher.example": "mira@xn--bcher-kva.example",
        "mira@XN--BCHER-KVA.example": "mira@xn--bcher-kva.example",
        "RENE\u0301@example.com": "rené@example.com",
        "mailto:Mira@example.com": "mira@example.com",
        "MAILTO:mira%40example.com?subject=Hello": "mira@example.com",
        "Mira Okafor <Mira@Example.com>": "mira@example.com",
        '"Okafor, Mira" <mira@example.com>': "mira@example.com",
        "<mira@example.com>": "mira@example.com",
        "m.i.r.a+news@gmail.com": "m.i.r.a+news@gmail.com",
    },
    X: {
        "mira_okafor": "mira_okafor",
        "@Mira_Okafor": "mira_okafor",
        "https://x.com/mira_okafor": "mira_okafor",
        "https://twitter.com/@mira_okafor/": "mira_okafor",
        "http://www.twitter.com/Mira_Okafor?lang=en": "mira_okafor",
        "mobile.twitter.com/mira_okafor": "mira_okafor",
        "x.com/mira_okafor/status/1234567890123456789": "mira_okafor",
        "https://m.x.com/mira_okafor/with_replies#top": "mira_okafor",
        "a": "a",
        "a23456789012345": "a23456789012345",
    },
    GITHUB: {
        "mira-okafor": "mira-okafor",
        "@Mira-Okafor": "mira-okafor",
        "https://github.com/mira-okafor": "mira-okafor",
        "www.github.com/Mira-Okafor/": "mira-okafor",
        "mira-okafor/": "mira-okafor",
        "https://github.com/mira-okafor?tab=repositories": "mira-okafor",
        "mira-okafor_acme": "mira-okafor_acme",
        "a" * 39: "a" * 39,
    },
}

REFUSED = {
    LINKEDIN: {
        "https://linkedin.com.evil.example/in/mira": EXPECTED[LINKEDIN],
        "https://notlinkedin.com/in/mira": EXPECTED[LINKEDIN],
        "https://linkedin.com@evil.example/in/mira": EXPECTED[LINKEDIN],
        "https://www.linkedin.com/": EXPECTED[LINKEDIN],
        "linkedin.com": EXPECTED[LINKEDIN],
        "ftp://www.linkedin.com/in/mira": EXPECTED[LINKEDIN],
        "https://[::1/in/mira": EXPECTED[LINKEDIN],
        "https://www.linkedin.com/in/%E9": EXPECTED[LINKEDIN],
        "https://www.linkedin.com/in/mira%2Fokafor": EXPECTED[LINKEDIN],
        "https://www.linkedin.com/in/mira%00": EXPECTED[LINKEDIN],
        "https://www.linkedin.com/in/mira okafor": EXPECTED[LINKEDIN],
        "in/mira\u202eokafor": EXPECTED[LINKEDIN],
        "in/" + "a" * 201: EXPECTED[LINKEDIN],
        "mira@example.com": EXPECTED[LINKEDIN],
        "https://www.linkedin.com/in/": identifiers.NOT_A_MEMBER,
        "https://www.linkedin.com/in/../company/northwind": identifiers.NOT_A_MEMBER,
        "https://www.linkedin.com/company/northwind": identifiers.NOT_A_MEMBER,
        "https://www.linkedin.com/school/northwind/": identifiers.NOT_A_MEMBER,
        "https://www.linkedin.com/sales/lead/ACwAAA,NAME": identifiers.NOT_A_MEMBER,
        "https://www.linkedin.com/pub/dir/Mira/Okafor": identifiers.NOT_A_MEMBER,
        "https://www.linkedin.com/feed": identifiers.NOT_A_MEMBER,
    },
    EMAIL: {
        "mira": EXPECTED[EMAIL],
        "mira@": EXPECTED[EMAIL],
        "@example.com": EXPECTED[EMAIL],
        "mira@localhost": EXPECTED[EMAIL],
        "mira..okafor@example.com": EXPECTED[EMAIL],
        "mira@exa_mple.com": EXPECTED[EMAIL],
        "mira@[127.0.0.1]": EXPECTED[EMAIL],
        '"mira okafor"@example.com': EXPECTED[EMAIL],
        "mira@example.com, ola@example.com": EXPECTED[EMAIL],
        "mira@example.com; ola@example.com": EXPECTED[EMAIL],
        "mailto:%FF@example.com": EXPECTED[EMAIL],
        "mailto:": identifiers.EMPTY,
        "mailto:a%00@example.com": identifiers.UNPRINTABLE,
    },
    X: {
        "@": EXPECTED[X],
        "mira okafor": EXPECTED[X],
        "mira-okafor": EXPECTED[X],
        "a234567890123456": EXPECTED[X],
        "mirа": EXPECTED[X],  # noqa: RUF001  (the last letter is Cyrillic: that is the case)
        "https://x.com": EXPECTED[X],
        "https://x.com.evil.example/mira": EXPECTED[X],
        "https://help.x.com/mira": EXPECTED[X],
        "https://x.com/home": identifiers.NOT_A_HANDLE,
        "https://x.com/i/user/12345": identifiers.NOT_A_HANDLE,
        "https://twitter.com/intent/user?screen_name=mira": identifiers.NOT_A_HANDLE,
        "@search": identifiers.NOT_A_HANDLE,
    },
    GITHUB: {
        "-mira": EXPECTED[GITHUB],
        "mira-": EXPECTED[GITHUB],
        "mira--okafor": EXPECTED[GITHUB],
        "mira_okafor_acme": EXPECTED[GITHUB],
        "a" * 40: EXPECTED[GITHUB],
        "dependabot[bot]": EXPECTED[GITHUB],
        "https://github.com": EXPECTED[GITHUB],
        "https://gist.github.com/mira": EXPECTED[GITHUB],
        "https://github.com.evil.example/mira": EXPECTED[GITHUB],
        "https://github.com/orgs/northwind": identifiers.NOT_A_LOGIN,
        "https://github.com/settings/profile": identifiers.NOT_A_LOGIN,
        "https://github.com/mira-okafor/some-repo": identifiers.A_REPOSITORY,
        "mira-okafor/some-repo": identifiers.A_REPOSITORY,
    },
}

BROKEN_FOR_EVERY_KIND = {
    "": identifiers.EMPTY,
    " \u200b\t": identifiers.EMPTY,
    "mi\x00ra": identifiers.UNPRINTABLE,
    "mi\nra": identifiers.UNPRINTABLE,
    "mi\x85ra": identifiers.UNPRINTABLE,
    "mi\ud800ra": identifiers.UNPRINTABLE,
    "a" * (MAX_CHARS + 1): identifiers.TOO_LONG,
}

PHRASES = {
    *EXPECTED.values(),
    identifiers.EMPTY,
    identifiers.TOO_LONG,
    identifiers.UNPRINTABLE,
    identifiers.NOT_A_MEMBER,
    identifiers.NOT_A_HANDLE,
    identifiers.NOT_A_LOGIN,
    identifiers.A_REPOSITORY,
}


def cases(table):
    return [
        pytest.param(kind, text, wanted, id=f"{kind.name.lower()} {text[:60]!a}")
        for kind, rows in table.items()
        for text, wanted in rows.items()
    ]


@pytest.mark.parametrize(("kind", "text", "value"), cases(ACCEPTED))
def test_a_spelling_comes_to_its_canonical_form(kind, text, value):
    """Whatever the spelling, one person has one key."""
    assert normalise(kind, text) == Identifier(kind, value)


@pytest.mark.parametrize(("kind", "text", "message"), cases(REFUSED))
def test_a_text_that_names_nobody_is_refused_with_a_fitting_message(kind, text, message):
    """A refusal says what is expected instead."""
    with pytest.raises(InputError) as refusal:
        normalise(kind, text)
    assert str(refusal.value) == message


@pytest.mark.parametrize("kind", IdentifierKind)
@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(text, phrase, id=ascii(text[:20]))
        for text, phrase in BROKEN_FOR_EVERY_KIND.items()
    ],
)
def test_a_broken_text_is_refused_for_every_kind(kind, text, message):
    """Empty, over-long and unprintable texts are the caller's fault, never a crash."""
    with pytest.raises(InputError) as refusal:
        normalise(kind, text)
    assert str(refusal.value) == message


FRAGMENTS = st.sampled_from(
    "https:// // www. linkedin.com /in/ /pub/ x.com twitter.com github.com / @ ?a=b # : . - _ [ ]"
    " < > %C3%A9 %2F %25 %E9 mailto: a@b.example mira xn-- é İ ẞ Σ \u212a \u0301 \u200d \u3002"
    f" \u2100 \ud800 \0 {MEMBER_ID}".split(" ")
) | st.just(" ")
TEXTS = st.text() | st.lists(FRAGMENTS | st.text(max_size=3), max_size=8).map("".join)


@given(kind=st.sampled_from(IdentifierKind), text=TEXTS)
@example(kind=LINKEDIN, text="in/a\u212ab")
@example(kind=EMAIL, text="\u212a@example.com")
@settings(max_examples=500, deadline=None)
def test_any_text_is_refused_or_becomes_a_key_that_stays_the_same(kind, text):
    """A canonical value normalises to itself, its key reads back, and it can be sent as UTF-8."""
    try:
        identifier = normalise(kind, text)
    except InputError as error:
        refusal = error
    else:
        assert normalise(kind, identifier.value) == identifier
        assert Identifier.parse(str(identifier)) == identifier
        assert identifier.value.encode().decode() == identifier.value
        return
    # Fixed phrases cannot carry what was given, and no cause behind them does either.
    assert str(refusal) in PHRASES
    assert (refusal.__cause__, refusal.__context__) == (None, None)


PLAIN = {
    LINKEDIN: st.from_regex(
        r"(https?://)?(www\.)?linkedin\.com/(in|IN)/[a-zA-Z0-9_-]{1,110}/?", fullmatch=True
    ),
    EMAIL: st.from_regex(
        r"[a-zA-Z0-9.+_-]{1,70}@([a-z0-9-]{1,64}\.){0,3}([a-zA-Z0-9-]{1,9}|test|local|onion|arpa)",
        fullmatch=True,
    ),
    X: st.from_regex(r"@{0,2}([a-zA-Z0-9_]{1,17}|(?i:home|tos|i|help)_?)", fullmatch=True),
    GITHUB: st.from_regex(
        r"@?([a-zA-Z0-9_-]{1,41}|(?i:topics|team|new)-?|[a-z0-9]{1,4}[_-]{1,2}[A-Z]{0,3}_?)",
        fullmatch=True,
    ),
}


@pytest.mark.parametrize("kind", IdentifierKind)
@given(st.data())
@settings(max_examples=300, deadline=None)
def test_the_short_way_comes_to_what_the_long_way_does(kind, data):
    """What is taken as it is would have come to the same, or would not have been refused."""
    text = data.draw(PLAIN[kind])
    plain = identifiers._PLAIN_LINE[kind].fullmatch(text)

    if plain:
        assert identifiers._read(kind, text) == normalise(kind, text).value


@pytest.mark.parametrize("kind", IdentifierKind)
def test_the_usual_spelling_goes_the_short_way(kind):
    """What most people send is not read letter by letter."""
    assert identifiers._PLAIN_LINE[kind].fullmatch(USUAL[kind])


@pytest.mark.parametrize("name", SPECIAL_USE_DOMAIN_NAMES)
def test_an_address_that_nobody_can_have_is_not_plain(name):
    """Names that are set apart are for the library to judge, whatever their case."""
    plain = identifiers._PLAIN_LINE[EMAIL]

    assert not plain.fullmatch(f"a@b.{name}")
    assert not plain.fullmatch(f"a@b.{name.upper()}")


@pytest.mark.parametrize("kind", [EMAIL, X, GITHUB])
@pytest.mark.parametrize("letter", ["\u017f", "\u212a", "\u00e9", "\u0663"])
def test_letters_that_only_look_plain_are_not(kind, letter):
    """What becomes an ASCII letter in lower case is for the long way to judge."""
    assert not identifiers._PLAIN_LINE[kind].fullmatch(USUAL[kind].replace("mira", letter))
    assert not identifiers._PLAIN_LINE[kind].fullmatch(USUAL[kind].replace("afor", letter))


@pytest.mark.parametrize(
    "text", ["a" * 65 + "@b.example", f"a@{'b' * 64}.example", f"a@{'b.' * 40}example"]
)
def test_a_long_address_is_not_plain(text):
    """Parts of an address have bounds that the library knows."""
    assert not identifiers._PLAIN_LINE[EMAIL].fullmatch(text)


USUAL = {
    LINKEDIN: "https://www.linkedin.com/in/mira-okafor-7/",
    EMAIL: "mira.okafor+List@mail.north-wind.example",
    X: "@mira_okafor",
    GITHUB: "mira-okafor",
}


def key_of(kind, text):
    try:
        return str(normalise(kind, text))
    except InputError:
        return None


@pytest.mark.parametrize("kind", IdentifierKind)
@given(st.data())
@settings(deadline=None)
def test_many_texts_come_to_the_keys_that_each_alone_comes_to(kind, data):
    """Also when one of them holds a line break, and none when one of them names nobody."""
    parts = st.just(USUAL[kind]) | PLAIN[kind] | st.just("\n") | TEXTS
    texts = data.draw(st.lists(st.just(USUAL[kind]) | st.lists(parts).map("".join), max_size=4))
    alone = [key_of(kind, text) for text in texts]

    if None in alone:
        with pytest.raises(InputError):
            canonical_keys(kind, texts)
    else:
        assert canonical_keys(kind, texts) == alone


@pytest.mark.parametrize("kind", IdentifierKind)
def test_two_lines_in_one_text_are_not_two_persons(kind):
    """The number of keys is the number of texts, or there are none."""
    usual = USUAL[kind]
    for texts in ([f"{usual}\n{usual}"], [f"{usual}\n{usual}", ""], ["", f"{usual}\n{usual}"]):
        with pytest.raises(InputError):
            canonical_keys(kind, texts)
