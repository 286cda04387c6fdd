"""What a POST may say: its shape, and every fault of it at once."""

from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic import Field as Constrained
from pydantic_core import ErrorDetails

from api.options import OWN_RULES, Options, job_options
from api.order import MAX_FIELDS, MAX_IDENTIFIERS, Order
from api.plain_body import plain_order
from api.problems import Fault, Problem
from api.signals_config import SignalsConfig
from enrich_stream.errors import InputError
from enrich_stream.identifiers import normalise
from enrich_stream.person import Field, IdentifierKind
from enrich_stream.records import Item

_KINDS = {kind.value: kind for kind in IdentifierKind}
_ONE_KIND = f"must have exactly one of {', '.join(_KINDS)}"

_Text = Annotated[str, Constrained(max_length=2048)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class PersonIdentifier(_Strict):
    """One person, named in exactly one of four ways."""

    linkedin_url: _Text | None = None
    email: _Text | None = None
    x_handle: _Text | None = None
    github_username: _Text | None = None


class PostEnrichment(_Strict):
    """The body of ``POST /api/enrichments``."""

    identifier: PersonIdentifier | None = None
    identifiers: (
        Annotated[list[PersonIdentifier], Constrained(min_length=1, max_length=MAX_IDENTIFIERS)]
        | None
    ) = None
    # Lax only here: in strict mode a JSON string is no member of an enumeration.
    fields: Annotated[
        list[Annotated[Field, Constrained(strict=False)]],
        Constrained(min_length=1, max_length=MAX_FIELDS),
    ]
    signals_config: SignalsConfig | None = None
    options: Options | None = None


def parse_order(body: bytes) -> Order:
    """What is ordered; raises ``Problem`` 400 with every fault there is."""
    return plain_order(body) or _checked_order(body)


def _checked_order(body: bytes) -> Order:
    content = _json_object(body)
    faults = [*_shape_faults(content), *_choice_faults(content), *_handles_faults(content)]
    items: list[Item] = []
    for place, given in _identifiers(content):
        named = [name for name in given if name in _KINDS and given[name] is not None]
        if len(named) != 1:
            faults.append(Fault(_joined(*place), _ONE_KIND, "exactlyOneOf"))
            continue
        name, text = named[0], given[named[0]]
        if not isinstance(text, str):  # a fault of its shape
            continue
        try:
            key = str(normalise(_KINDS[name], text))
            items.append(Item(index=len(items), given={name: text}, identifier=key))
        except InputError as error:
            faults.append(Fault(_joined(*place, name), str(error), "isIdentifier"))
    if faults:
        raise Problem(400, "Validation failed", faults)
    return Order(
        kind="single" if content.get("identifier") is not None else "batch",
        items=tuple(items),
        fields=tuple(dict.fromkeys(Field(name) for name in content["fields"])),
        signals_config=content.get("signals_config") or {},
        options=job_options(content.get("options")),
    )


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        content = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Problem(400, "The body is not valid JSON.") from None
    if not isinstance(content, dict):
        raise Problem(400, "The body must be a JSON object.")
    return content


def _shape_faults(content: dict[str, Any]) -> Iterator[Fault]:
    try:
        PostEnrichment.model_validate(content)
    except ValidationError as error:
        yield from (_shape_fault(detail) for detail in error.errors(include_input=False))


def _shape_fault(detail: ErrorDetails) -> Fault:
    place = _joined(*detail["loc"])
    if detail["type"] in OWN_RULES:
        return Fault(place, detail["msg"], detail["type"])
    name = str(detail["loc"][-1]) if detail["loc"] else "body"
    known = {
        "missing": (f"{name} is required", "isDefined"),
        "extra_forbidden": (f"{name} should not exist", "whitelistValidation"),
        "string_type": (f"{name} must be a string", "isString"),
        "list_type": (f"{name} must be an array", "isArray"),
        "model_type": (f"{name} must be an object", "isObject"),
        "dict_type": (f"{name} must be an object", "isObject"),
        "enum": (f"each of fields must be one of {', '.join(Field)}", "isEnum"),
    }
    if detail["type"] == "too_short":
        known["too_short"] = (f"{name} should not be empty", "arrayNotEmpty")
    if detail["type"] == "too_long":
        most = detail["ctx"]["max_length"]
        known["too_long"] = (f"{name} must contain at most {most} elements", "arrayMaxSize")
    message, constraint = known.get(detail["type"], (f"{name}: {detail['msg']}", detail["type"]))
    return Fault(place, message, constraint)


def _choice_faults(content: dict[str, Any]) -> Iterator[Fault]:
    if content.get("identifier") is not None and content.get("identifiers") is not None:
        yield Fault("identifiers", "use identifier or identifiers, not both", "exactlyOneOf")
    if content.get("identifier") is None and content.get("identifiers") is None:
        yield Fault("identifier", "identifier or identifiers is required", "exactlyOneOf")


def _handles_faults(content: dict[str, Any]) -> Iterator[Fault]:
    """A handle is one person's; for several it would be told of each that it is theirs."""
    config, many = content.get("signals_config"), content.get("identifiers")
    is_of_several = isinstance(many, list) and len(many) > 1
    if is_of_several and isinstance(config, dict) and config.get("handles"):
        message = "handles are those of one person; send each person by itself"
        yield Fault("signals_config.handles", message, "isOfOnePerson")


def _identifiers(content: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], dict[str, Any]]]:
    one, many = content.get("identifier"), content.get("identifiers")
    if isinstance(one, dict):
        yield ("identifier",), one
    if isinstance(many, list):
        for index, given in enumerate(many[:MAX_IDENTIFIERS]):
            if isinstance(given, dict):
                yield ("identifiers", index), given


def _joined(*place: int | str) -> str:
    return ".".join(str(step) for step in place)
