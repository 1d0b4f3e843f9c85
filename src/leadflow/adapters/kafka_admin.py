"""Topics of a Kafka cluster: described, created, grown and set. Every call has a deadline."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, TopicAuthorizationFailedError, for_code

from leadflow.adapters.kafka_connecting import connect
from leadflow.adapters.kafka_errors import deadline
from leadflow.adapters.kafka_options import KafkaOptions
from leadflow.adapters.topic_plan import Desired, Found, Plan
from leadflow.ports import LeadflowError, Unavailable

_OK, _UNKNOWN_TOPIC = 0, 3
_SET_ON_TOPIC = 1  # the source of a setting, as Kafka numbers them


class Refused(LeadflowError):
    """The cluster will not do it, now or later: not authorised, or it knows better. The message is the cluster's."""


class KafkaTopics:
    """What may be asked and done about topics. Raises Unavailable where no broker answers in time, Refused."""

    def __init__(self, client: AIOKafkaAdminClient, seconds: float) -> None:
        """Use `open_topics`."""
        self._client = client
        self._seconds = seconds

    async def brokers(self) -> int:
        """How many brokers the cluster has."""
        async with deadline(self._seconds, "describing the cluster"):
            cluster = await self._client.describe_cluster()
        return len(cluster["brokers"])

    async def found(self, names: Iterable[str]) -> dict[str, Found]:
        """Those of the topics that are there."""
        async with deadline(self._seconds, "describing topics"):
            described = await self._client.describe_topics(list(names))
        there = {topic["topic"]: topic["partitions"] for topic in described if _is_there(topic)}
        settings = await self._settings(there) if there else {}
        return {
            name: Found(
                name=name,
                partitions=len(partitions),
                copies=min((len(partition["replicas"]) for partition in partitions), default=0),
                config={key: value for key, (value, _) in settings.get(name, {}).items()},
                own={key: value for key, (value, own) in settings.get(name, {}).items() if own},
            )
            for name, partitions in there.items()
        }

    async def _settings(self, names: Iterable[str]) -> dict[str, dict[str, tuple[str, bool]]]:
        """{topic: {setting: (value, whether it was set on the topic itself)}}; without those that we may not read."""
        resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
        async with deadline(self._seconds, "describing topics' settings"):
            answers = await self._client.describe_configs(resources)
        settings: dict[str, dict[str, tuple[str, bool]]] = {}
        for answer in answers:
            for code, _message, _kind, name, entries in answer.resources:
                if code == TopicAuthorizationFailedError.errno:
                    continue
                _check(code, f"describing the settings of {name}")
                settings[name] = {
                    entry[0]: (entry[1], entry[3] == _SET_ON_TOPIC) for entry in entries if entry[1] is not None
                }
        return settings

    async def carry_out(self, plan: Plan) -> None:
        """Do what the plan says. What another `init` did at the same moment counts as done."""
        await self._create(plan.create)
        if plan.grow:
            counts = {name: NewPartitions(total_count=count) for name, count in plan.grow.items()}
            async with deadline(self._seconds, "adding partitions"):
                await self._client.create_partitions(counts)
        if plan.configure:
            await self._configure(plan.configure)

    async def _create(self, wanted: Iterable[Desired]) -> None:
        topics = [NewTopic(one.name, one.at_first, one.copies, topic_configs=dict(one.config)) for one in wanted]
        if not topics:
            return
        async with deadline(self._seconds, "creating topics"):
            answer = await self._client.create_topics(topics)
        for name, code, message in answer.topic_errors:
            if code != TopicAlreadyExistsError.errno:
                _check(code, f"creating {name}", message)

    async def _configure(self, settings: Mapping[str, Mapping[str, str]]) -> None:
        resources = [
            ConfigResource(ConfigResourceType.TOPIC, name, configs=dict(values)) for name, values in settings.items()
        ]
        async with deadline(self._seconds, "setting topics"):
            answers = await self._client.alter_configs(resources)
        for answer in answers:
            for code, message, _kind, name in answer.resources:
                _check(code, f"setting {name}", message)


@asynccontextmanager
async def open_topics(options: KafkaOptions) -> AsyncIterator[KafkaTopics]:
    """Connect, for as long as the context lasts. Raises Unavailable, Refused, TurnedAway."""
    client = AIOKafkaAdminClient(**options.connection())
    topics = KafkaTopics(client, options.call_timeout)
    try:
        await connect(client.start, options)
        yield topics
    finally:
        await client.close()


def _is_there(topic: Mapping[str, Any]) -> bool:
    """Whether a topic exists. Raises Unavailable or Refused where the cluster cannot say."""
    if topic["error_code"] == _UNKNOWN_TOPIC:
        return False
    _check(topic["error_code"], f"describing {topic['topic']}")
    return True


def _check(code: int, doing: str, message: str | None = None) -> None:
    """Raise what a code of Kafka's stands for."""
    if code == _OK:
        return
    error = for_code(code)
    text = f"{doing}: {error.__name__}{f': {message}' if message else ''}"
    raise Unavailable(text) if error.retriable else Refused(text)
