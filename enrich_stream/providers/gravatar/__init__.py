"""The provider ``gravatar``: what people show of themselves beside their picture.

Asked by e-mail (its hash, so that no address is given away) or, with a key, by an X handle or a
GitHub username whose account the person has proven to be theirs. Phones and e-mails come only with
a key, and only when the owner has made them public; nobody has checked them.

Sources: api.gravatar.com/v3/openapi, version 3.0.0, as harvested in the repository
api-evangelist/gravatar (``/profiles/{sha256}``, ``/profiles/search/by-verified-account``, 404 for
no profile, X-RateLimit-Reset as a Unix time); docs.gravatar.com/rest-api for 100 calls an hour
without a key and 1,000 with one.
"""

from enrich_stream.providers.gravatar.provider import Gravatar

__all__ = ["Gravatar"]
