"""What is kept of a job that has ended: its answer as it is sent, and who may have it."""

import msgspec


class FinalAnswer(msgspec.Struct, frozen=True, array_like=True):
    """The answer to ``GET /api/enrichments/{id}`` from the end of the job on.

    Attributes:
        organisation: Whose job it is.
        accepted_at: When the job was accepted, ISO 8601; it is kept for a time from then on.
        tag: The ``ETag``.
        body: The JSON.
    """

    organisation: str
    accepted_at: str
    tag: str
    body: bytes


_decoder = msgspec.msgpack.Decoder(FinalAnswer)


def row_of(answer: FinalAnswer) -> bytes:
    """The answer as it is stored; in MessagePack, which need not be read to be passed on."""
    return msgspec.msgpack.encode(answer)


def read_row(row: bytes) -> FinalAnswer:
    """The answer that was stored."""
    return _decoder.decode(row)
