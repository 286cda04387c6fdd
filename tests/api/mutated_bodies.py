"""Bodies that no honest client sends: sound ones, changed at random, the same in each run."""

import json
from copy import deepcopy
from random import Random

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

BODIES_OF_A_DRAW = 5


class Members(list):
    """An object as its members, of which two may have one name."""


def tree(value):
    """JSON with objects as ``Members``."""
    if isinstance(value, dict):
        return Members((name, tree(part)) for name, part in value.items())
    return [tree(part) for part in value] if isinstance(value, list) else value


class Raw(str):
    """Text that stands in the body as it is."""

    __slots__ = ()


def written(value):
    """The bytes of a body; what JSON cannot say is said all the same."""
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, Members):
        return "{" + ",".join(f"{written(n)}:{written(part)}" for n, part in value) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(written, value)) + "]"
    return json.dumps(value)


SOUND = [
    {
        "identifiers": [
            {"linkedin_url": "https://www.linkedin.com/in/x"},
            {"linkedin_url": "https://www.linkedin.com/in/y/"},
            {"email": "a@b.example"},
        ],
        "fields": ["contact.email", "profile"],
        "options": {"max_age_seconds": 5, "providers": ["endpoint"], "include": ["evidence"]},
    },
    {"identifier": {"linkedin_url": "https://www.linkedin.com/in/x"}, "fields": ["contact.email"]},
    {
        "identifiers": [
            {"email": "a@b.example"},
            {"x_handle": "@a"},
            {"github_username": "octocat"},
        ],
        "fields": ["contact.email", "contact.phone", "profile", "signals"],
        "signals_config": {
            "platforms": ["x"],
            "max_posts": {"x": 5},
            "intent_signals": ["hiring"],
            "since_days": 30,
        },
    },
    {
        "identifier": {"x_handle": "@a"},
        "fields": ["signals"],
        "signals_config": {"handles": {"bluesky": "a.example"}},
    },
]
STRANGE = st.one_of(
    st.sampled_from(
        [
            *(None, True, False, 0, -1, 10**400, -(10**30), 1.5, 2**63, 2**64, "", "\0", " "),
            *("a\0b@c.example", "x" * 5000, "https://www.linkedin.com/in/\0", "\u202e@x", [], {}),
            *map(Raw, ('"\\ud800"', '"\\ud800x"', "1e400", "-0", "NaN", "Infinity", "1e-400")),
            *map(Raw, ("01", "tru", "'a'", '"\\x"', '"\x00"', "[" * 2000 + "]" * 2000)),
            *map(Raw, ("[" * 200_000, '{"a":' * 2000 + "1" + "}" * 2000, "//", "")),
        ]
    ).map(tree),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
        max_leaves=8,
    ).map(tree),
)


def places(value):
    """Every list of parts in a tree."""
    if isinstance(value, list):
        yield value
        for part in value:
            yield from places(part[1] if isinstance(value, Members) else part)


def mutated(random, strange):
    """A sound body, in which up to four things are changed, or a few of its bytes."""
    body = tree(random.choice(SOUND))
    for _ in range(random.randint(0, 4)):
        parts = random.choice(list(places(body)))
        at = random.randint(0, len(parts))
        part = deepcopy(random.choice(strange))  # it may become a place of the next change
        if isinstance(parts, Members):
            names = ["identifier", "identifiers", "fields", "email", "\0", "__"]
            part = (parts[at][0] if at < len(parts) else random.choice(names), part)
        parts[at : at + random.randint(0, 1)] = [part] * random.randint(0, 2)
    content = bytearray(written(body).encode())
    for _ in range(random.choice([0, 0, 0, 1, 3])):
        at = random.randint(0, len(content))
        content[at : at + random.randint(0, 2)] = random.randbytes(random.randint(0, 3))
    return bytes(content)


def mutated_bodies(count):
    """So many of them."""
    found = []

    @settings(
        max_examples=count // BODIES_OF_A_DRAW,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.integers(0, 2**64), st.lists(STRANGE, min_size=1, max_size=4))
    def draw(seed, strange):
        random = Random(seed)
        found.extend(mutated(random, strange) for _ in range(BODIES_OF_A_DRAW))

    draw()
    return found
