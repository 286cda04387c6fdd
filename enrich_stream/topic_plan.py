"""How a cluster differs from the declared topics, and what would make it follow.

Pure: nothing is read and nothing is done here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from enrich_stream.topics import Topic, Topics


@dataclass(frozen=True, slots=True, kw_only=True)
class ActualTopic:
    """One topic as the cluster has it.

    Attributes:
        partitions: How many there are.
        replication_factor: The copies of the partition that has fewest.
        config: Every setting in force, by Kafka's own names.
        overrides: Those among them that are set on the topic itself.
    """

    partitions: int
    replication_factor: int
    config: Mapping[str, str]
    overrides: Mapping[str, str]


class Mark(StrEnum):
    """What a line of a rendered plan stands for; the value begins the line."""

    ADD = "+"
    REMOVE = "-"
    CHANGE = "~"
    REFUSE = "!"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a rendered plan."""

    mark: Mark
    text: str

    def __str__(self) -> str:
        return f"{self.mark} {self.text}"


@dataclass(frozen=True, slots=True)
class Create:
    """A topic is missing."""

    topic: Topic

    def lines(self) -> Iterator[Line]:
        """For people."""
        topic = self.topic
        yield Line(Mark.ADD, topic.name)
        yield Line(Mark.ADD, f"  partitions = {topic.partitions}")
        yield Line(Mark.ADD, f"  replication factor = {topic.replication_factor}")
        for name, value in sorted(topic.config.items()):
            yield Line(Mark.ADD, f"  {name} = {value}")


@dataclass(frozen=True, slots=True)
class AddPartitions:
    """A topic has too few partitions, and its keys may move."""

    topic: Topic
    actual: int

    def lines(self) -> Iterator[Line]:
        """For people."""
        yield Line(Mark.CHANGE, self.topic.name)
        yield Line(Mark.REMOVE, f"  partitions = {self.actual}")
        yield Line(Mark.ADD, f"  partitions = {self.topic.partitions}")


@dataclass(frozen=True, slots=True)
class AlterConfig:
    """Settings of a topic differ.

    Attributes:
        topic: As declared.
        actual: The settings in force, of those that differ; None for one that is not known.
        result: All settings of the topic itself afterwards. Settings that somebody made and
            nothing declares stay.
    """

    topic: Topic
    actual: Mapping[str, str | None]
    result: Mapping[str, str]

    def lines(self) -> Iterator[Line]:
        """For people."""
        yield Line(Mark.CHANGE, self.topic.name)
        for name, value in sorted(self.actual.items()):
            if value is not None:
                yield Line(Mark.REMOVE, f"  {name} = {value}")
            yield Line(Mark.ADD, f"  {name} = {self.topic.config[name]}")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A difference that must not, or cannot, be changed away."""

    topic: Topic
    reason: str

    def lines(self) -> Iterator[Line]:
        """For people."""
        yield Line(Mark.REFUSE, f"{self.topic.name}: {self.reason}")


Change = Create | AddPartitions | AlterConfig


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be changed, and what is refused."""

    changes: tuple[Change, ...]
    refusals: tuple[Refusal, ...]

    @property
    def is_empty(self) -> bool:
        """Whether the cluster is as declared."""
        return not self.changes and not self.refusals

    def lines(self) -> Iterator[Line]:
        """The plan like a diff."""
        for part in (*self.changes, *self.refusals):
            yield from part.lines()


def plan(declared: Topics, actual: Mapping[str, ActualTopic]) -> Plan:
    """The differences, in the order of the declaration.

    Args:
        declared: What should be.
        actual: What is, by topic name. Topics that are not declared are nobody's business.
    """
    parts = [part for topic in declared for part in _differences(topic, actual.get(topic.name))]
    return Plan(
        changes=tuple(part for part in parts if not isinstance(part, Refusal)),
        refusals=tuple(part for part in parts if isinstance(part, Refusal)),
    )


def faults_for_start(declared: Topics, actual: Mapping[str, ActualTopic]) -> Iterator[str]:
    """The differences that work cannot begin with, each as a phrase."""
    for topic in declared:
        found = actual.get(topic.name)
        if found is None:
            yield f"{topic.name} is missing"
            continue
        if found.partitions != topic.partitions:
            yield f"{topic.name} has {found.partitions} partitions instead of {topic.partitions}"
        policy = found.config.get("cleanup.policy")
        if policy != topic.cleanup_policy:
            yield f"{topic.name} has cleanup.policy {policy} instead of {topic.cleanup_policy}"


def _differences(topic: Topic, actual: ActualTopic | None) -> Iterator[Change | Refusal]:
    if actual is None:
        yield Create(topic)
        return
    if actual.partitions != topic.partitions:
        yield _partitions_differ(topic, actual.partitions)
    if actual.replication_factor != topic.replication_factor:
        yield Refusal(
            topic,
            f"has replication factor {actual.replication_factor}, declared is "
            f"{topic.replication_factor}; replicas are moved with Kafka's own "
            "kafka-reassign-partitions",
        )
    differing = {
        name: actual.config.get(name)
        for name, value in topic.config.items()
        if actual.config.get(name) != value
    }
    if differing:
        yield AlterConfig(topic, differing, {**actual.overrides, **topic.config})


def _partitions_differ(topic: Topic, actual: int) -> AddPartitions | Refusal:
    differ = f"has {actual} partitions, declared are {topic.partitions}"
    if topic.has_keyed_state:
        return Refusal(
            topic,
            f"{differ}; it carries keyed state: another count would send the keys that are there "
            "to other partitions, away from their rows",
        )
    if actual > topic.partitions:
        return Refusal(topic, f"{differ}; Kafka cannot take partitions away")
    return AddPartitions(topic, actual)
