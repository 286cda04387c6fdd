"""The provider ``github``: public profiles, and e-mails proven by a signing key.

An e-mail of a GPG key is verified when GitHub says so: its owner has confirmed it. The e-mail on
the profile and the links are what the person wrote there.

Sources: docs.github.com/rest: users/users, users/gpg-keys, users/social-accounts, search/search
(API version 2022-11-28) for the calls and their members; the repository github/docs, content/rest/
using-the-rest-api/rate-limits-for-the-rest-api.md, for the limits: 60 calls an hour without a
token, 5,000 with one, 900 points a minute, 403 as well as 429 for too many, and a minute of rest
when no header says how long.
"""

from enrich_stream.providers.github.provider import GitHub

__all__ = ["GitHub"]
