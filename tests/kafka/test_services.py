"""The four services as processes over a real broker: starting, stopping, being restarted, and what they tell."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from aiokafka import AIOKafkaConsumer
from e2e import plain_http
from e2e.collector import Collector, collecting
from e2e.distributed import Services
from e2e.server import SERVER, SETTINGS, free_port
from e2e.waiting import wait_for
from fire.cast import initialise
from fire.member import Member
from fire.reading import caught_up
from kafka.rolling import Load, sending
from tools.broker import Cluster, running

from leadflow.core.trace_context import TraceContext, read_traceparent


@contextmanager
def ended(services: Services | Member) -> Iterator[None]:
    """Leave no process behind, and show what it logged with a failure."""
    try:
        yield
    except AssertionError as error:
        raise AssertionError(f"{error}\n{services.tail()}") from error
    finally:
        services.kill()


def parts(member: Member) -> tuple[int, Mapping[str, str]]:
    """Ask /readyz."""
    answer = plain_http.get(f"http://127.0.0.1:{member.port}/readyz", timeout=10)
    return answer.status_code, answer.json()["parts"]


def alive(member: Member) -> bool:
    """Ask /healthz."""
    return plain_http.get(f"http://127.0.0.1:{member.port}/healthz", timeout=10).is_success


def ends(member: Member) -> int:
    """Start a service that has to end by itself; its exit code."""
    member.start()
    wait_for(lambda: not member.alive, f"the end of {member.name}")
    assert "Traceback" not in member.tail()
    assert member.code is not None
    return member.code


def test_services_refuse_topics_that_are_missing_or_wrong(kafka: Cluster, tmp_path: Path) -> None:
    """Nothing is created in silence: each names what is missing, and `leadflow init`."""
    services = Services(tmp_path, kafka.url, SETTINGS)
    processor, observer = services.members["processor"], services.members["observer"]
    with ended(services):
        assert ends(processor) == 2
        prefix = services.settings["LEADFLOW_TOPIC_PREFIX"]
        for topic in ("touchpoints", "identity", "resolved", "rejected"):
            assert f"{prefix}{topic}" in processor.tail()
        assert "run `leadflow init` first" in processor.tail()
        initialise(tmp_path, services.settings)
        other = Services(tmp_path, kafka.url, {**SETTINGS, "LEADFLOW_PARTITIONS": "9"}).members["scoring"]
        assert ends(other) == 2
        assert f"{prefix}resolved: partitions is 4, the settings ask for 9" in other.tail()
        observer.start()
        observer.wait_until_ready()
        observer.ask_to_stop()
        observer.wait_until_stopped()


def test_services_name_all_that_they_need_at_once(kafka: Cluster, tmp_path: Path) -> None:
    """Each only what it works with; nothing is generated."""
    services = Services(tmp_path, kafka.url, {"LEADFLOW_LOG_FORMAT": "json"})
    needs = {
        "observer": "LEADFLOW_WRITE_KEYS, LEADFLOW_HASH_SECRET",
        "processor": "LEADFLOW_HASH_SECRET",
        "scoring": "LEADFLOW_HASH_SECRET",
        "admin-api": "LEADFLOW_ADMIN_TOKEN, LEADFLOW_HASH_SECRET",
    }
    with ended(services):
        for role, named in needs.items():
            assert ends(services.members[role]) == 2
            assert f"leadflow: not set: {named}; set them\n" in services.members[role].tail()
    assert not list(tmp_path.glob("**/secrets.json"))


def test_a_broker_that_is_away_is_waited_for(needs_kafka: None, tmp_path: Path) -> None:  # noqa: ARG001  skips
    """Not ready, but alive, before it comes and whenever it goes: events are refused with 503 until it is back."""
    with running() as cluster:
        [node] = cluster.nodes
        short = {"LEADFLOW_KAFKA_CALL_TIMEOUT": "3", "LEADFLOW_ACK_TIMEOUT": "3"}
        services = Services(tmp_path, cluster.url, {**SETTINGS, **short})
        initialise(tmp_path, services.settings)
        observer, scoring = services.members["observer"], services.members["scoring"]
        node.stop()
        with ended(services):
            for member in (observer, scoring):
                member.start()
            for member in (observer, scoring):
                wait_for(lambda one=member: _tells(one, "start", "log: "), f"{member.name} telling what it waits for")
                assert alive(member)
                assert "Traceback" not in member.tail()
            assert _refused(services) == 503
            node.start()
            for member in (observer, scoring):
                member.wait_until_ready()
            with services.client() as api:
                api.send({"type": "track", "userId": "u", "event": "Feature Used"}, SERVER)
            node.stop()
            assert _refused(services) == 503
            for member in (observer, scoring):
                wait_for(lambda one=member: _tells(one, "log", ""), f"{member.name} not being ready", seconds=60)
                assert alive(member)
            _stop(scoring)  # within its deadline, whether there is a broker or not
            node.start()
            observer.wait_until_ready()
            wait_for(lambda: _refused(services) == 200, "events being taken again")
            _stop(observer)
            for member in (observer, scoring):
                assert len(member.log.read_text()) < 50_000, "an outage floods the log"


def _tells(member: Member, part: str, reason: str) -> bool:
    """Whether /readyz says no, and names the part with such a reason."""
    assert member.alive, member.tail()
    try:
        status, told = parts(member)
    except httpx.TransportError:
        return False
    return status == 503 and told.get(part, "ok") != "ok" and told[part].startswith(reason)


def _refused(services: Services) -> int:
    """Send an event; the status. A refusal says when to come again."""
    with plain_http.client(auth=(SERVER, ""), timeout=20) as http:
        answer = http.post(f"{services.url}/v1/track", json={"userId": "u", "event": "Feature Used"})
    assert answer.is_success or int(answer.headers["Retry-After"]) > 0
    return answer.status_code


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    """Where the services send their spans."""
    with collecting() as one:
        yield one


@pytest.fixture(scope="module")
def services(kafka: Cluster, collector: Collector, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """One of each, working; they trace what a sender asks for."""
    settings = {**SETTINGS, **collector.settings()}
    started = Services(tmp_path_factory.mktemp("services"), kafka.url, settings)
    with ended(started):
        started.start().close()
        yield started


def test_each_part_is_named_by_readiness(services: Services) -> None:
    """What an operator reads when a service is not ready."""
    expected = {
        "observer": {"http", "log"},
        "processor": {
            "http", "log", "store", "lag", "processor:touchpoints", "processor:identity", "processor:rejected",
        },
        "scoring": {"http", "log", "store", "lag", "scoring:resolved"},
        "admin-api": {"http", "log", "store", "census"},
    }  # fmt: skip
    for role, names in expected.items():
        status, told = parts(services.members[role])
        assert (status, dict(told)) == (200, dict.fromkeys(names, "ok")), role


def _stop(member: Member) -> None:
    member.ask_to_stop()
    member.wait_until_stopped()


METRICS: Mapping[str, tuple[str, ...]] = {
    "observer": (
        r"leadflow_observer_events_total\{.*\}",
        r"leadflow_observer_ack_seconds_count",
        r'leadflow_log_flush_seconds_count\{file="log"\}',
        r'leadflow_runtime_part_up\{part="log"\}',
    ),
    "processor": (
        r"leadflow_processor_records_total",
        r"leadflow_processor_batch_records_count",
        r"leadflow_processor_batch_seconds_count",
        r"leadflow_processor_end_to_end_seconds_count",
        r"leadflow_resolver_records_total",
        r"leadflow_resolver_batch_seconds_count",
        r"leadflow_log_transaction_seconds_count\{.*touchpoints.*\}",
        r"leadflow_log_rebalances_total\{.*touchpoints.*\}",
        r'leadflow_runtime_part_up\{part="processor:touchpoints"\}',
    ),
    "scoring": (
        r"leadflow_scoring_records_total",
        r"leadflow_scoring_batch_records_count",
        r"leadflow_scoring_batch_seconds_count",
        r"leadflow_scoring_end_to_end_seconds_count",
        r"leadflow_scoring_stage_change_seconds_count",
        r"leadflow_log_transaction_seconds_count\{.*resolved.*\}",
        r"leadflow_log_rebalances_total\{.*resolved.*\}",
    ),
    "admin-api": (r"leadflow_admin_requests_total\{.*\}", r"leadflow_admin_request_seconds_count\{.*\}"),
}  # what must have moved
AT_REST = {
    "processor": (
        *(rf'leadflow_processor_lag_records\{{partition="{n}"\}}' for n in range(4)),
        r'leadflow_resolver_lag_records\{partition="0"\}',
        r"leadflow_processor_fenced_total",
        r"leadflow_rejections_rejected_total|leadflow_rejections_lag_records\{partition=\"0\"\}",
    ),
    "scoring": (
        *(rf'leadflow_scoring_lag_records\{{partition="{n}"\}}' for n in range(4)),
        r"leadflow_scoring_fenced_total",
    ),
}  # what must be there, and be 0 while nothing happens


def test_metrics_tell_what_every_service_does(services: Services, unique_name: Callable[[], str]) -> None:
    """Lag per partition, batches, transactions, rebalances, fences, dead letters, latency: read from real processes."""
    user = unique_name()
    with services.client() as api:
        events = [
            {"type": "track", "userId": user, "event": "Demo Requested", "messageId": f"{user}-1"},
            {
                "type": "identify",
                "userId": user,
                "anonymousId": f"{user}-a",
                "messageId": f"{user}-2",
                "traits": {"email": f"{user}@mail.example"},
            },
            {
                "type": "track",
                "userId": user,
                "event": "Order Completed",
                "messageId": f"{user}-3",
            },
        ]
        api.send_batch(events, SERVER)
        api.scored([event["messageId"] for event in events], "server")
    for role, names in METRICS.items():
        for name in names:
            wait_for(lambda r=role, n=name: _largest(services, r, n), f"{name} of {role} above 0")
    for role, names in AT_REST.items():
        for name in names:
            wait_for(lambda r=role, n=name: _largest(services, r, n) == 0, f"{name} of {role} at 0")


def _largest(services: Services, role: str, name: str) -> float | None:
    """The largest value of the series that match; None without any."""
    text = plain_http.get(f"{services.address(role)}/metrics", timeout=10).text
    values = [float(value) for value in re.findall(rf"^(?:{name}) (\S+)$", text, re.MULTILINE)]
    return max(values, default=None)


@pytest.fixture
def unique_name(tmp_path: Path) -> Callable[[], str]:
    """Name people after the test."""
    return lambda: tmp_path.name


async def test_a_trace_goes_through_the_headers_of_records(
    services: Services, collector: Collector, kafka: Cluster, unique_name: Callable[[], str]
) -> None:
    """From one service to the next, and on to whoever reads the stage changes; other records have no such header."""
    user, sender = unique_name(), TraceContext(uuid4().hex, uuid4().hex[:16])
    event = {"type": "track", "event": "Demo Requested", "properties": {"email": f"{user}@mail.example"}}
    with services.client() as api:
        api.send({"type": "page", "userId": f"{user}-other", "messageId": f"{user}-0"}, SERVER)
        traced = {**event, "userId": user, "messageId": f"{user}-1"}
        api.send(traced, SERVER, traceparent=sender.traceparent())
        api.scored([f"{user}-0", f"{user}-1"], "server")
        profile_id = api.profile_id(user_id=user)
        changes = api.changes(profile_id)
    names = {"observer receive", "processor resolve", "resolver decide", "scoring score", "stage change"}
    spans = collector.trace(sender.trace, names)
    assert {span.service for span in spans} == {"leadflow-observer", "leadflow-processor", "leadflow-scoring"}
    contexts = {span.context.span: span for span in spans}
    assert {span.parent for span in spans} <= {sender.span, *contexts}
    published = {
        headers["ce_id"]: headers.get("traceparent", "")
        for headers in await _headers(kafka, services.settings["LEADFLOW_TOPIC_PREFIX"] + "stage-changes")
    }
    for change in changes:
        context = read_traceparent(published.pop(change["id"]))
        assert context is not None
        assert contexts[context.span].attributes["leadflow.stage_change_id"] == change["id"]
    assert set(published.values()) <= {""}


async def _headers(kafka: Cluster, topic: str) -> list[dict[str, str]]:
    """The headers of every record that is committed now."""
    reader = AIOKafkaConsumer(
        topic,
        bootstrap_servers=kafka.bootstrap,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    found: list[dict[str, str]] = []
    await reader.start()
    try:
        ends = await reader.end_offsets(reader.assignment())
        while not await caught_up(reader, ends):
            for records in (await reader.getmany(timeout_ms=100)).values():
                found += [{name: value.decode() for name, value in record.headers} for record in records]
    finally:
        await reader.stop()
    return found


def test_a_taken_port_ends_a_service_before_anything_else(kafka: Cluster, tmp_path: Path) -> None:
    """As with `up`: one clear line, exit code 2."""
    services = Services(tmp_path, kafka.url)
    observer = services.members["observer"]
    observer.port = int(kafka.bootstrap.rpartition(":")[2])
    with ended(services):
        assert ends(observer) == 2
        assert "cannot listen on" in observer.tail()
    assert free_port() != observer.port


def test_a_rolling_restart_shows_no_client_an_error(services: Services) -> None:
    """Each service gets a second instance, and the first one goes: senders go on, nothing is lost or counted twice."""
    seconds = {
        role: Member(role, 1, services.folder, services.settings) for role in ("observer", "processor", "scoring")
    }
    old, new = services.members["observer"], seconds["observer"]
    urls = [f"http://127.0.0.1:{member.port}" for member in (old, new)]
    with ExitStack() as running_seconds:
        for member in seconds.values():
            running_seconds.enter_context(ended(member))
            member.start()
        for member in seconds.values():
            member.wait_until_ready()
        with sending(urls, SERVER) as load:
            for member in (old, new):
                _some_load(load)
                _stop(member)
                member.start()
                member.wait_until_ready()
            for role in ("processor", "scoring"):
                _some_load(load)
                _stop(services.members[role])
            _some_load(load)
        assert load.errors == []
        assert load.moves > 0
        with services.client() as api:
            for user, count in load.acknowledged.items():
                profile_id = wait_for(lambda u=user: api.profile_id(user_id=u), user, seconds=60)
                api.scored([f"{user}-{count - 1}"], "server", seconds=60)
                assert len(api.timeline(profile_id)) == count


def _some_load(load: Load) -> None:
    """Let the senders get on."""
    before = sum(load.acknowledged.values())
    wait_for(lambda: sum(load.acknowledged.values()) > before + 100, "some load")
