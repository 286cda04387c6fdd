"""The HTTP client that all connectors share.

A connector makes an ``HttpClient`` of its own, with a ``Dialect`` for what its provider says in
another way than usual, and one ``Endpoint`` for each kind of call that has limits of its own.
``get`` and ``post`` return a ``Reply`` whatever happens: its outcome is one of ``CallOutcome``,
and its body is not None exactly when something was found. A call is repeated within its deadline
when that can help, waits for its turn when limits ask for it, and is not made at all while the
provider fails (``breaker``) or is parked for want of credits or a valid key (``gate``).
"""

from enrich_stream.providers.client.client import HttpClient
from enrich_stream.providers.client.clock import Clock
from enrich_stream.providers.client.dialect import Dialect
from enrich_stream.providers.client.gate import Condition
from enrich_stream.providers.client.limits import Limits, MemoryLimits
from enrich_stream.providers.client.rates import Endpoint, endpoint
from enrich_stream.providers.client.reply import CallOutcome, Reply, Response

__all__ = [
    "CallOutcome",
    "Clock",
    "Condition",
    "Dialect",
    "Endpoint",
    "HttpClient",
    "Limits",
    "MemoryLimits",
    "Reply",
    "Response",
    "endpoint",
]
