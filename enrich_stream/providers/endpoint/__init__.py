"""The provider ``endpoint``: an HTTP endpoint of the operator's own that knows people.

One question about one person is one ``POST`` of a JSON object:

==================  ==============================================================================
member              meaning
==================  ==============================================================================
identifier          ``{"kind": ..., "value": ...}``, in canonical form: see ``Identifier``
fields              what is wanted, sorted: contact.email, contact.phone, profile, signals
signals_config      the caller's, as given; only when there was one
==================  ==============================================================================

With ``ENRICH_ENDPOINT_TOKEN`` set it carries ``Authorization: Bearer <token>``. The answer is 200
with a JSON object of at most 1 MiB:

==================  ==============================================================================
member              meaning
==================  ==============================================================================
fields              an object with one member for each field asked for; needed. Each is an object:
  outcome           ``found``, ``absent`` (it would know, and says no) or ``unknown``; needed
  reason            why it is absent or unknown: at most 80 letters, spaces and punctuation.
                    Another text is replaced, for it may hold an address or a number
  values            needed with ``found`` and not read otherwise; best first, each an object:
    value           an e-mail, an E.164 phone, or a JSON object for profile and signals; needed
    verified        true or false; without it false. Only verified values are shown in the plain
                    answer, and with none of them the field counts as absent
    verification    how it was verified, at most 80 characters
    observed_at     RFC 3339 with a time zone
    confidence      0 to 1
person_known        whether the person is known at all; without it, whether anything was found
cost                what the question cost, in credits of the endpoint's own; without it 0
==================  ==============================================================================

Members that are not listed are ignored, and ``null`` is as good as a member left out, except where
one is needed. A field that is not as agreed is unknown, and so is one that is left out; the other
fields stand. An answer that is not as agreed as a whole makes every field unknown.

404 says that there is no such person: every field is absent. Every other status, a redirect, a
time-out and a lost connection make every field unknown. Nothing is asked a second time here.
"""

from enrich_stream.providers.endpoint.provider import EndpointProvider

__all__ = ["EndpointProvider"]
