"""What a POST orders, once nothing is wrong with its body."""

from dataclasses import dataclass
from typing import Any, Literal

from enrich_stream.person import Field
from enrich_stream.records import Item, JobOptions

MAX_IDENTIFIERS = 100
MAX_FIELDS = 20
"""Each may be named again."""


@dataclass(frozen=True, slots=True)
class Order:
    """A body without faults.

    Attributes:
        kind: Whether ``identifier`` or ``identifiers`` was given.
        items: The persons, in the caller's order.
        fields: In the caller's order, each once.
        signals_config: As given; empty when there was none.
        options: What else is asked for.
    """

    kind: Literal["single", "batch"]
    items: tuple[Item, ...]
    fields: tuple[Field, ...]
    signals_config: dict[str, Any]
    options: JobOptions
