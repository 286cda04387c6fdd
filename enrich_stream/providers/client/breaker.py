"""Leaves a provider that fails alone, and finds out with one call whether it is back."""

from collections.abc import Awaitable, Callable

import structlog
from interlock import CircuitBreaker, CircuitOpenError, Config, CoreEventListener, State

from enrich_stream.providers.client.clock import Clock
from enrich_stream.providers.client.reply import CallOutcome, Reply, T

OUTAGE_SECONDS = 120.0
"""An outage that has lasted longer may last for ever: nobody waits for its end any more."""
PROBE_SECONDS = 5.0
"""How long others wait while one call finds out; nobody can know how long that takes."""

_CONFIG = Config(
    window_size=20,
    minimum_number_of_calls=10,
    failure_rate_threshold=0.5,
    permitted_calls_in_half_open=1,
    wait_duration_in_open=10.0,
    wait_duration_backoff_multiplier=2.0,
    wait_duration_in_open_max=60.0,
)
"""Opens when half of the last 20 calls failed; tries again after 10, 20, 40 and then 60 seconds."""

log = structlog.get_logger(__name__)


class BreakerOpenError(Exception):
    """The call was not made; the provider is left alone for so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class Breaker:
    """The circuit breaker of one provider: our port to the library that keeps its states."""

    def __init__(self, name: str, clock: Clock) -> None:
        self._clock = clock
        self._rejects_until = 0.0
        self._listener = _Listener(clock)
        self._circuit = CircuitBreaker(
            name=name,
            config=_CONFIG,
            clock=clock,
            classifier=_Classifier(),
            listener=self._listener,
        )

    def open_for(self) -> float:
        """For how many seconds calls are refused, as far as is known; 0 when they are not."""
        if self._circuit.state is not State.OPEN:
            return 0.0
        return max(0.0, self._rejects_until - self._clock.now())

    @property
    def is_long_outage(self) -> bool:
        """Whether the provider has failed for so long that nobody can say when it is back."""
        began = self._listener.outage_began
        return began is not None and self._clock.now() - began > OUTAGE_SECONDS

    async def call(self, send: Callable[[], Awaitable[Reply[T]]]) -> Reply[T]:
        """What ``send`` returns; ``BreakerOpenError`` when it was not called.

        A call that is cancelled says nothing about the provider and counts neither way.
        """
        try:
            return await self._circuit.call_async(send)
        except CircuitOpenError as error:
            seconds = PROBE_SECONDS if error.retry_after is None else error.retry_after
            self._rejects_until = self._clock.now() + seconds
            raise BreakerOpenError(seconds) from None


class _Classifier:
    """Only what the provider could not do is a failure; what it says about a person is not."""

    def is_failure(self, *, result: object, exception: Exception | None) -> bool:
        failed = isinstance(result, Reply) and result.outcome is CallOutcome.UPSTREAM_ERROR
        return failed or exception is not None


class _Listener(CoreEventListener):
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.outage_began: float | None = None

    def on_state_change(self, *, name: str, old: State, new: State) -> None:
        if new is State.OPEN:
            if self.outage_began is None:
                self.outage_began = self._clock.now()
            log.warning("provider.left_alone", provider=name, was=old.value)
        elif new is State.CLOSED:
            self.outage_began = None
            log.info("provider.back", provider=name)
