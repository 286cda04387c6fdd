"""The errors of enrich-stream, told apart by what their reader can do about them.

EnrichStreamError
├── InputError            the caller's fault: mend the input (a 4xx, or a line in a report)
├── SetupError            the operator's fault: mend a setting, a file or the cluster, start again
├── UnreadableRecordError a record that cannot be understood: it goes to the dead letters
├── UnavailableError      Kafka cannot take or give something now: try again later
└── StorageError          the local disk failed: free it or let `worker --rebuild` replace its files

Messages say what is wrong, where, and what to do. They never carry personal data or a secret.
"""


class EnrichStreamError(Exception):
    """Base of every error raised on purpose."""


class InputError(EnrichStreamError):
    """What a caller gave is wrong, and the message says how to mend it."""


class SetupError(EnrichStreamError):
    """A setting, a file or the cluster is not as it must be; the start is refused."""


class UnreadableRecordError(EnrichStreamError):
    """A record on a topic that this version cannot understand."""


class UnavailableError(EnrichStreamError):
    """Something that is needed did not answer in time; a later try may succeed."""


class StorageError(EnrichStreamError):
    """The local copy of a table cannot be read or written; Kafka has everything that counts."""
