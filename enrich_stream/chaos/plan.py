"""What is done to the service in a run: drawn from a seed, so that a run can be had again."""

import random
from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """The things that can be done to the service."""

    KILL_WORKER = "kill -9 a worker"
    KILL_TWICE = "kill -9 two workers, the second while the first one's partitions move"
    STOP_WORKER = "SIGTERM to a worker"
    FREEZE_WORKER = "SIGSTOP a worker for longer than its session"
    WIPE_WORKER = "kill -9 a worker and wipe its disk"
    KILL_FRONT_DOOR = "kill -9 a front door"
    WIPE_FRONT_DOOR = "kill -9 a front door and wipe its disk"
    RESTART_BROKER = "stop the broker and start it again"
    KILL_BROKER = "kill -9 the broker"
    BROKER_AWAY = "the broker is away"
    SCALE = "change the number of workers"
    CUT_NETWORK = "cut a worker off from Kafka for longer than its session"
    SLOW_NETWORK = "slow the network between a worker and Kafka"
    FLAP_NETWORK = "break the connections of a worker to Kafka again and again"
    POISON = "send records that nobody can understand, repeats and old ones"


KILLS = {
    Fault.KILL_WORKER: 1,
    Fault.KILL_TWICE: 2,
    Fault.WIPE_WORKER: 1,
    Fault.FREEZE_WORKER: 1,
    Fault.CUT_NETWORK: 1,
}
"""How many workers lose what they have in hand; to be frozen or cut off comes to the same."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that is done.

    Attributes:
        fault: What.
        target: To which of those that run: the number modulo how many there are.
        seconds: How long it lasts, or how long until the second blow; 0 where that means nothing.
        workers: For ``SCALE``: how many there are from then on.
    """

    fault: Fault
    target: int = 0
    seconds: float = 0.0
    workers: int = 0

    def __str__(self) -> str:
        """As it is printed."""
        if self.fault is Fault.SCALE:
            return f"{self.workers} workers"
        return f"{self.fault}" + (f" ({self.seconds:.1f} s)" if self.seconds else "")


@dataclass(frozen=True, slots=True)
class Dose:
    """How much of each is done in a run.

    Attributes:
        faults: How often each; ``SCALE`` is not among them.
        scales: The numbers of workers, one after the other, beginning with the first.
    """

    faults: dict[Fault, int]
    scales: tuple[int, ...]

    @property
    def kills(self) -> int:
        """How many workers lose what they have in hand."""
        return sum(KILLS.get(fault, 0) * count for fault, count in self.faults.items())


def draw_plan(seed: int, dose: Dose, session_seconds: float) -> tuple[Step, ...]:
    """The steps in the order in which they are done; the same for the same arguments."""
    draw = random.Random(seed)  # noqa: S311 - to be had again, not to be unguessable
    steps = [
        _step(fault, draw, session_seconds)
        for fault, count in sorted(dose.faults.items())
        for _ in range(count)
    ]
    draw.shuffle(steps)
    places = sorted(draw.sample(range(len(steps) + 1), min(len(steps) + 1, len(dose.scales) - 1)))
    for later, place in reversed(list(enumerate(places, start=1))):
        steps.insert(place, Step(Fault.SCALE, workers=dose.scales[later]))
    return tuple(steps)


def _step(fault: Fault, draw: random.Random, session_seconds: float) -> Step:
    seconds = {
        Fault.KILL_TWICE: draw.uniform(0.5, 1.6) * session_seconds,
        Fault.FREEZE_WORKER: draw.uniform(1.2, 2.5) * session_seconds,
        Fault.CUT_NETWORK: draw.uniform(1.2, 2.5) * session_seconds,
        Fault.SLOW_NETWORK: 5.0,
        Fault.FLAP_NETWORK: 5.0,
        Fault.BROKER_AWAY: 60.0,
    }
    return Step(fault, target=draw.randrange(1_000), seconds=round(seconds.get(fault, 0.0), 1))
