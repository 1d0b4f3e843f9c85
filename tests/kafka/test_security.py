"""The log over TLS and with SCRAM, on brokers that take nothing else; and what is said where one is turned away."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka.program import leadflow
from tools.broker import Cluster, running

from leadflow.adapters.kafka_connecting import TurnedAway
from leadflow.adapters.kafka_options import KafkaOptions
from leadflow.adapters.log_kafka import KafkaLog
from leadflow.contracts.topics import TOUCHPOINTS
from leadflow.ports import Emit, Unavailable
from leadflow.runtime.kafka import kafka_options
from leadflow.runtime.settings import load_settings

WRONG = "not-its-password"


@pytest.fixture(scope="module", params=["ssl", "sasl_ssl"])
def secured(request: pytest.FixtureRequest, needs_kafka: None) -> Iterator[Cluster]:  # noqa: ARG001  skips or fails
    """A broker that takes nothing but TLS: from clients that show a certificate, or that log in."""
    settings = {"ssl.client.auth": "required"} if request.param == "ssl" else {}
    with running(security=request.param, settings=settings) as cluster:
        yield cluster


@pytest.fixture
def settings(secured: Cluster) -> dict[str, str]:
    """What a user sets to reach it."""
    certificates = secured.access.certificates
    assert certificates is not None
    files = {"CA": certificates.authority}
    if not secured.username:
        files |= {"CERT": certificates.client, "KEY": certificates.client_key}
    return {
        "LEADFLOW_LOG": secured.url,
        "LEADFLOW_KAFKA_SECURITY": secured.access.security,
        **({"LEADFLOW_KAFKA_USERNAME": secured.username} if secured.username else {}),
        **({"LEADFLOW_KAFKA_PASSWORD": secured.password} if secured.password else {}),
        **{f"LEADFLOW_KAFKA_{name}_FILE": str(file) for name, file in files.items()},
    }


@pytest.fixture
def options(settings: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> KafkaOptions:
    """The same as the adapter takes it."""
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return kafka_options(load_settings())


async def test_the_whole_log_works(settings: dict[str, str], options: KafkaOptions, tmp_path: Path) -> None:
    """Topics are made; records are appended, consumed in a group, committed in a transaction, and read."""
    done = leadflow(tmp_path, "init", **settings)
    assert done.returncode == 0, done.stderr
    log = await KafkaLog.open(options)
    try:
        await log.append([Emit(topic=TOUCHPOINTS, key="k", value=b"in")])
        partition = log.partition_for(TOUCHPOINTS, "k")
        async with log.consume("secured", TOUCHPOINTS) as assignments:
            async for assignment in assignments:
                if assignment.partition == partition:
                    break
            (record,) = await assignment.fetch(10, 10.0)
            out = Emit(topic=TOUCHPOINTS, key="k", value=b"out")
            await assignment.commit(record.offset + 1, [out])
        found = await log.read(TOUCHPOINTS, partition, 0, 10)
        assert [one.value for one in found] == [b"in", b"out"]
        assert (await log.committed("secured", TOUCHPOINTS))[partition] == 1
    finally:
        await log.close()


async def test_a_broker_that_is_not_trusted_is_named(options: KafkaOptions) -> None:
    """Without the file of its authority nothing is sent to it, and waiting would not help."""
    stranger = KafkaOptions(
        bootstrap=options.bootstrap,
        security=options.security,
        username=options.username,
        password=options.password,
    )
    with pytest.raises(TurnedAway, match=rf"^{options.bootstrap} shows a certificate that is not trusted: ") as refused:
        await KafkaLog.open(stranger)
    assert "unable to get local issuer certificate" in str(refused.value)
    assert options.password is None or options.password not in str(refused.value)


def test_whoever_is_not_let_in_reads_why(secured: Cluster, settings: dict[str, str], tmp_path: Path) -> None:
    """A wrong password, or no certificate, is one line that names the user or the need, and shows no password."""
    if secured.username:
        wrong, reason = {**settings, "LEADFLOW_KAFKA_PASSWORD": WRONG}, "refuses the user 'leadflow': "
    else:
        kept = {name: value for name, value in settings.items() if "CERT" not in name and "KEY" not in name}
        wrong, reason = kept, "does it speak ssl without a certificate of the client?"
    done = leadflow(tmp_path, "init", **wrong)
    assert done.returncode == 2
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("leadflow: ")]
    assert reason in line
    assert WRONG not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


async def test_the_wrong_security_is_asked_about(options: KafkaOptions) -> None:
    """A broker that closes the connection may speak something else than was set."""
    plain = KafkaOptions(bootstrap=options.bootstrap)
    with pytest.raises(Unavailable, match=r"no broker can be reached: .*; does it speak plaintext\?"):
        await KafkaLog.open(plain)
