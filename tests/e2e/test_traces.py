"""Traces as an operator sees them in a collector: one from the request to the stage change, and no harm without one."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from uuid import uuid4

import pytest
from e2e import plain_http
from e2e.api import Api
from e2e.collector import Collector, Seen, collecting
from e2e.server import SETTINGS, Server, free_port

from leadflow.core.trace_context import TraceContext

Made = Callable[[Mapping[str, str]], AbstractContextManager[Server]]
WAY = ["observer receive", "processor resolve", "resolver decide", "scoring score", "stage change"]


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    """Where this file's server sends its spans."""
    with collecting() as one:
        yield one


@pytest.fixture(scope="module")
def traced(make_server: Made, collector: Collector) -> Iterator[Server]:
    """A server that traces what its senders want to be traced."""
    with make_server({**SETTINGS, **collector.settings()}) as server:
        server.start().close()
        yield server


@pytest.fixture
def api(traced: Server) -> Iterator[Api]:
    """A client of it."""
    with traced.client() as client:
        yield client


def asked_for_a_demo(api: Api, unique: Callable[[str], str], **headers: str) -> str:
    """Somebody new asks for a demo, which makes a qualified lead: the profile, once that is counted."""
    message_id = unique("demo")
    properties = {"email": f"{unique('lan')}@mail.example"}
    event = {"type": "track", "event": "Demo Requested", "anonymousId": unique("device"), "properties": properties}
    api.send({**event, "messageId": message_id}, **headers)
    [receipt] = api.scored([message_id])
    return str(receipt["profile_id"])


def wanted() -> TraceContext:
    """The span of a sender who wants to see what becomes of its event."""
    return TraceContext(uuid4().hex, uuid4().hex[:16])


def chain(spans: list[Seen], names: list[str], parent: str) -> None:
    """Each span lies in the one named before it, the first in its sender's."""
    for name in names:
        found = [span for span in spans if span.name == name]
        assert {span.parent for span in found} == {parent}, name
        parent = found[0].context.span


def test_from_the_request_to_the_stage_change_is_one_trace(
    api: Api, collector: Collector, unique: Callable[[str], str]
) -> None:
    """The sender's `traceparent` goes on through log and hops; the profile can be found by it, the person cannot."""
    sender = wanted()
    profile_id = asked_for_a_demo(api, unique, traceparent=sender.traceparent())
    spans = collector.trace(sender.trace, set(WAY))
    chain(spans, WAY, sender.span)
    assert {span.service for span in spans} == {"leadflow"}
    changes = [span for span in spans if span.name == "stage change"]
    assert {span.attributes["leadflow.stage_change_id"] for span in changes} == {
        change["id"] for change in api.changes(profile_id)
    }
    for word in ("lan", "device", "demo"):
        assert unique(word) not in repr(spans)


def test_an_action_of_sales_is_traced_as_well(api: Api, collector: Collector, unique: Callable[[str], str]) -> None:
    """From the admin API to the stage that it leads to; reading leaves no trace."""
    profile_id = asked_for_a_demo(api, unique)
    sender = wanted()
    api.admin.headers["traceparent"] = sender.traceparent()
    api.get(f"/leads/{profile_id}")
    api.acted(profile_id, {"type": "accept", "actor": "minh"})
    way = ["admin-api act", "processor resolve", "scoring score", "stage change"]
    spans = collector.trace(sender.trace, set(way))
    chain(spans, way, sender.span)
    assert len(spans) == len(way)


def test_what_its_sender_leaves_out_is_not_traced(api: Api, collector: Collector, unique: Callable[[str], str]) -> None:
    """Neither with a `traceparent` that says so, nor without one at a share of 0."""
    silent = TraceContext(uuid4().hex, uuid4().hex[:16], sampled=False)
    before = {span.context.trace for span in collector.spans}
    asked_for_a_demo(api, unique, traceparent=silent.traceparent())
    api.send({"type": "page", "anonymousId": unique("other")})
    after = wanted()  # what comes behind it has come: so would have what came before
    api.send({"type": "page", "anonymousId": unique("third")}, traceparent=after.traceparent())
    collector.trace(after.trace, {"scoring score"})
    assert {span.context.trace for span in collector.spans} - before <= {after.trace}


def test_without_a_collector_everything_else_goes_on(make_server: Made, unique: Callable[[str], str]) -> None:
    """A share of 1 and nobody who takes it: events are counted, spans are given up, and a stop is a stop."""
    away = {
        "LEADFLOW_TRACING": "otlp",
        "LEADFLOW_OTLP_ENDPOINT": f"http://127.0.0.1:{free_port()}",
        "LEADFLOW_TRACE_SHARE": "1",
        "OTEL_EXPORTER_OTLP_TIMEOUT": "1",
        "OTEL_BSP_SCHEDULE_DELAY": "50",
    }
    with make_server({**SETTINGS, **away}) as server:
        with server.start() as api:
            asked_for_a_demo(api, unique)
            assert plain_http.get(f"{server.url}/readyz", timeout=10).is_success
        server.stop()
        assert "Traceback" not in server.logs()
        assert len(server.logs()) < 20_000, "an exporter without a collector floods the log"
