"""The provider ``leadmagic``: work e-mails and mobiles by LinkedIn profile, and a verifier.

What is not there is a 200 with null or a 404; both are free. An e-mail comes without a word on
whether it works, so that it is verified only when a verifier says so, which may be LeadMagic's.

Sources: the repository LeadMagic/leadmagic-openapi, leadmagic-openapi-3.1.yaml of version 1.4.35
(``/v1/people/b2b-profile-email``, ``/mobile-finder``, ``/profile-search``, ``/email-validation``,
``/v1/credits``; errors as RFC 9457, 402 without credits, 429 with Retry-After), and
leadmagic.io/docs/v1/making-api-calls for 3,000 calls a minute of each, 500 of the profile search.
RateLimit-Reset is seconds in one of them and a Unix time in the other.
"""

from enrich_stream.providers.leadmagic.provider import LeadMagic
from enrich_stream.providers.leadmagic.verifier import LeadMagicVerifier

__all__ = ["LeadMagic", "LeadMagicVerifier"]
