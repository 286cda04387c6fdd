"""What the DNS says of a domain's mail: the rules of RFC 5321 and RFC 7505, without any network.

An address is delivered to the hosts in the domain's MX records. Without MX records the domain
itself is the host, if it has an address (RFC 5321, section 5.1). A single MX record that names the
root says that the domain takes no mail at all (RFC 7505). Whether a host in an MX record exists is
not asked: that would cost two more questions and catch next to nothing.
"""

from collections.abc import Collection
from enum import StrEnum


class MailRoute(StrEnum):
    """What is known of a domain's mail; the value is the reason in evidence."""

    TAKES_MAIL = "domain takes mail"
    NO_DOMAIN = "no such domain"
    REFUSES_MAIL = "domain refuses mail"
    NO_HOST = "domain has no mail server"
    TIMED_OUT = "DNS timed out"
    FAILED = "DNS failed"
    NOT_ASKED = "DNS not asked"

    @property
    def is_closed(self) -> bool:
        """Whether it is certain that no mail arrives."""
        return self in {MailRoute.NO_DOMAIN, MailRoute.REFUSES_MAIL, MailRoute.NO_HOST}

    @property
    def is_unknown(self) -> bool:
        """Whether another time may tell."""
        return self in {MailRoute.TIMED_OUT, MailRoute.FAILED}


def route_by_mx(exchanges: Collection[str]) -> MailRoute:
    """What MX records say.

    Args:
        exchanges: The hosts they name, at least one; the root is ``.``.
    """
    if set(exchanges) == {"."}:
        return MailRoute.REFUSES_MAIL
    return MailRoute.TAKES_MAIL


def route_by_address(*, has_address: bool) -> MailRoute:
    """What the domain's own A and AAAA records say when it has no MX record."""
    return MailRoute.TAKES_MAIL if has_address else MailRoute.NO_HOST


def seconds_kept(route: MailRoute, ttl: int) -> float:
    """How long an answer may stand for asking again.

    Args:
        route: The answer.
        ttl: Seconds that the DNS allows; not looked at when it could not be asked.
    """
    if route.is_unknown:
        return FAILURE_SECONDS
    return min(ttl, LONGEST_SECONDS if route is MailRoute.TAKES_MAIL else LONGEST_NO_SECONDS)


FAILURE_SECONDS = 30
"""So that each person at a domain whose servers are down does not wait for them once more; RFC 2308
allows up to five minutes."""
LONGEST_SECONDS = 24 * 3600
"""Some zones say a week; a day is long enough to save the questions."""
LONGEST_NO_SECONDS = 3 * 3600
"""What RFC 2308, section 5, recommends for "there is none"."""
