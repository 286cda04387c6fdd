"""The operators' listener, and what a worker says of itself."""

from types import SimpleNamespace

import aiohttp
import pytest
import structlog

from enrich_stream.errors import SetupError
from enrich_stream.monitoring.listener import monitoring
from enrich_stream.monitoring.readiness import Readiness
from enrich_stream.monitoring.worker import WorkerReadiness
from enrich_stream.settings import Settings
from enrich_stream.stack import free_port


async def ready():
    return Readiness({"kafkaAnswers": True})


async def get(port, path):
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"http://127.0.0.1:{port}{path}") as answer,
    ):
        return answer.status, await answer.text()


async def test_the_listener_shows_metrics_and_health():
    """Three paths, without a key, on the loopback."""
    port = free_port()
    async with monitoring(Settings(monitoring_port=port), ready):
        metrics = await get(port, "/metrics")
        live = await get(port, "/health/live")
        is_ready = await get(port, "/health/ready")

    assert metrics[0] == live[0] == is_ready[0] == 200
    assert "process_resident_memory_bytes" in metrics[1]
    assert is_ready[1] == '{"status": "ok", "checks": {"kafkaAnswers": true}}'


async def test_who_is_not_ready_says_why():
    """503 with the check that fails."""

    async def not_ready():
        return Readiness({"kafkaAnswers": False, "tablesRestored": True}, {"partitions": 3})

    port = free_port()
    async with monitoring(Settings(monitoring_port=port), not_ready):
        status, body = await get(port, "/health/ready")

    assert status == 503
    assert '"kafkaAnswers": false' in body
    assert '"partitions": 3' in body


async def test_without_a_port_nothing_listens_and_nothing_is_measured():
    """Off is off."""
    measured = []

    async def measure():
        measured.append(True)

    with structlog.testing.capture_logs() as logs:
        async with monitoring(Settings(monitoring_port=None), ready, measure):
            pass

    assert (measured, logs) == ([], [])


async def test_a_port_in_use_is_one_line_that_names_the_setting():
    """Two processes on one machine cannot share it."""
    port = free_port()
    async with monitoring(Settings(monitoring_port=port), ready):
        with pytest.raises(SetupError, match="ENRICH_MONITORING_PORT"):
            async with monitoring(Settings(monitoring_port=port), ready):
                pass


async def test_a_measurement_that_fails_stops_nothing_else():
    """Whoever watches must not bring down what is watched; its error's text is not logged."""

    async def measure():
        raise ValueError("mira@northwind.example")

    port = free_port()
    with structlog.testing.capture_logs() as logs:
        async with monitoring(Settings(monitoring_port=port), ready, measure):
            status, _ = await get(port, "/health/live")

    assert status == 200
    assert [(e["event"], e["error"]) for e in logs if e["log_level"] == "error"] == [
        ("monitoring.failed", "ValueError")
    ]
    assert "mira" not in str(logs)


def an_engine(**state):
    """What the readiness looks at, of an engine that works."""
    recovery = SimpleNamespace(active_remaining_total=lambda: 7)
    return SimpleNamespace(
        rebalancing_count=state.get("rebalances", 1),
        rebalancing=state.get("rebalancing", False),
        in_recovery=state.get("in_recovery", False),
        tables=SimpleNamespace(actives_ready=state.get("restored", True), recovery=recovery),
        assignor=SimpleNamespace(assigned_actives=lambda: {1, 2}),
    )


async def readiness(engine, *providers, kafka_answers=True):
    lag = SimpleNamespace(kafka_answers=kafka_answers)
    return await WorkerReadiness(engine, lag, providers)()


async def test_a_worker_that_works_is_ready():
    """All three checks hold; what it has is shown beside them."""
    found = await readiness(an_engine())

    assert found.status_code == 200
    assert found.details == {"partitions": 2, "rowsToRecover": 0, "providersParked": {}}


@pytest.mark.parametrize(
    ("state", "check"),
    [
        ({"rebalances": 0}, "partitionsAssigned"),
        ({"rebalancing": True}, "partitionsAssigned"),
        ({"in_recovery": True}, "tablesRestored"),
        ({"restored": False}, "tablesRestored"),
    ],
)
async def test_a_worker_that_cannot_work_yet_is_not_ready(state, check):
    """Not before its first partitions, not between two assignments, not while reading back."""
    found = await readiness(an_engine(**state))

    assert found.status_code == 503
    assert [name for name, holds in found.checks.items() if not holds] == [check]


async def test_a_worker_is_not_ready_while_kafka_does_not_answer():
    """It could take nothing and deliver nothing."""
    found = await readiness(an_engine(), kafka_answers=False)

    assert found.status_code == 503
    assert not found.checks["kafkaAnswers"]


async def test_a_parked_provider_is_shown_by_name_and_leaves_the_worker_ready():
    """Others can still be asked; who looks must see that one is not."""
    parked = SimpleNamespace(name="hunter", parked="out of credits")
    found = await readiness(an_engine(), parked, SimpleNamespace(name="directory"))

    assert found.status_code == 200
    assert found.details["providersParked"] == {"hunter": "out of credits"}
