"""The files that deploy the service agree with it."""

import re
from pathlib import Path

import yaml

from enrich_stream.broker.jars import kafka_version

ROOT = Path(__file__).parents[2]


def test_compose_runs_kafka_topics_a_front_door_and_two_workers_with_disks_of_their_own():
    """Each process has its own data volume; all wait for the topics, which wait for Kafka."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]

    disks = [services[name]["volumes"][0] for name in ("api", "worker-1", "worker-2", "kafka")]
    assert len(set(disks)) == 4
    for name in ("api", "worker-1", "worker-2"):
        condition = services[name]["depends_on"]["topics"]["condition"]
        assert condition == "service_completed_successfully"
    assert services["topics"]["depends_on"]["kafka"]["condition"] == "service_healthy"


def test_compose_runs_the_kafka_that_development_runs():
    """One version of Kafka, in one place and its copy."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]

    assert services["kafka"]["image"] == f"apache/kafka:{kafka_version()}"


def test_compose_publishes_on_this_machine_only():
    """Without keys nobody else may reach the front door."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]

    published = [port for service in services.values() for port in service.get("ports", ())]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_compose_takes_a_process_for_healthy_when_it_says_that_it_is_ready():
    """Workers are asked on the operators' port that the image sets."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    image = (ROOT / "Dockerfile").read_text()

    port = re.search(r"ENRICH_MONITORING_PORT=(\d+)", image)[1]
    for name in ("worker-1", "worker-2"):
        assert f":{port}/health/ready" in services[name]["healthcheck"]["test"][-1]
    assert "/health/ready" in services["api"]["healthcheck"]["test"][-1]
