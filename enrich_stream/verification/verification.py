"""Checks what a provider answered, before it is decided whether anybody else is asked.

``Verification.check`` takes one finding of a provider and gives it back with each value verified or
not, and the outcome that follows from that:

- *found*: at least one value is verified;
- *unknown*: none is, but one could not be checked and might be; ``to_be_checked`` tells which of
  its values to give to ``check`` again later;
- *absent*: none is, and none will be by asking again.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from weakref import WeakValueDictionary

import structlog
from cachetools import TTLCache
from msgspec.structs import replace

from enrich_stream import clock
from enrich_stream.person import Field, Outcome
from enrich_stream.providers.base import Finding, Value
from enrich_stream.settings import Settings
from enrich_stream.verification import emails
from enrich_stream.verification.mail_hosts import MailHosts
from enrich_stream.verification.mail_route import MailRoute
from enrich_stream.verification.phones import check_phone
from enrich_stream.verification.verdict import Verdict
from enrich_stream.verification.verifier import AskVerifier, Check, Verifier

ONLY_UNVERIFIED = "only unverified values"
NOT_CHECKED = "could not be verified"
UNREADABLE = "answered nothing that can be read"
TIMED_OUT = "timed out"
FAILED = "verifier failed"

MAX_ASKED = 3
"""Addresses of one finding that verifiers are paid for; a provider's first guesses are its best."""
VERDICT_SECONDS = 3600.0
"""How long a paid verdict stands: the next provider often gives the same address."""
MAX_VERDICTS = 50_000

GRACE_SECONDS = 0.5
"""A verifier ends by itself at the deadline, and then says more than that it is over."""
LATER_SECONDS = 30.0
"""When to try again what could not be checked in time, by the DNS or for want of a turn."""

_Paid = tuple[str, Check]
"""Which verifier said it, and what; its name is empty when none could tell."""

log = structlog.get_logger(__name__)


@contextlib.asynccontextmanager
async def open_verification(
    settings: Settings, verifiers: Sequence[Verifier] = ()
) -> AsyncIterator["Verification"]:
    """The verification that the settings turn on, stopped at the end."""
    if settings.verification == "full":
        mail_hosts = MailHosts(settings.dns_servers, settings.dns_timeout_seconds)
        try:
            yield Verification(mail_hosts, verifiers)
        finally:
            await mail_hosts.stop()
    else:
        yield Verification(None, is_off=settings.verification == "off")


class Verification:
    """E-mails and phones checked; other fields pass as they are."""

    def __init__(
        self,
        mail_hosts: MailHosts | None,
        verifiers: Sequence[Verifier] = (),
        *,
        is_off: bool = False,
    ) -> None:
        """Sets up.

        Args:
            mail_hosts: Whom to ask about domains; None asks nobody.
            verifiers: Whom to ask about addresses, in this order.
            is_off: Whether every finding passes as it is.
        """
        self._is_off = is_off
        self._mail_hosts = mail_hosts
        self._verifiers = verifiers
        self._verdicts: TTLCache[str, _Paid] = TTLCache(MAX_VERDICTS, VERDICT_SECONDS)
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def check(
        self, field: Field, finding: Finding, deadline: float, ask: AskVerifier | None = None
    ) -> Finding:
        """A provider's finding with its values checked, best first.

        Args:
            field: Of which field it is.
            finding: What the provider said. One of the operator's own records is better left as it
                is: nobody knows those people better.
            deadline: Seconds on the running event loop's clock; what could not be checked by then
                is unknown.
            ask: Has a verifier asked; None asks it.
        """
        if self._is_off or field not in {Field.EMAIL, Field.PHONE}:
            return finding
        if field is Field.PHONE:
            phones = (check_phone(value) for value in finding.values)
            return _concluded(finding, [value for value in phones if value])
        judging = [self._judge(value, deadline) for value in finding.values]
        judged = [await judging[0]] if len(judging) == 1 else await asyncio.gather(*judging)
        values = [value for value in judged if value]
        checks: list[Check] = []
        if not any(value.verified for value in values):  # nobody is paid for a second one
            values, checks = await self._ask_verifiers(values, deadline, ask or ask_verifier)
        return _with_retry(_concluded(finding, values), checks)

    async def _judge(self, value: Value, deadline: float) -> Value | None:
        address = emails.read_email(value.value)
        if address is None:
            return None
        value = replace(value, value=address)
        if emails.is_vouched_for(value):
            return value
        at_sight = emails.judge_at_sight(value)
        if at_sight or self._mail_hosts is None:
            return at_sight or emails.judge_by_route(value, MailRoute.NOT_ASKED)
        route = await self._mail_hosts.route(emails.domain_of(address), deadline)
        return emails.judge_by_route(value, route)

    async def _ask_verifiers(
        self, values: Sequence[Value], deadline: float, ask: AskVerifier
    ) -> tuple[list[Value], list[Check]]:
        checked, checks = list(values), []
        worth_it = [(i, v) for i, v in enumerate(values) if emails.is_worth_asking(v)]
        for place, value in worth_it[:MAX_ASKED]:
            paid = await self._paid_verdict(value.value, deadline, ask)
            if paid is None:
                break
            checked[place] = asked = emails.judge_by_verifier(value, *paid)
            checks.append(paid[1])
            if asked.verified:
                break
        return checked, checks

    async def _paid_verdict(self, email: str, deadline: float, ask: AskVerifier) -> _Paid | None:
        """One at a time for each address: whoever waited finds what the one before has paid for."""
        turn = self._turns.setdefault(email, asyncio.Lock())
        try:
            async with asyncio.timeout_at(deadline):
                await turn.acquire()
        except TimeoutError:
            retry_at = clock.present().timestamp() + LATER_SECONDS
            return "", Check(Verdict.UNKNOWN, TIMED_OUT, retry_at, was_asked=False)
        try:
            return await self._verdict_in_turn(email, deadline, ask)
        finally:
            turn.release()

    async def _verdict_in_turn(self, email: str, deadline: float, ask: AskVerifier) -> _Paid | None:
        known = self._verdicts.get(email)
        if known:
            return known
        checks = []
        for verifier in self._verifiers:
            check = await ask(verifier, email, deadline)
            if check and check.verdict is not Verdict.UNKNOWN:
                self._verdicts[email] = verifier.name, check
                return verifier.name, check
            checks += [check] if check else []
        # Whoever can be asked later may tell more than those who could not tell.
        checks.sort(key=lambda check: check.retry_at is None)
        return ("", checks[0]) if checks else None


async def ask_verifier(verifier: Verifier, email: str, deadline: float) -> Check:
    """What a verifier says; whatever happens to it is a value."""
    try:
        async with asyncio.timeout_at(deadline + GRACE_SECONDS):
            return await verifier.verify(email, deadline)
    except TimeoutError:
        return Check(Verdict.UNKNOWN, TIMED_OUT)
    except Exception as error:  # noqa: BLE001 - a verifier's failure is a value, whatever it was
        # The text of the error may hold the address; its type does not.
        log.error(  # noqa: TRY400 - a traceback may hold it too
            "verifier.failed", verifier=verifier.name, error=type(error).__name__
        )
        return Check(Verdict.UNKNOWN, FAILED)


def to_be_checked(values: Sequence[Value]) -> tuple[Value, ...]:
    """Those of values that could not be checked which may be later, as they were before."""
    return tuple(
        replace(value, verdict=None)
        for value in values
        if value.verdict is Verdict.UNKNOWN and value.verification != emails.NOT_VERIFIED
    )


def _concluded(finding: Finding, values: Sequence[Value]) -> Finding:
    # Stable: the provider's own order stays within the verified and the others.
    ranked = tuple(sorted(values, key=lambda v: (not v.verified, v.verdict is Verdict.INVALID)))
    if any(value.verified for value in ranked):
        return replace(finding, outcome=Outcome.FOUND, values=ranked, reason="")
    if finding.outcome is Outcome.UNKNOWN or not finding.values:
        return replace(finding, values=ranked)
    if not ranked:
        return replace(finding, outcome=Outcome.UNKNOWN, values=(), reason=UNREADABLE)
    if any(value.verdict is Verdict.UNKNOWN for value in ranked):
        return replace(finding, outcome=Outcome.UNKNOWN, values=ranked, reason=NOT_CHECKED)
    return replace(finding, outcome=Outcome.ABSENT, values=ranked, reason=ONLY_UNVERIFIED)


def _with_retry(finding: Finding, checks: Sequence[Check]) -> Finding:
    """The finding, with when what could not be checked may be."""
    if finding.reason != NOT_CHECKED:
        return finding
    later = [check.retry_at for check in checks if check.retry_at is not None]
    if not checks and to_be_checked(finding.values):
        later = [clock.present().timestamp() + LATER_SECONDS]
    is_busy = any(check.is_busy for check in checks)
    return replace(finding, retry_at=min(later, default=None), is_busy=is_busy)
