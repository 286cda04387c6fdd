"""The provider ``peopledatalabs``: the one that can be asked by all four identifiers.

It says nothing of whether an e-mail works or a phone is in use, so that none of them is verified
by itself. A plan that hides contact fields writes ``true`` in their place: there is one, and what
it is stays unknown. Asked for contact fields alone, it charges only for people who have them.

Sources: docs.peopledatalabs.com/docs: input-parameters-person-enrichment-api (``profile``,
``email``, ``required``, ``min_likelihood``, ``data_include``), errors (404 is no match and free,
402 is out of credits), usage-limits (per minute and endpoint, ``x-ratelimit-reset`` as a time in
UTC, no Retry-After, ``x-call-credits-spent``); the repository peopledatalabs/openAPI-specifications
for the members. ``https://sandbox.api.peopledatalabs.com/v5`` answers about invented people.
"""

from enrich_stream.providers.peopledatalabs.provider import PeopleDataLabs

__all__ = ["PeopleDataLabs"]
