"""From settings to Kafka: how it is reached, which topics it should have, and whether services can work with them."""

from collections.abc import Iterable

import structlog

from leadflow.adapters.kafka_admin import KafkaTopics, open_topics
from leadflow.adapters.kafka_options import KafkaOptions
from leadflow.adapters.topic_plan import Desired, Difference, Plan, desired, plan
from leadflow.ports import LeadflowError
from leadflow.runtime.settings import Settings
from leadflow.runtime.topics import topics_of

logger = structlog.get_logger(__name__)

SCHEME = "kafka://"
_HEARTBEATS = 3  # a session that misses fewer is alive


class TopicsDiffer(LeadflowError):
    """Topics are missing, or are not what Leadflow can work with: the message names each, and what to do."""


def kafka_options(settings: Settings) -> KafkaOptions:
    """Return how Kafka is reached. Raises WrongOptions for files that cannot be used."""
    return KafkaOptions(
        bootstrap=settings.log_url.removeprefix(SCHEME).rstrip("/"),
        topic_prefix=settings.topic_prefix,
        security=settings.kafka_security,
        mechanism=settings.kafka_mechanism,
        username=settings.kafka_username,
        password=settings.kafka_password.get_secret_value() if settings.kafka_password else None,
        ca_file=_text(settings.kafka_ca_file),
        cert_file=_text(settings.kafka_cert_file),
        key_file=_text(settings.kafka_key_file),
        compression=settings.kafka_compression,
        call_timeout=settings.kafka_call_timeout,
        session_timeout=settings.kafka_session_timeout,
        heartbeat=settings.kafka_heartbeat or settings.kafka_session_timeout / _HEARTBEATS,
        transaction_timeout=settings.kafka_transaction_timeout,
        max_waiting_bytes=settings.max_waiting_bytes,
        traces=settings.traced,
    )


def _text(path: object) -> str | None:
    return None if path is None else str(path)


async def desired_topics(settings: Settings, cluster: KafkaTopics) -> list[Desired]:
    """Describe the topics as the settings ask for them, on this cluster."""
    return desired(
        topics_of(settings),
        settings.topic_prefix,
        partitions=settings.partitions,
        given="partitions" in settings.model_fields_set,
        copies=settings.kafka_replication,
        brokers=await cluster.brokers(),
    )


async def check_topics(settings: Settings) -> None:
    """Raise TopicsDiffer where a service could not work, or would do harm. What only differs is logged."""
    async with open_topics(kafka_options(settings)) as cluster:
        wanted = await desired_topics(settings, cluster)
        compared = plan(wanted, await cluster.found(one.name for one in wanted))
    reason = unusable(compared)
    if reason is not None:
        raise TopicsDiffer(reason)
    for difference in compared.differences:
        logger.warning("topic_differs", hint=sentence(difference))


def unusable(compared: Plan) -> str | None:
    """Return why services cannot start with these topics, a line each; None if they can."""
    lines = []
    if compared.create:
        lines.append(f"topics are missing: {', '.join(one.name for one in compared.create)}: run `leadflow init` first")
    lines += sentences(compared.fatal)
    return "\n".join(lines) or None


def sentences(differences: Iterable[Difference]) -> list[str]:
    """Return a line for each difference."""
    return [sentence(difference) for difference in differences]


def sentence(difference: Difference) -> str:
    """Return what differs and what to do about it, in one line."""
    return (
        f"{difference.topic}: {difference.what} is {difference.found}, the settings ask for {difference.desired}: "
        f"{difference.advice}"
    )
