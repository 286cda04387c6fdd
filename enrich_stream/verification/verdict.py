"""What can be said of an e-mail address, and what each provider's own word for it means here.

===========  ==================================================================================
verdict      meaning
===========  ==================================================================================
verified     somebody asked the mail server, and it takes mail for this one address
accept_all   the server takes mail for any address, so that nothing is known of this one
risky        it may exist: a guess by pattern, or one that could only be checked in part
invalid      no mail arrives there, or nobody in person reads it (disposable, a role, ``noreply``)
unknown      it could not be checked
===========  ==================================================================================

Only the first is shown in plain answers. A word that is in no table is ``unknown``: providers add
new ones, and none of them may count as verified before somebody has looked at what it means.
"""

from collections.abc import Mapping
from enum import StrEnum


class Verdict(StrEnum):
    """The five things that can be said of an e-mail address."""

    VERIFIED = "verified"
    ACCEPT_ALL = "accept_all"
    RISKY = "risky"
    INVALID = "invalid"
    UNKNOWN = "unknown"


PROVIDER_WORDS: Mapping[str, Mapping[str, Verdict]] = {
    "hunter": {
        "valid": Verdict.VERIFIED,
        "accept_all": Verdict.ACCEPT_ALL,
        # A mailbox at a public mail service, which tells nobody whether it exists.
        "webmail": Verdict.RISKY,
        "invalid": Verdict.INVALID,
        "disposable": Verdict.INVALID,
    },
    "leadmagic": {
        "valid": Verdict.VERIFIED,
        # Its server takes everything, and this one was seen to be in use by other means.
        "valid_catch_all": Verdict.VERIFIED,
        "catch_all": Verdict.ACCEPT_ALL,
        "invalid": Verdict.INVALID,
    },
    "prospeo": {
        "VERIFIED": Verdict.VERIFIED,
        "UNVERIFIED": Verdict.RISKY,
    },
}
"""By provider: its word for the state of an address, and what that is here."""


def provider_verdict(provider: str, word: object) -> Verdict:
    """What a provider's own word for the state of an address means; unknown when it is new."""
    words = PROVIDER_WORDS.get(provider, {})
    return words.get(word, Verdict.UNKNOWN) if isinstance(word, str) else Verdict.UNKNOWN
