"""The shape that is written down is the shape that is shown."""

import json
import re
from pathlib import Path

import msgspec

from enrich_stream.signals.shape import Signals

README = Path(__file__).parents[2] / "README.md"


def test_the_answer_in_the_readme_is_one():
    """Every member of it is described, and none is missing that is needed."""
    shown = re.search(r"```json\n(\{\"posts\".*?)\n```", README.read_text(), re.DOTALL)[1]

    read = msgspec.json.decode(shown, type=Signals)

    assert json.loads(msgspec.json.encode(read)) == json.loads(shown)
