"""Whether each provider works, found out by one harmless question to each."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from enrich_stream.errors import SetupError
from enrich_stream.person import Identifier, IdentifierKind, Outcome
from enrich_stream.providers.base import Provider, Question
from enrich_stream.providers.client import CallOutcome
from enrich_stream.providers.connector import Connector
from enrich_stream.signals.provider import SignalsProvider

NOBODY = {
    IdentifierKind.EMAIL: "nobody@nowhere.invalid",
    IdentifierKind.LINKEDIN: "nobody-by-that-name-0",
    IdentifierKind.X: "nobody_0",
    IdentifierKind.GITHUB: "nobody-by-that-name-0",
}
"""Who is asked about where there is nothing else to ask."""

WORKING = {CallOutcome.FOUND, CallOutcome.NOT_FOUND}


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of asking one provider.

    Attributes:
        provider: Its name.
        problem: Why it does not work; empty when it does.
        milliseconds: How long it took.
    """

    provider: str
    problem: str
    milliseconds: int


async def check_providers(providers: Sequence[Provider], seconds: float) -> list[Checked]:
    """Ask all of them at the same time; in the given order, each within so many seconds."""
    return await asyncio.gather(*(_check(provider, seconds) for provider in providers))


async def _check(provider: Provider, seconds: float) -> Checked:
    loop = asyncio.get_running_loop()
    begun = loop.time()
    try:
        await provider.start()
        problem = await _problem(provider, begun + seconds)
    except SetupError as error:
        problem = str(error)
    except Exception as error:  # noqa: BLE001 - whatever a provider of another package does
        # The text of the error may hold a key; its type does not.
        problem = f"failed with {type(error).__name__}"
    finally:
        await provider.stop()
    return Checked(provider.name, problem, round(1000 * (loop.time() - begun)))


async def _problem(provider: Provider, deadline: float) -> str:
    reply = await provider.check(deadline) if isinstance(provider, Connector) else None
    if reply:
        return "" if reply.outcome in WORKING else reply.reason
    if isinstance(provider, SignalsProvider):
        return await provider.check(deadline)
    kind, fields = min(provider.answers.items())
    question = Question(identifier=Identifier(kind, NOBODY[kind]), fields=fields, deadline=deadline)
    findings = (await provider.ask(question)).findings.values()
    unknown = [finding.reason for finding in findings if finding.outcome is Outcome.UNKNOWN]
    return unknown[0] if len(unknown) == len(findings) and unknown else ""
