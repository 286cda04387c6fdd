"""The body that nearly everybody sends, read in a quarter of the time: a batch without faults.

What is wrong with any other, and what the less usual ones say, is told by ``bodies``. Both ways
come to the same, and this one accepts nothing that the other refuses.
"""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from api.options import job_options
from api.order import MAX_FIELDS, MAX_IDENTIFIERS, Order
from api.signals_config import SignalsConfig
from enrich_stream.errors import InputError
from enrich_stream.identifiers import MAX_CHARS, canonical_keys
from enrich_stream.person import Field, IdentifierKind
from enrich_stream.records import Item

_Given = Annotated[
    dict[str, Annotated[str, Meta(max_length=MAX_CHARS)]], Meta(min_length=1, max_length=1)
]


class _PlainBody(msgspec.Struct, forbid_unknown_fields=True):
    identifiers: Annotated[list[_Given], Meta(min_length=1, max_length=MAX_IDENTIFIERS)]
    fields: Annotated[list[Field], Meta(min_length=1, max_length=MAX_FIELDS)]
    signals_config: dict[str, Any] | None = None
    options: dict[str, Any] | None = None


_decoder = msgspec.json.Decoder(_PlainBody)


def plain_order(body: bytes) -> Order | None:
    """What is ordered; None when that takes a closer look."""
    try:
        content = _decoder.decode(body)
        return Order(
            kind="batch",
            items=_items(content.identifiers),
            fields=tuple(dict.fromkeys(content.fields)),
            signals_config=_signals_config(content.signals_config),
            options=job_options(content.options),
        )
    # A ValueError is a choice's, or that of a name which is no kind of identifier.
    except (msgspec.DecodeError, RecursionError, ValueError, InputError):
        return None


def _signals_config(given: dict[str, Any] | None) -> dict[str, Any]:
    if not given:  # to make a model of nothing takes as long as to name the job
        return {}
    SignalsConfig.model_validate(given)
    if given.get("handles"):
        raise ValueError("handles are those of one person")
    return given


def _items(persons: Sequence[dict[str, str]]) -> tuple[Item, ...]:
    names = {name for given in persons for name in given}
    keys = {name: iter(_keys(name, persons)) for name in names}
    return tuple(
        Item(index=index, given=given, identifier=next(keys[name]))
        for index, given in enumerate(persons)
        for name in given
    )


def _keys(name: str, persons: Sequence[dict[str, str]]) -> list[str]:
    """Of the persons that are named in this way, in their order."""
    texts = [given[name] for given in persons if name in given]
    return canonical_keys(IdentifierKind(name), texts)
