"""Combinations of values that cannot be meant: each stops with a sentence that says what to do."""

import functools
import re

import pytest
from chart.cases import DISTRIBUTED, EMBEDDED
from chart.render import CHART, Case, Json, RefusedError, text

STRIMZI: Json = {"kafka": {"brokers": [], "strimzi": {"enabled": True}}}
OPERATOR: Json = {
    "arangodb": {
        "endpoints": [],
        "passwordSecret": {"name": "arangodb-root", "key": "password"},
        "operator": {"enabled": True, "image": "arangodb:3.12"},
    }
}
WITH_STRIMZI = DISTRIBUTED.having("with Strimzi", STRIMZI)
WITH_OPERATOR = DISTRIBUTED.having("with kube-arangodb", OPERATOR)

# (what is installed, what is wrong with its values, how the sentence begins)
WRONG: tuple[tuple[Case, Json, str], ...] = (
    (EMBEDDED, {"embedded": {"replicas": 2}}, "embedded.replicas is more than 1"),
    (EMBEDDED, {"observer": {"replicas": 2}}, "observer.replicas is set, but mode is embedded"),
    (EMBEDDED, {"kafka": {"brokers": ["kafka:9092"]}}, "kafka or arangodb is given, but mode is embedded"),
    (DISTRIBUTED, {"embedded": {"replicas": 1}}, "embedded.replicas is set, but mode is distributed"),
    (DISTRIBUTED, {"settings": {"partitions": 8}}, "settings.partitions is set, but mode is distributed"),
    (DISTRIBUTED, {"kafka": {"brokers": []}}, "there is no Kafka"),
    (DISTRIBUTED, {"kafka": {"strimzi": {"enabled": True}}}, "kafka.brokers and kafka.strimzi.enabled are both"),
    (DISTRIBUTED, {"arangodb": {"endpoints": []}}, "there is no ArangoDB"),
    (
        WITH_OPERATOR,
        {"arangodb": {"endpoints": ["arangodb:8529"]}},
        "arangodb.endpoints and arangodb.operator.enabled are both given",
    ),
    (
        WITH_STRIMZI,
        {"kafka": {"security": "sasl_ssl", "mechanism": "PLAIN"}},
        "kafka.mechanism is PLAIN, which Strimzi does not offer",
    ),
    (
        WITH_STRIMZI,
        {"kafka": {"passwordSecret": {"name": "mine"}}},
        "kafka.username, kafka.passwordSecret or kafka.tls is given, but Strimzi makes",
    ),
    (WITH_STRIMZI, {"settings": {"kafkaReplication": 4}}, "settings.kafkaReplication is more than kafka.strimzi"),
    (
        WITH_STRIMZI,
        {"kafka": {"strimzi": {"controllers": {"replicas": 2}}}},
        "kafka.strimzi.controllers.replicas is even",
    ),
    (WITH_OPERATOR, {"arangodb": {"operator": {"image": ""}}}, "arangodb.operator.image is empty"),
    (WITH_OPERATOR, {"arangodb": {"passwordSecret": {"key": "pw"}}}, "arangodb.operator makes the root user from"),
    (WITH_OPERATOR, {"arangodb": {"username": "me"}}, "arangodb.username or arangodb.tls.ca is given, but arangodb.op"),
    (WITH_OPERATOR, {"arangodb": {"operator": {"agents": {"count": 2}}}}, "arangodb.operator.agents.count must be"),
    (WITH_OPERATOR, {"arangodb": {"operator": {"backup": {"enabled": True}}}}, "arangodb.operator.backup needs"),
    (DISTRIBUTED, {"secrets": {"existingSecret": ""}}, "secrets.existingSecret is empty"),
    (DISTRIBUTED, {"kafka": {"security": "sasl_ssl"}}, "kafka.security is sasl_ssl, but kafka.username is empty"),
    (DISTRIBUTED, {"kafka": {"username": "me"}}, "kafka.username is given, but kafka.security=plaintext"),
    (
        DISTRIBUTED,
        {"kafka": {"tls": {"ca": {"existingSecret": "ca"}}}},
        "kafka.tls is given, but kafka.security=plaintext",
    ),
    (DISTRIBUTED, {"arangodb": {"tls": {"ca": {"existingSecret": "ca"}}}}, "arangodb.tls.ca is given, but"),
    (
        DISTRIBUTED,
        {"adminApi": {"extraEnv": [{"name": "LEADFLOW_ADMIN_TOKEN", "value": "anybody-reads-this"}]}},
        "adminApi.extraEnv holds the value of LEADFLOW_ADMIN_TOKEN",
    ),
    (DISTRIBUTED, {"settings": {"drainTimeout": 30}}, "observer has 30 s to stop, but settings.drainTimeout is 30 s"),
    (EMBEDDED, {"embedded": {"terminationGracePeriodSeconds": 10}}, "embedded has 10 s to stop"),
    (EMBEDDED, {"settings": {"drainDelay": 21}}, "settings.drainDelay is more than settings.drainTimeout"),
    (DISTRIBUTED, {"settings": {"arangoReplication": 1}}, "settings.arangoWriteConcern (2 when not set) is more than"),
    (DISTRIBUTED, {"settings": {"kafkaHeartbeat": 6}}, "settings.kafkaHeartbeat is more than half"),
    (DISTRIBUTED, {"settings": {"kafkaCallTimeout": 15}}, "settings.kafkaTransactionTimeout (15 when not set) must"),
    (
        EMBEDDED,
        {"model": {"file": "model: mine", "existingConfigMap": "mine"}},
        "model.file and model.existingConfigMap",
    ),
    (
        DISTRIBUTED,
        {"processor": {"autoscaling": {"enabled": True, "maxReplicas": 5}}},
        "processor.autoscaling.maxReplicas is 5, more than kafka.partitions (4)",
    ),
    (
        DISTRIBUTED,
        {"scoring": {"autoscaling": {"enabled": True, "minReplicas": 3, "maxReplicas": 2}}},
        "scoring.autoscaling would keep at least 3 pods and at most 2",
    ),
    (
        DISTRIBUTED,
        {"observer": {"replicas": 0, "autoscaling": {"enabled": True}}},
        "observer.autoscaling has neither minReplicas nor observer.replicas",
    ),
    (
        DISTRIBUTED,
        {"observer": {"autoscaling": {"enabled": True}, "resources": {"requests": {"cpu": ""}}}},
        "observer.autoscaling goes by the share of the requested CPU",
    ),
    (DISTRIBUTED, {"adminApi": {"ingress": {"enabled": True}}}, "adminApi.ingress is on, but adminApi.ingress.hosts"),
    (
        EMBEDDED,
        {"embedded": {"httpRoute": {"enabled": True}}},
        "embedded.httpRoute is on, but embedded.httpRoute.parent",
    ),
    (EMBEDDED, {"image": {"tag": "latest"}}, "image.tag is latest"),
    (DISTRIBUTED, {"scoring": {"image": {"tag": "latest"}}}, "scoring.image.tag is latest"),
)
_SENTENCE = re.compile(r'append \$wrong (?:\(printf )?"(?P<sentence>.+?)"')
_BLANK = re.compile(r"%[svd]")


@functools.cache
def complaints(case: Case) -> tuple[str, ...]:
    """Return the sentences that rendering stops with."""
    with pytest.raises(RefusedError) as refused:
        text(case)
    return tuple(re.findall(r"^  - (.+)$", str(refused.value), re.MULTILINE))


def _complaints(installed: Case, values: Json, begins: str) -> tuple[str, ...]:
    return complaints(installed.having(begins, values))


@pytest.mark.parametrize(("installed", "values", "begins"), WRONG, ids=[begins for _, _, begins in WRONG])
def test_what_cannot_be_meant_stops_with_a_sentence(installed: Case, values: Json, begins: str) -> None:
    """It names the values and says what to do; nothing else is said to be wrong with them."""
    first, *others = _complaints(installed, values, begins)
    assert first.startswith(begins)
    # A value that is meant for all services is wrong for each of them.
    assert {re.sub(r"^\w+ ", "", other) for other in others} <= {re.sub(r"^\w+ ", "", first)}


def test_every_rule_has_its_failing_case() -> None:
    """No sentence in validate.yaml is one that no case above has brought about."""
    rules = _SENTENCE.findall((CHART / "templates" / "validate.yaml").read_text(encoding="utf-8"))
    assert len(rules) > 30
    said = [sentence for wrong in WRONG for sentence in _complaints(*wrong)]
    patterns = {rule: ".*".join(map(re.escape, _BLANK.split(rule))) for rule in rules}
    assert [rule for rule in rules if not any(re.fullmatch(patterns[rule], sentence) for sentence in said)] == []


def test_all_that_is_wrong_is_said_at_once() -> None:
    """Nobody has to mend one value at a time."""
    case = DISTRIBUTED.having("much is wrong", {"image": {"tag": "latest"}, "secrets": {"existingSecret": ""}})
    assert [sentence.split(" ")[0] for sentence in complaints(case)] == ["secrets.existingSecret", "image.tag"]


@pytest.mark.parametrize("installed", [WITH_STRIMZI, WITH_OPERATOR], ids=str)
def test_what_the_cases_start_from_is_right(installed: Case) -> None:
    """Without what a case adds, nothing is wrong."""
    assert text(installed)
