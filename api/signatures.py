"""Signed requests, as in RFC 9421 (HTTP Message Signatures): proof of a key that never travels.

Whoever records a signed request can send it again for as long as its time counts as present, and
in vain: a POST is under an ``Idempotency-Key``, which is signed with it, so that the repeat is the
same job, and everything else can be done twice. Only what a GET shows is shown once more.
"""

from dataclasses import dataclass
from datetime import timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from http_message_signatures import (
    HTTPMessageSignaturesException,
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
    VerifyResult,
)
from http_message_signatures.algorithms import ED25519
from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope

from api.problems import Problem, unauthenticated
from enrich_stream.access_keys import AccessKey, verification_key
from enrich_stream.key_ring import KeyRing

HEADER = "Signature-Input"
MAX_CHARS = 4096
"""Of both headers of a signature, ten times what one takes: reading them costs more than others."""

_ALWAYS = ("@method", "@path", "@query")
_OF_A_POST = (*_ALWAYS, "idempotency-key")


@dataclass(frozen=True, slots=True)
class SignedMessage:
    """The head of a request, as the verifier takes it.

    Attributes:
        method: In capitals.
        url: The whole address, path and query as they were sent.
        headers: All of them, each line by itself.
    """

    method: str
    url: str
    headers: Headers


class Signatures(HTTPSignatureKeyResolver):
    """Verifies requests by the public halves of access keys."""

    def __init__(self, keys: KeyRing, seconds: float) -> None:
        self._keys = keys
        self._seconds = seconds
        self._verifier = HTTPMessageVerifier(signature_algorithm=ED25519, key_resolver=self)
        self._verifier.max_clock_skew = timedelta(seconds=seconds)

    def resolve_public_key(self, key_id: str) -> Ed25519PublicKey | None:
        """What the signatures of a key are verified with, as the verifier asks for it."""
        key = self._keys.find(key_id)
        return verification_key(key) if key else None

    def verified(self, scope: Scope, receive: Receive) -> tuple[AccessKey, Receive]:
        """The key that has signed a request, and from where its body is to be read.

        Raises:
            Problem: 401 when the signature does not hold. Of the body that comes to light at its
                end, which is read before anything is done.
        """
        message = _message(scope)
        written = [*message.headers.getlist(HEADER), *message.headers.getlist("Signature")]
        if sum(map(len, written)) > MAX_CHARS:
            raise self._refusal()
        needed = _OF_A_POST if message.method == "POST" else _ALWAYS
        try:
            # No age beside the tolerance, which holds before the present and behind it.
            signed = self._verifier.verify(message, max_age=timedelta(0), require_components=needed)
        except HTTPMessageSignaturesException:
            raise self._refusal() from None
        key = self._keys.find(str(signed[0].parameters["keyid"]))
        if key is None:
            raise self._refusal()
        return key, self._as_signed(message, signed, receive)

    def _as_signed(
        self, message: SignedMessage, signed: list[VerifyResult], receive: Receive
    ) -> Receive:
        body = bytearray()

        async def receive_as_signed() -> Message:
            part = await receive()
            body.extend(part.get("body", b""))
            if part["type"] == "http.request" and not part.get("more_body", False):
                try:
                    self._verifier.verify_body(message, signed, bytes(body))
                except HTTPMessageSignaturesException:
                    raise self._refusal() from None
            return part

        return receive_as_signed

    def _refusal(self) -> Problem:
        """One answer for everything, so that it tells nothing of keys, but what must be right."""
        return unauthenticated(
            "The signature does not hold. It must be Ed25519, by a valid key, not more than"
            f" {self._seconds:g} seconds old, and cover @method, @path and @query, of a POST"
            " idempotency-key, and with a body its content-digest.",
        )


def _message(scope: Scope) -> SignedMessage:
    headers = Headers(scope=scope)
    path, query = scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1")
    host = headers.get("Host", "")
    url = f"{scope['scheme']}://{host}{path}" + (f"?{query}" if query else "")
    return SignedMessage(scope["method"], url, headers)
