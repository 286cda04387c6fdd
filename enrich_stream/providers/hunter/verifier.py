"""Hunter as a verifier of e-mails."""

from enrich_stream.providers.client import Endpoint, HttpClient
from enrich_stream.providers.findings import unchecked
from enrich_stream.providers.hunter.answers import CREDIT
from enrich_stream.providers.hunter.shapes import Checked, Validated
from enrich_stream.verification.verdict import Verdict, provider_verdict
from enrich_stream.verification.verifier import Check


class HunterVerifier:
    """Asks mail servers about one address, for a credit; shares the provider's connections."""

    name = "hunter"

    def __init__(self, http: HttpClient, endpoint: Endpoint) -> None:
        self._http = http
        self._endpoint = endpoint

    async def verify(self, email: str, deadline: float) -> Check:
        """What it says of an address; see ``Verifier``."""
        reply = await self._http.get(
            self._endpoint, "/email-verifier", Validated, deadline=deadline, params={"email": email}
        )
        if reply.body is None:
            return unchecked(reply)
        return Check(_verdict(reply.body.data), cost=CREDIT)


def _verdict(checked: Checked) -> Verdict:
    # A public mail service usually tells nobody; here it told Hunter.
    if checked.status == "webmail" and checked.smtp_check:
        return Verdict.VERIFIED
    return provider_verdict(HunterVerifier.name, checked.status)
