"""What each step of a plan does to the installation."""

import asyncio
from dataclasses import dataclass

from enrich_stream.broker.server import Broker
from enrich_stream.chaos.installation import Installation
from enrich_stream.chaos.network import Network
from enrich_stream.chaos.plan import Fault, Step
from enrich_stream.chaos.poison import Poisoner

_SLOW_SECONDS = 0.15
_FLAP_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Targets:
    """What can be broken.

    Attributes:
        installation: The processes.
        broker: The Kafka.
        poisoner: Sends what nobody can understand.
        network: The first worker's way to Kafka; None where there is nothing to disturb it with.
    """

    installation: Installation
    broker: Broker
    poisoner: Poisoner
    network: Network | None

    def can(self, fault: Fault) -> bool:
        """Whether this can be done here: a cluster that is not ours is not touched."""
        if fault in {Fault.RESTART_BROKER, Fault.KILL_BROKER, Fault.BROKER_AWAY}:
            return self.broker.is_ours
        if fault in {Fault.CUT_NETWORK, Fault.SLOW_NETWORK, Fault.FLAP_NETWORK}:
            return self.network is not None
        return True


async def strike(step: Step, targets: Targets) -> None:
    """Do one step; returns when it is over, not when the service has come back from it."""
    installation = targets.installation
    match step.fault:
        case Fault.SCALE:
            await installation.scale(step.workers)
        case Fault.POISON:
            await targets.poisoner.send_all()
        case Fault.KILL_FRONT_DOOR | Fault.WIPE_FRONT_DOOR:
            names = sorted(installation.ports)
            wipe = step.fault is Fault.WIPE_FRONT_DOOR
            await installation.kill_and_start(names[step.target % len(names)], wipe=wipe)
        case Fault.RESTART_BROKER | Fault.KILL_BROKER | Fault.BROKER_AWAY:
            await _down_and_up(step, targets.broker)
        case Fault.CUT_NETWORK | Fault.SLOW_NETWORK | Fault.FLAP_NETWORK:
            if targets.network is not None:
                await _disturb(step, targets.network)
        case _:
            await _hit_worker(step, installation)


async def _hit_worker(step: Step, installation: Installation) -> None:
    names = installation.workers
    name = names[step.target % len(names)]
    match step.fault:
        case Fault.KILL_WORKER:
            await installation.kill_and_start(name)
        case Fault.WIPE_WORKER:
            await installation.kill_and_start(name, wipe=True)
        case Fault.STOP_WORKER:
            await installation.stop_and_start(name)
        case Fault.FREEZE_WORKER:
            await installation.freeze(name, step.seconds)
        case Fault.KILL_TWICE:
            await installation.kill_and_start(name)
            await asyncio.sleep(step.seconds)
            await installation.kill_and_start(names[(step.target + 1) % len(names)])


async def _down_and_up(step: Step, broker: Broker) -> None:
    down = broker.kill if step.fault is Fault.KILL_BROKER else broker.stop
    await asyncio.to_thread(down)
    try:
        await asyncio.sleep(step.seconds)
    finally:
        await asyncio.to_thread(broker.start)


async def _disturb(step: Step, network: Network) -> None:
    try:
        match step.fault:
            case Fault.CUT_NETWORK:
                network.cut()
                await asyncio.sleep(step.seconds)
            case Fault.SLOW_NETWORK:
                network.slow(_SLOW_SECONDS)
                await asyncio.sleep(step.seconds)
            case _:
                for _ in range(round(step.seconds / _FLAP_SECONDS)):
                    network.break_connections()
                    await asyncio.sleep(_FLAP_SECONDS)
    finally:
        network.mend()
