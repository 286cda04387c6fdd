"""LeadMagic as a verifier of e-mails."""

from enrich_stream.providers.client import Endpoint, HttpClient
from enrich_stream.providers.leadmagic.shapes import Validation
from enrich_stream.verification.verdict import Verdict, provider_verdict


class LeadMagicVerifier:
    """Asks about one address for a quarter of a credit; shares the provider's connections."""

    name = "leadmagic"

    def __init__(self, http: HttpClient, endpoint: Endpoint) -> None:
        self._http = http
        self._endpoint = endpoint

    async def verify(self, email: str, deadline: float) -> Verdict:
        """What it says of an address; see ``Verifier``."""
        path, content = "/v1/people/email-validation", {"email": email}
        reply = await self._http.post(
            self._endpoint, path, Validation, deadline=deadline, content=content
        )
        if reply.body is None:
            return Verdict.UNKNOWN
        return provider_verdict(self.name, reply.body.email_status)
