"""Where ``limit`` has its answers from: the provider's word as it is, or our own rules."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import aiohttp
import msgspec

from bench.peers.limit_records import Item, Reply
from enrich_stream.answer import item_answer
from enrich_stream.enrichment import NOTHING_REMEMBERED, Enrichment, Remembered
from enrich_stream.memory import recalled
from enrich_stream.person import Field, Identifier
from enrich_stream.providers.base import Question
from enrich_stream.providers.endpoint.provider import EndpointProvider
from enrich_stream.records import FieldResult
from enrich_stream.verification.verification import Verification

_DEADLINE_SECONDS = 60.0
_encode = msgspec.json.Encoder().encode
_reply = msgspec.json.Decoder(Reply)


@dataclass(frozen=True, slots=True)
class Found:
    """What came of one person; ``evidence`` answers the next time."""

    outcome: str
    answer: bytes
    evidence: bytes


class Source(Protocol):
    """Answers for one person."""

    async def find(self, item: Item, fields: Sequence[str], known: bytes | None) -> Found:
        """Remembered, or asked for."""
        ...

    async def __aenter__(self) -> Self:
        """Open what is needed."""
        ...

    async def __aexit__(self, *_: object) -> None:
        """Let go of it."""
        ...


class AsItIs:
    """The provider's word, unchecked: the least that can be done."""

    def __init__(self, url: str, at_once: int) -> None:
        self._url = url
        self._slots = asyncio.Semaphore(at_once)

    async def __aenter__(self) -> Self:
        """Open the session."""
        self._http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close it."""
        await self._http.close()

    async def find(self, item: Item, fields: Sequence[str], known: bytes | None) -> Found:
        """Remembered, or asked for."""
        said = known or await self._ask(item.identifier, fields)
        values = {
            name.removeprefix("contact."): [value["value"] for value in field.get("values", ())]
            for name, field in _reply.decode(said).fields.items()
        }
        answer = {"identifier": item.given, "status": "success", "data": {"contact": values}}
        return Found("found" if any(values.values()) else "absent", _encode(answer), said)

    async def _ask(self, identifier: str, fields: Sequence[str]) -> bytes:
        kind, _, value = identifier.partition(":")
        body = _encode({"identifier": {"kind": kind, "value": value}, "fields": fields})
        async with self._slots, self._http.post(self._url, data=body) as response:
            response.raise_for_status()
            return await response.read()


class _Evidence(msgspec.Struct):
    fields: dict[Field, FieldResult]
    trail: Any = None


_evidence = msgspec.json.Decoder(_Evidence)


class ByOurRules:
    """enrich-stream's own look-up: its waterfall, client, verification, outcomes and evidence."""

    def __init__(self, url: str, at_once: int) -> None:
        self._provider = EndpointProvider(url, concurrency=at_once)
        self._rules = Enrichment([self._provider], verification=Verification(None))

    async def __aenter__(self) -> Self:
        """Open the session."""
        await self._provider.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close it."""
        await self._provider.stop()

    async def find(self, item: Item, fields: Sequence[str], known: bytes | None) -> Found:
        """Remembered, or asked for."""
        question = Question(
            identifier=Identifier.parse(item.identifier),
            fields=frozenset(map(Field, fields)),
            deadline=asyncio.get_running_loop().time() + _DEADLINE_SECONDS,
        )
        enriched = await self._rules.look_up(question, _remembered(known))
        evidence: Mapping[str, Any] = {"fields": enriched.fields, "trail": enriched.trail}
        answer = item_answer(item.given, enriched)
        return Found(enriched.outcome.value, _encode(answer), _encode(evidence))


def _remembered(known: bytes | None) -> Remembered:
    if known is None:
        return NOTHING_REMEMBERED
    return Remembered(person_known=True, fields=recalled(_evidence.decode(known).fields))


SOURCES: Mapping[str, type[AsItIs] | type[ByOurRules]] = {
    "per-item": AsItIs,
    "grouped": AsItIs,
    "by-our-rules": ByOurRules,
}
"""By the variant's name."""
