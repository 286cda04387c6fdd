"""How a broker for one machine is configured: one node, little memory, quick to come up."""

from collections.abc import Mapping

CONTROLLER_HOST = "127.0.0.1"


def server_properties(
    *, listen_host: str, port: int, controller_port: int, log_dir: str
) -> Mapping[str, str]:
    """The server's settings by Kafka's own names.

    Args:
        listen_host: The address to listen on; clients always come to 127.0.0.1.
        port: Where clients come.
        controller_port: Where the node talks to itself.
        log_dir: Where the data lies.
    """
    controller = f"{CONTROLLER_HOST}:{controller_port}"
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{controller}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "CLIENTS",
        "listener.security.protocol.map": "CLIENTS:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "listeners": f"CLIENTS://{listen_host}:{port},CONTROLLER://{controller}",
        "advertised.listeners": f"CLIENTS://127.0.0.1:{port}",
        "log.dirs": log_dir,
        **_FIXED,
    }


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
    # What is past its retention is looked for so often; every five minutes would hide it here.
    "log.retention.check.interval.ms": "20000",
    "num.network.threads": "2",
    "num.io.threads": "4",
}
