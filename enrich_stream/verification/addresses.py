"""What is wrong with an e-mail address at first sight, without asking anybody."""

import re
from functools import cache
from importlib.resources import files

from disposable_email_domains import allowlist, blocklist

DISPOSABLE = "disposable domain"
ROLE = "address of a role"
NO_REPLY = "takes no replies"

# "noreply", "no-reply-github", "do_not_reply", "donotreply2".
_NO_REPLY_NAME = re.compile(r"(?:no|do[-_.]?not|dont)[-_.]?reply(?![a-z])")
_BOUNCE_NAME = re.compile(r"bounces?(?:[-_.=+].*)?")


def fault(email: str) -> str | None:
    """Why nobody in person reads an address, as a fixed phrase; None when nothing speaks for it.

    Args:
        email: In canonical form.
    """
    name, _, domain = email.partition("@")
    if _is_disposable(domain):
        return DISPOSABLE
    if _NO_REPLY_NAME.match(name) or _BOUNCE_NAME.fullmatch(name) or "noreply" in domain.split("."):
        return NO_REPLY
    # "sales+mira" is still read by whoever reads "sales".
    return ROLE if name.partition("+")[0] in _role_names() else None


def _is_disposable(domain: str) -> bool:
    """Whether the domain, or one that it is below, gives out addresses for a few minutes."""
    labels = domain.split(".")
    parents = [".".join(labels[start:]) for start in range(len(labels) - 1)]
    return domain not in allowlist and any(parent in blocklist for parent in parents)


@cache
def _role_names() -> frozenset[str]:
    text = files("enrich_stream.verification").joinpath("role_names.txt").read_text("utf-8")
    lines = (line.strip() for line in text.splitlines())
    return frozenset(line for line in lines if line and not line.startswith("#"))
