"""A worker's metrics and readiness, as far as only the engine knows them."""

import time
from collections.abc import Sequence
from typing import Any

from faust.sensors import Sensor
from faust.types import AppT

from enrich_stream import metrics
from enrich_stream.engine import Engine
from enrich_stream.monitoring.consumer_lag import ConsumerLag
from enrich_stream.monitoring.readiness import Readiness
from enrich_stream.providers.base import Provider


class RebalanceSensor(Sensor):
    """Told by the engine when partitions are given up, dealt out, and worked on again."""

    def on_rebalance_start(self, app: AppT) -> dict[str, Any]:
        """The partitions are given up."""
        metrics.REBALANCES.inc()
        return super().on_rebalance_start(app)

    def on_rebalance_return(self, _app: AppT, state: dict[str, Any]) -> None:
        """The partitions are known; their tables are read back now."""
        state["time_assigned"] = time.monotonic()

    def on_rebalance_end(self, _app: AppT, state: dict[str, Any]) -> None:
        """Work goes on."""
        now = time.monotonic()
        metrics.REBALANCE_SECONDS.observe(now - state["time_start"])
        if "time_assigned" in state:
            metrics.RECOVERY_SECONDS.observe(now - state["time_assigned"])


def watch_engine(app: Engine) -> None:
    """Have the engine tell what only it knows."""
    app.sensors.add(RebalanceSensor())
    metrics.PARTITIONS_ASSIGNED.set_function(lambda: len(app.assignor.assigned_actives()))
    metrics.ROWS_TO_RECOVER.set_function(lambda: _rows_to_recover(app))


class WorkerReadiness:
    """Whether a worker does its work.

    Args:
        app: The engine.
        lag: What knows whether Kafka answers.
        providers: Those it asks. One may have an attribute ``parked``, with the reason why it is
            not asked at the moment, or None.
    """

    def __init__(self, app: Engine, lag: ConsumerLag, providers: Sequence[Provider]) -> None:
        self._app = app
        self._lag = lag
        self._providers = providers

    async def __call__(self) -> Readiness:
        """What holds at this moment; a worker beyond the number of partitions is a ready spare."""
        app = self._app
        return Readiness(
            checks={
                "partitionsAssigned": app.rebalancing_count > 0 and not app.rebalancing,
                "tablesRestored": bool(app.tables.actives_ready) and not app.in_recovery,
                "kafkaAnswers": self._lag.kafka_answers,
            },
            details={
                "partitions": len(app.assignor.assigned_actives()),
                "rowsToRecover": _rows_to_recover(app),
                "providersParked": {
                    provider.name: reason
                    for provider in self._providers
                    if (reason := getattr(provider, "parked", None))
                },
            },
        )


def _rows_to_recover(app: Engine) -> int:
    if not app.in_recovery:
        return 0
    recovery = app.tables.recovery  # type: ignore[attr-defined]  # the engine's types leave it out
    return int(recovery.active_remaining_total())
