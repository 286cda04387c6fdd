"""Ten thousand bodies that no honest client sends: each is accepted or refused, and none hurts."""

import json
import resource
from collections import Counter
from copy import deepcopy
from pathlib import Path
from random import Random

import pytest
from front_door import MemoryKafka, front_door
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

BODIES = 10_000
BODIES_OF_A_DRAW = 5
MEBIBYTE_PAGES = 1024 * 1024 // resource.getpagesize()


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


def all_bodies():
    """The bodies, the same in each run."""
    found = []

    @settings(
        max_examples=BODIES // BODIES_OF_A_DRAW,
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


def resident_mebibytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) / MEBIBYTE_PAGES


@pytest.mark.timeout(300)
async def test_no_body_is_an_error_of_ours_and_memory_stays_flat(tmp_path):
    """Deep, huge, broken or doubled: 202, or a 4xx in the one shape."""
    bodies, seen, memory = all_bodies(), Counter(), []
    async with front_door(tmp_path, MemoryKafka(), sync_budget_seconds=0.0) as http:
        for body in bodies:
            response = await http.post("/api/enrichments", content=body)
            assert response.status_code < 500, body[:300]
            if response.status_code >= 400:
                answer = response.json()
                assert answer["statusCode"] == response.status_code
                assert answer.keys() >= {"error", "message", "path", "requestId", "timestamp"}
            seen[response.status_code] += 1
            memory.append(resident_mebibytes())

    assert len(bodies) == BODIES
    assert seen[202] > BODIES / 50
    assert seen[400] > BODIES / 2
    # What was accepted stays in the lists that stand for Kafka.
    assert memory[-1] - memory[BODIES // 10] < 32, memory[:: BODIES // 10]
