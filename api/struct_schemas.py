"""The shapes that workers write and front doors pass on as they are, for the OpenAPI document."""

import inspect
import re
from typing import Any

import msgspec

from enrich_stream.records import Asked, FieldResult
from enrich_stream.signals.shape import Signals

_MEMBER = re.compile(r"^ {4}(\w+): (.*?)(?=\n {4}\w|\Z)", re.DOTALL | re.MULTILINE)


class ItemEvidence(msgspec.Struct):
    """Where each value is from, and who was asked.

    Attributes:
        fields: By field, with the values that are not verified too.
        trail: Who was asked, in the order in which they answered.
    """

    fields: dict[str, FieldResult]
    trail: tuple[Asked, ...]


def struct_schemas(ref_template: str) -> dict[str, Any]:
    """Their schemas by name, with what their docstrings say of each member."""
    _, schemas = msgspec.json.schema_components([Signals, ItemEvidence], ref_template=ref_template)
    for schema in schemas.values():
        text, _, members = inspect.cleandoc(schema["description"]).partition("Attributes:")
        schema["description"] = _plain(text.partition("\n\n")[0])
        for name, meaning in _MEMBER.findall(members):
            schema["properties"][name]["description"] = _plain(meaning)
    # Defaults are lists in JSON, and tuples up to here.
    as_json: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(schemas))
    return as_json


def _plain(text: str) -> str:
    return " ".join(text.split()).replace("``", "`")
