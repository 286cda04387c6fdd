"""A real Kafka for development, tests, the demo and benchmarks.

In this order: the cluster that ``KAFKA_BOOTSTRAP_SERVERS`` names, Docker if an engine answers,
else the Apache Kafka server on the local Java, its jars resolved by Maven. It is never used in
production; there the variable is set.
"""

from enrich_stream.broker.choose import fetch_broker, start_broker
from enrich_stream.broker.server import Broker

__all__ = ["Broker", "fetch_broker", "start_broker"]
