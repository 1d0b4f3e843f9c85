"""A collector of traces as OpenTelemetry describes it: OTLP over HTTP in protobuf, kept in memory, on loopback."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from e2e.waiting import wait_for
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from leadflow.core.trace_context import TraceContext


@dataclass(frozen=True)
class Seen:
    """A span as it came."""

    name: str
    service: str
    context: TraceContext
    parent: str  # its span id, empty for the first of a trace
    attributes: dict[str, str]
    failed: bool


class Collector:
    """What has come so far."""

    def __init__(self, url: str) -> None:
        """`url`: where it listens."""
        self.url = url
        self.spans: list[Seen] = []

    def settings(self, share: float = 0) -> dict[str, str]:
        """Make Leadflow send here at once; `share` of what comes without a `traceparent`."""
        return {
            "LEADFLOW_TRACING": "otlp",
            "LEADFLOW_OTLP_ENDPOINT": self.url,
            "LEADFLOW_TRACE_SHARE": str(share),
            "OTEL_BSP_SCHEDULE_DELAY": "100",
        }

    def trace(self, trace: str, names: set[str]) -> list[Seen]:
        """Wait until a trace has spans of these names; all of its spans."""

        def look() -> list[Seen] | None:
            found = [span for span in list(self.spans) if span.context.trace == trace]
            return found if names <= {span.name for span in found} else None

        return wait_for(look, f"spans {sorted(names)} of {trace}")

    def take(self, body: bytes) -> None:
        """Decode what an exporter has sent."""
        for group in ExportTraceServiceRequest.FromString(body).resource_spans:
            service = next(one.value.string_value for one in group.resource.attributes if one.key == "service.name")
            self.spans += [_seen(span, service) for scope in group.scope_spans for span in scope.spans]


def _seen(span: Any, service: str) -> Seen:
    return Seen(
        name=span.name,
        service=service,
        context=TraceContext(span.trace_id.hex(), span.span_id.hex()),
        parent=span.parent_span_id.hex(),
        attributes={one.key: one.value.string_value or str(one.value.int_value) for one in span.attributes},
        failed=span.status.code == span.status.STATUS_CODE_ERROR,
    )


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.path == "/v1/traces":
                collector.take(body)
            self.send_response(200 if self.path == "/v1/traces" else 404)
            self.send_header("content-type", "application/x-protobuf")
            self.end_headers()
            self.wfile.write(ExportTraceServiceResponse().SerializeToString())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        collector = Collector(f"http://127.0.0.1:{server.server_port}")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield collector
        finally:
            server.shutdown()
