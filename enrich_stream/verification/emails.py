"""What becomes of an e-mail: the rules, in the order of what they cost.

1. Syntax and normal form. What is no address is dropped.
2. What its source vouches for with its own word stays as it is: nobody here knows better.
3. Disposable domains, roles and ``noreply`` addresses are invalid, whatever a provider found.
4. What a provider itself found invalid stays so.
5. The domain must take mail. This can only take a "verified" away: an address may have been
   verified before its domain lapsed, and a DNS that cannot be asked says nothing about it.
6. What a provider found verified, or at a server that accepts all, stays so.
7. Whatever is left may be worth the credits of a verifier; until then it is a risk.
"""

from msgspec.structs import replace

from enrich_stream.errors import InputError
from enrich_stream.identifiers import normalise
from enrich_stream.person import IdentifierKind
from enrich_stream.providers.base import Value
from enrich_stream.verification.addresses import fault
from enrich_stream.verification.mail_route import MailRoute
from enrich_stream.verification.verdict import Verdict
from enrich_stream.verification.verifier import Check

BY_PROVIDER = "provider"
NOT_VERIFIED = "verifiers could not tell"
NOT_ASKED = "verifiers could not be asked"


def read_email(text: object) -> str | None:
    """The address in canonical form; None when there is none."""
    if not isinstance(text, str):
        return None
    try:
        return normalise(IdentifierKind.EMAIL, text).value
    except InputError:
        return None


def is_vouched_for(value: Value) -> bool:
    """Whether the source answers for it with its own word, as an operator's own records do."""
    return value.verified and value.verdict is None


def domain_of(email: str) -> str:
    """What the DNS is asked about."""
    return email.rpartition("@")[2]


def judge_at_sight(value: Value) -> Value | None:
    """The verdict that needs no question; None when there is none yet.

    Args:
        value: An address in canonical form.
    """
    found = fault(value.value)
    if found:
        return judged(value, Verdict.INVALID, found)
    if value.verdict is Verdict.INVALID:
        return judged(value, Verdict.INVALID, value.verification or BY_PROVIDER)
    return None


def judge_by_route(value: Value, route: MailRoute) -> Value:
    """The verdict once the DNS has been asked; ``risky`` when a verifier could say more."""
    if route.is_closed:
        return judged(value, Verdict.INVALID, route)
    if value.verdict in {Verdict.VERIFIED, Verdict.ACCEPT_ALL}:
        return judged(value, value.verdict, value.verification or BY_PROVIDER)
    return judged(value, Verdict.UNKNOWN if route.is_unknown else Verdict.RISKY, route)


def is_worth_asking(value: Value) -> bool:
    """Whether a verifier could say more: the domain takes mail, and nobody knows of the mailbox."""
    return value.verdict is Verdict.RISKY


def judge_by_verifier(value: Value, verifier: str, check: Check) -> Value:
    """The verdict once verifiers were asked, or could not be."""
    return judged(value, check.verdict, verifier or (NOT_ASKED if check.reason else NOT_VERIFIED))


def judged(value: Value, verdict: Verdict, how: str) -> Value:
    """The value with its verdict; only one verdict makes it verified."""
    return replace(
        value, verdict=verdict, verified=verdict is Verdict.VERIFIED, verification=str(how)
    )
