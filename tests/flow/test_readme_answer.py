"""The answer that the README shows is one that comes of the waterfall, to the last member."""

import json
import re
from pathlib import Path

import msgspec
from crowds import (
    CrowdAtGitHub,
    CrowdAtGravatar,
    CrowdAtHunter,
    CrowdAtPeopleDataLabs,
    CrowdAtProspeo,
)
from people import Known, Person
from troubles import takes
from virtual_time import run
from worker import a_batch, worker

from enrich_stream.person import Field, IdentifierKind

README = Path(__file__).parents[2] / "README.md"
SECONDS = {
    CrowdAtGravatar: 0.15,
    CrowdAtGitHub: 0.1,
    CrowdAtHunter: 0.4,
    CrowdAtProspeo: 0.7,
    CrowdAtPeopleDataLabs: 0.3,
}


class Mira(Person):
    """The README's person, whom the caller knows by an X handle."""

    slug, handle = "mira-okafor", "mira_okafor"
    email, guess = "mira@northwind.example", "m.okafor@northwind.example"
    phone = "+447400123456"

    def __init__(self):
        known = {
            "gravatar": Known(email=self.guess),
            "github": Known(email=self.email),
            "prospeo": Known(has_phone=True),
        }
        super().__init__(1, IdentifierKind.X, known)


async def answered(tmp_path):
    fakes = [crowd([Mira()], takes(seconds)) for crowd, seconds in SECONDS.items()]
    async with worker(tmp_path, *fakes) as under_test:
        items = await under_test.look_up(a_batch(1, [Mira()], Field.EMAIL, Field.PHONE))
    (item,) = items.values()
    return msgspec.json.decode(item.answer) | {"evidence": msgspec.json.decode(item.evidence)}


def test_the_answer_in_the_readme_is_what_comes_of_it(tmp_path):
    """With the names that came to light, what was checked by whom, and what it cost."""
    shown = re.search(r"```json\n(\{\"identifier\".*?)\n```", README.read_text(), re.DOTALL)[1]

    assert run(answered(tmp_path)) == json.loads(shown)
