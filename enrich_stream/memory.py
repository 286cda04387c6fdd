"""The rule of the memory: per field, the newest answer that is not ``unknown``."""

from enrich_stream.person import Outcome
from enrich_stream.records import VERSION, EnrichedContact, RememberedContact


def remember(known: RememberedContact | None, contact: EnrichedContact) -> RememberedContact:
    """What is known of a person after one more contact; the same for any order of contacts."""
    fields = dict(known.fields) if known else {}
    for name, result in contact.fields.items():
        older = fields.get(name)
        if result.outcome is not Outcome.UNKNOWN and (not older or older.as_of <= result.as_of):
            fields[name] = result
    person_known = contact.person_known or (known is not None and known.person_known)
    return RememberedContact(version=VERSION, person_known=person_known, fields=fields)
