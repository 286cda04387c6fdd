"""In which order providers are asked: the file that says so, read and checked."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import yaml
from pydantic import TypeAdapter, ValidationError

from enrich_stream.errors import SetupError
from enrich_stream.person import Field, IdentifierKind
from enrich_stream.providers.base import Provider

OTHERS = "others"
"""In a list: every provider that has no place of its own in it."""
SETTING = "ENRICH_WATERFALL_FILE"

_Lists = dict[IdentifierKind, dict[Field, tuple[str, ...]]]
_SHIPPED = Path(__file__).with_name("waterfall.yaml")


Ranking = dict[tuple[IdentifierKind, Field], tuple[Provider, ...]]
"""Who answers a field by a kind of identifier, first to ask first."""


class Orders:
    """The order of providers for each kind of identifier and each field.

    Args:
        lists: Names of providers; ``others`` among them stands for the rest.
    """

    def __init__(self, lists: Mapping[IdentifierKind, Mapping[Field, Sequence[str]]]) -> None:
        self._lists = lists

    def rank(self, providers: Sequence[Provider]) -> Ranking:
        """The order of those providers."""
        return {
            (kind, field): tuple(
                provider
                for provider in self._in_order(kind, field, providers)
                if field in provider.answers.get(kind, ())
            )
            for kind in IdentifierKind
            for field in Field
        }

    def _in_order(
        self, kind: IdentifierKind, field: Field, providers: Sequence[Provider]
    ) -> Sequence[Provider]:
        names = self._lists.get(kind, {}).get(field, (OTHERS,))
        ordered: list[Provider] = []
        for name in names:
            if name == OTHERS:
                ordered += [provider for provider in providers if provider.name not in names]
            else:
                ordered += [provider for provider in providers if provider.name == name]
        return ordered


AS_GIVEN = Orders({})
"""Everyone in the order in which they are given, as a job with ``options.providers`` wants it."""


@cache
def shipped_orders() -> Orders:
    """The orders of ``waterfall.yaml``."""
    return Orders(_read(_SHIPPED))


def load_orders(path: Path | None) -> Orders:
    """The shipped orders with those of a file of the operator's own in their place.

    Raises:
        SetupError: The file cannot be read or does not say what it must, and where.
    """
    if path is None:
        return shipped_orders()
    lists, own = _read(_SHIPPED), _read(path)
    return Orders({kind: {**lists[kind], **own.get(kind, {})} for kind in IdentifierKind})


def _read(path: Path) -> _Lists:
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
        return TypeAdapter(_Lists).validate_python(content or {})
    except OSError as error:
        raise SetupError(f"{SETTING}: {path}: {error.strerror}") from None
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise SetupError(f"{SETTING}: {path}: {' '.join(str(error).split())}") from None
    except ValidationError as error:
        raise SetupError(f"{SETTING}: {path}: {_explain(error)}") from None


def _explain(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(map(str, fault['loc'])) or 'the file'}: {fault['msg'].lower()}"
        for fault in error.errors(include_url=False, include_context=False, include_input=False)
    )
