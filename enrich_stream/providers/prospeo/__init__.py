"""The provider ``prospeo``: work e-mails and mobiles, each with whether it is verified.

No match and no credits are both a 400; what tells them apart is ``error_code``. A mobile is asked
for only when a phone is wanted, for it costs ten times as much.

Sources: prospeo.io/api-docs/enrich-person (request, credits, error codes);
help.prospeo.io/en/article/api-rate-limits-19vqf50 (per plan; the smallest allows 5 calls a second,
300 a minute and 2,000 a day); the vendor's own code in the repository
prospeo-v2/prospeo-mcp-server, src/types.ts and src/utils/errors.ts, for members and codes;
x-minute-request-left and its likes as listed by third parties.
"""

from enrich_stream.providers.prospeo.provider import Prospeo

__all__ = ["Prospeo"]
