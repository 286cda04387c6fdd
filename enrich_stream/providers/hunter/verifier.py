"""Hunter as a verifier of e-mails."""

from enrich_stream.providers.client import Endpoint, HttpClient
from enrich_stream.providers.hunter.shapes import Check
from enrich_stream.verification.verdict import Verdict, provider_verdict


class HunterVerifier:
    """Asks mail servers about one address, for a credit; shares the provider's connections."""

    name = "hunter"

    def __init__(self, http: HttpClient, endpoint: Endpoint) -> None:
        self._http = http
        self._endpoint = endpoint

    async def verify(self, email: str, deadline: float) -> Verdict:
        """What it says of an address; see ``Verifier``."""
        reply = await self._http.get(
            self._endpoint, "/email-verifier", Check, deadline=deadline, params={"email": email}
        )
        if reply.body is None:
            return Verdict.UNKNOWN
        checked = reply.body.data
        # A public mail service usually tells nobody; here it told Hunter.
        if checked.status == "webmail" and checked.smtp_check:
            return Verdict.VERIFIED
        return provider_verdict(self.name, checked.status)
