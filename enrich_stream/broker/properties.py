"""How a broker for one machine is configured: one node, little memory, quick to come up."""

from collections.abc import Mapping
from dataclasses import dataclass

CONTROLLER_HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Detour:
    """A second way to the broker, for clients whose network is to be disturbed on the way.

    Attributes:
        port: Where the broker listens for it.
        advertised_port: Where clients that came this way are told to come: to whoever disturbs.
    """

    port: int
    advertised_port: int


def server_properties(
    *,
    listen_host: str,
    port: int,
    controller_port: int,
    log_dir: str,
    detour: Detour | None = None,
) -> Mapping[str, str]:
    """The server's settings by Kafka's own names.

    Args:
        listen_host: The address to listen on; clients always come to 127.0.0.1.
        port: Where clients come.
        controller_port: Where the node talks to itself.
        log_dir: Where the data lies.
        detour: A second way in, if there is one.
    """
    controller = f"{CONTROLLER_HOST}:{controller_port}"
    listeners = {"CLIENTS": port} | ({"DETOUR": detour.port} if detour else {})
    advertised = {"CLIENTS": port} | ({"DETOUR": detour.advertised_port} if detour else {})
    protocols = ",".join(f"{name}:PLAINTEXT" for name in (*listeners, "CONTROLLER"))
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{controller}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "CLIENTS",
        "listener.security.protocol.map": protocols,
        "listeners": f"{_addresses(listeners, listen_host)},CONTROLLER://{controller}",
        "advertised.listeners": _addresses(advertised, "127.0.0.1"),
        "log.dirs": log_dir,
        **_FIXED,
    }


def _addresses(ports: Mapping[str, int], host: str) -> str:
    return ",".join(f"{name}://{host}:{port}" for name, port in ports.items())


_FIXED: Mapping[str, str] = {
    # Topics come from topics.yaml only; a typing error in a name must not create one.
    "auto.create.topics.enable": "false",
    "min.insync.replicas": "1",
    # Long enough for workers started together to meet in one rebalance, too short to notice.
    "group.initial.rebalance.delay.ms": "100",
    # One node: one replica. Few partitions: each costs files and time at every start.
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "8",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    # The cleaner's default buffer of 128 MiB would be a quarter of the heap.
    "log.cleaner.dedupe.buffer.size": str(32 * 1024 * 1024),
    # After a kill the node's former self is believed alive for so long, and it cannot come back;
    # but on a busy machine a node that is only slow must not be declared dead by itself.
    "broker.session.timeout.ms": "6000",
    "broker.heartbeat.interval.ms": "1000",
    "num.network.threads": "2",
    "num.io.threads": "4",
}
