"""Members of a record that this program does not know: they are kept, and travel on with it.

While an installation is upgraded, records of the next version pass through workers of this one. A
worker that dropped what it does not know would drop it for ever, from rows and from jobs. So such
a record is decoded by a type that has the missing members too, and is encoded with them again.
"""

from functools import lru_cache
from types import GenericAlias, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

import msgspec

T = TypeVar("T", bound=msgspec.Struct)


def decode_with_unknown(data: bytes, known: type[T]) -> T:
    """A record with all its members; raises what ``msgspec`` raises for one that is wrong."""
    wider: type[T] = _type_for(msgspec.json.decode(data), known)
    return msgspec.json.decode(data, type=wider)


def _type_for(content: Any, known: Any) -> Any:
    """``known``, with what ``content`` has beyond it, there and in all that it is made of."""
    if isinstance(content, dict) and isinstance(known, type) and issubclass(known, msgspec.Struct):
        return _struct_for(content, known)
    origin, inner = get_origin(known), get_args(known)
    if origin in (Union, UnionType):
        return Union[tuple(_type_for(content, one) for one in inner)]  # noqa: UP007 - made at run time
    if origin is tuple and isinstance(content, list):
        for part in content:
            inner = (_type_for(part, inner[0]), ...)
        return GenericAlias(tuple, inner)
    if origin is dict and isinstance(content, dict):
        value_type = inner[1]
        for part in content.values():
            value_type = _type_for(part, value_type)
        return GenericAlias(dict, (inner[0], value_type))
    return known


def _struct_for(content: dict[str, Any], known: type[msgspec.Struct]) -> type[msgspec.Struct]:
    members = {field.encode_name: field for field in msgspec.structs.fields(known)}
    wider = {
        field.name: wide
        for name, field in members.items()
        if name in content and (wide := _type_for(content[name], field.type)) != field.type
    }
    is_open = not known.__struct_config__.forbid_unknown_fields
    unknown = () if is_open else tuple(sorted(content.keys() - members.keys()))
    return _extended(known, tuple(wider.items()), unknown) if wider or unknown else known


@lru_cache(maxsize=256)
def _extended(
    known: type[msgspec.Struct], wider: tuple[tuple[str, Any], ...], unknown: tuple[str, ...]
) -> type[msgspec.Struct]:
    fields = {field.name: field for field in msgspec.structs.fields(known)}
    # Under names that no member of ours has; on the wire they are called as they were.
    added = (
        (f"unknown_{number}", Any, msgspec.field(name=name, default=msgspec.UNSET))
        for number, name in enumerate(unknown, start=len(fields))
    )
    return msgspec.defstruct(
        known.__name__,
        [*(_member(fields[name], wide) for name, wide in wider), *added],
        bases=(known,),
        kw_only=True,
        frozen=True,
    )


def _member(field: msgspec.structs.FieldInfo, wide: Any) -> tuple[str, Any] | tuple[str, Any, Any]:
    """The field with another type, and with the default it has."""
    if field.default_factory is not msgspec.NODEFAULT:
        return field.name, wide, msgspec.field(default_factory=field.default_factory)
    if field.default is not msgspec.NODEFAULT:
        return field.name, wide, field.default
    return field.name, wide
