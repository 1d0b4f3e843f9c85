"""What `leadflow init` has to do about the topics of a Kafka cluster: a pure comparison of what is with what should be.

Nothing here shrinks anything: fewer partitions or a shorter retention than there is are told, never done.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from leadflow.contracts import topics
from leadflow.contracts.topics import Topic

DAY_MS = 86_400_000
MOST_COPIES = 3
CLEANUP, RETENTION, IN_SYNC, TIMESTAMPS = (
    "cleanup.policy",
    "retention.ms",
    "min.insync.replicas",
    "message.timestamp.type",
)
FIXED = frozenset({topics.IDENTITY, topics.RESOLVED})
"""Topics whose partition count is fixed for life: every lead has its owner, and identity its one order, by it."""
GROWABLE = frozenset({topics.TOUCHPOINTS})
"""Topics that may grow: positions are marked per partition, so a key that comes by another one harms nothing."""


@dataclass(frozen=True, slots=True)
class Desired:
    """A topic as the settings ask for it. `partitions` None: whatever it has; a new one gets `at_first`."""

    topic: str  # logical name
    name: str  # in Kafka
    partitions: int | None
    at_first: int
    copies: int
    config: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Found:
    """A topic as the cluster describes it. `config` is empty where this user may not read it."""

    name: str
    partitions: int
    copies: int
    config: Mapping[str, str] = field(default_factory=dict)
    own: Mapping[str, str] = field(default_factory=dict)  # what was set on the topic itself, of the above


class Weight(Enum):
    """How much a difference matters."""

    TOLD = "differs"  # all works; somebody should know
    FATAL = "wrong"  # with it Leadflow would lose or mix up records: services do not start


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as the settings ask, and what to do about it."""

    topic: str
    what: str
    found: str
    desired: str
    advice: str
    weight: Weight = Weight.TOLD


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done, and what is only told."""

    create: Sequence[Desired] = ()
    grow: Mapping[str, int] = field(default_factory=dict)  # {name: partitions}
    configure: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # {name: all of its own settings}
    differences: Sequence[Difference] = ()

    @property
    def fatal(self) -> Sequence[Difference]:
        """What services refuse to start with."""
        return [difference for difference in self.differences if difference.weight is Weight.FATAL]


def desired(
    all_topics: Iterable[Topic], prefix: str, *, partitions: int, given: bool, copies: int | None, brokers: int
) -> list[Desired]:
    """Describe the topics as they should be. `given`: somebody asked for this count, so another one is a difference."""
    copies = copies or min(MOST_COPIES, brokers)
    return [
        Desired(
            topic=topic.name,
            name=prefix + topic.name,
            partitions=topic.partitions or (partitions if given else None),
            at_first=topic.partitions or partitions,
            copies=copies,
            config=_config(topic, copies),
        )
        for topic in all_topics
    ]


def _config(topic: Topic, copies: int) -> dict[str, str]:
    """Return a topic's settings: every acknowledged record is on all copies but one, so that one may be lost."""
    config = {CLEANUP: topic.cleanup, IN_SYNC: str(max(1, copies - 1)), TIMESTAMPS: "LogAppendTime"}
    if topic.cleanup == "delete":
        config[RETENTION] = "-1" if topic.retention_days is None else str(topic.retention_days * DAY_MS)
    return config


def plan(
    wanted: Iterable[Desired],
    found: Mapping[str, Found],
    *,
    grow: Mapping[str, int] | None = None,
    apply: bool = False,
) -> Plan:
    """Compare. `grow`: {topic: partitions} asked for by name; `apply`: settings are to be put right, too."""
    create: list[Desired] = []
    growing: dict[str, int] = {}
    configure: dict[str, Mapping[str, str]] = {}
    differences: list[Difference] = []
    for one in wanted:
        there = found.get(one.name)
        if there is None:
            create.append(one)
            continue
        asked = (grow or {}).get(one.topic)
        if asked is not None and asked > there.partitions and one.topic in GROWABLE:
            growing[one.name] = asked
        else:
            differences += _partitions(one, there, asked)
        changes, told = _settings(one, there, apply=apply)
        differences += told
        if changes:
            # Kafka replaces all of a topic's own settings at once: what others have set stays as it is.
            configure[one.name] = {**there.own, **changes}
    return Plan(create, growing, configure, differences)


def _partitions(one: Desired, there: Found, asked: int | None) -> list[Difference]:
    """Compare the partition counts."""
    count = asked if asked is not None else one.partitions
    if count is None or count == there.partitions:
        return []
    if one.topic in FIXED:
        advice = f"it is fixed for life: set LEADFLOW_PARTITIONS={there.partitions}, or start with another topic prefix"
        if one.topic == topics.IDENTITY:
            advice = "one log decides identity: start with another topic prefix"
        weight = Weight.FATAL
    elif one.topic in GROWABLE and count > there.partitions:
        advice, weight = f"`leadflow init --grow {one.topic}={count}` adds partitions; keys then move", Weight.TOLD
    elif count < there.partitions:
        advice, weight = "partitions are never taken away: it stays so", Weight.TOLD
    else:
        advice, weight = "its keys would move and their order with them: it stays so", Weight.TOLD
    return [Difference(one.name, "partitions", str(there.partitions), str(count), advice, weight)]


def _settings(one: Desired, there: Found, *, apply: bool) -> tuple[dict[str, str], list[Difference]]:
    """Compare copies and settings; return what is to be set, and what is told."""
    changes: dict[str, str] = {}
    told: list[Difference] = []
    if there.copies != one.copies:
        advice = "copies are moved by kafka-reassign-partitions: it stays so"
        told.append(Difference(one.name, "copies", str(there.copies), str(one.copies), advice))
    for key, value in one.config.items():
        is_now = there.config.get(key, value)
        if is_now == value or (key == IN_SYNC and there.copies != one.copies):
            continue
        if key == RETENTION and _shorter(value, is_now):
            advice = "it would delete records: shorten it with kafka-configs, if that is meant"
        elif apply:
            changes[key] = value
            continue
        else:
            advice = "`leadflow init --apply` sets it"
        weight = Weight.FATAL if key == CLEANUP else Weight.TOLD
        told.append(Difference(one.name, key, _readable(key, is_now), _readable(key, value), advice, weight))
    return changes, told


def _shorter(value: str, than: str) -> bool:
    """Compare two retentions; -1 is for ever."""
    return value != "-1" and (than == "-1" or int(value) < int(than))


def _readable(key: str, value: str) -> str:
    """Write a retention in days, everything else as it is."""
    if key != RETENTION:
        return value
    return "for ever" if value == "-1" else f"{int(value) / DAY_MS:g} d"
