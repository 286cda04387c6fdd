"""The provider ``directory``: the operator's own records, for example an export of a CRM.

The file is CSV (``.csv``) or JSON Lines (``.jsonl``), UTF-8; a line that is not UTF-8 is read as
Windows-1252. One row is one person. CSV may be separated by comma, semicolon or tab, and a cell
with several values separates them by ``;``. In JSON Lines the members have the same names, and a
value may be a string, a list of strings or, where said, an object.

==================  ==============================================================================
member              meaning
==================  ==============================================================================
linkedin_url        identifiers, in any spelling, any number of each; an ``email`` is one as well.
email               A row needs at least one. JSON: also
x_handle            ``{"value": ..., "verified": ..., "verified_at": ...}`` for ``email``
github_username
email_verified      yes or no for each ``email`` by position; without it an e-mail counts as
                    verified only when it has a date
email_verified_at   date or time (ISO 8601) for each ``email`` by position
phone               in any spelling, of the set region when it has no country code. Verified
                    when the numbering plan of its country has such numbers, which includes most of
                    the ranges kept for fiction (US 555-0100 to 0199, UK 020 7946 0000 to 0999).
                    JSON: also an object, like ``email``
phone_verified      by position; ``no`` marks a phone as not verified whatever its number
phone_verified_at   by position
profile             JSON object; or any of the columns name, first_name, last_name, headline, title,
                    seniority, department, company, company_domain, industry, location, city, state,
                    country, about, website
signals             JSON list of ``{"type", "occurred_at", "platform", "url", "evidence",
                    "confidence"}``; the first two are needed
updated_at          when the row was last looked after: the age of its phones, profile and signals
==================  ==============================================================================

Case, spaces, punctuation and digits in names do not matter, and usual variants are known
("LinkedIn URL", "Person Linkedin Url", "E-mail 2", "Twitter"): see ``members.py``. Unknown members
are ignored.

A row that cannot be read or names nobody is skipped; a value that cannot be read is left out and
the rest of its row stays. Both are reported by line and reason, never with the data itself. An
identifier belongs to the first row that gives it; later rows keep everything else they have.
"""

from enrich_stream.providers.directory.provider import DirectoryProvider

__all__ = ["DirectoryProvider"]
