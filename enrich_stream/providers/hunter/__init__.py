"""The provider ``hunter``: work e-mails by LinkedIn profile, each with what its own check says.

Hunter says two things the other way round than everybody else: 403 is called too often, and 429 is
a plan used up. 202 asks for the same call again, and 451 says that the person asked not to be
processed.

Sources: hunter.io/api-documentation/v2 as described in the repositories api-evangelist/hunter-io,
openapi/ (v2: ``/email-finder``, ``/people/find``, ``/email-verifier``, ``/account``), and
api-evangelist/hunter, rate-limits/ (read back from Hunter's page in August 2026: 15 calls a second
and 500 a minute, of the verifier 10 and 300; no headers tell them).
"""

from enrich_stream.providers.hunter.provider import Hunter
from enrich_stream.providers.hunter.verifier import HunterVerifier

__all__ = ["Hunter", "HunterVerifier"]
