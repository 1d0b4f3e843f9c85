"""Traces over OTLP/HTTP, by OpenTelemetry's SDK: spans wait in a bounded queue and leave on a thread of their own."""

import asyncio
import random
from collections.abc import Sequence
from threading import Timer

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

from leadflow import metrics
from leadflow.core.trace_context import TraceContext
from leadflow.ports import Span

_GRACE = 2.0  # seconds that a stop waits for the last spans
_KINDS = {
    "server": trace.SpanKind.SERVER,
    "consumer": trace.SpanKind.CONSUMER,
    "producer": trace.SpanKind.PRODUCER,
}
_NOWHERE = TraceContext("0" * 32, "0" * 16)


class OtlpTracer:
    """`ports.Tracer`. Begins and finishes on the event loop's thread only."""

    def __init__(self, service: str, version: str, *, endpoint: str | None, share: float) -> None:
        """`endpoint`: base URL of the collector, None: what OTEL_EXPORTER_OTLP_* say; `share`: of new traces."""
        self._share = share
        self._random = random.SystemRandom()
        self._ids = _GivenIds()
        self._exporter = _Exporter(f"{endpoint.rstrip('/')}/v1/traces" if endpoint else None)
        given = Resource({SERVICE_NAME: service, SERVICE_VERSION: version})
        self._provider = TracerProvider(
            sampler=ALWAYS_ON,  # decided before: only what is to be seen gets here
            resource=Resource.create().merge(given).merge(OTELResourceDetector().detect()),
            id_generator=self._ids,
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(BatchSpanProcessor(self._exporter))
        self._tracer = self._provider.get_tracer("leadflow", version)

    def begin(self, parent: TraceContext | None) -> TraceContext | None:
        """See `ports.Tracer`."""
        if parent is None:
            if self._random.random() >= self._share:
                return None
            return TraceContext(self._digits(32), self._digits(16))
        return TraceContext(parent.trace, self._digits(16)) if parent.sampled else None

    def finish(self, span: Span) -> None:
        """See `ports.Tracer`. The queue's length and the batches' are OTEL_BSP_MAX_QUEUE_SIZE and its like."""
        self._ids.context = span.context
        sent = self._tracer.start_span(
            span.name,
            _inside(span.parent),
            kind=_KINDS[span.kind],
            attributes=dict(span.attributes),
            start_time=span.began,
        )
        if span.failed:
            sent.set_status(trace.StatusCode.ERROR)
        sent.end(span.ended)

    async def close(self) -> None:
        """Send what waits, for a moment; without a collector it is given up."""
        giving_up = Timer(_GRACE, self._exporter.shutdown)
        giving_up.daemon = True
        giving_up.start()
        await asyncio.to_thread(self._provider.shutdown)
        giving_up.cancel()

    def _digits(self, count: int) -> str:
        """So many hexadecimal digits, not all of them zero."""
        return f"{self._random.randrange(1, 16**count):0{count}x}"


class _GivenIds(IdGenerator):
    """Spans get the ids that have been given out for them."""

    context = _NOWHERE

    def generate_span_id(self) -> int:
        return int(self.context.span, 16)

    def generate_trace_id(self) -> int:
        return int(self.context.trace, 16)


class _Exporter(OTLPSpanExporter):
    """Counts what was sent and what was not."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = super().export(spans)
        metrics.TRACE_SPANS.labels("sent" if result is SpanExportResult.SUCCESS else "failed").inc(len(spans))
        return result


def _inside(parent: TraceContext | None) -> Context:
    """What the SDK calls the current span."""
    if parent is None:
        return Context()
    context = trace.SpanContext(
        trace_id=int(parent.trace, 16),
        span_id=int(parent.span, 16),
        is_remote=True,
        trace_flags=trace.TraceFlags(trace.TraceFlags.SAMPLED),
    )
    return trace.set_span_in_context(trace.NonRecordingSpan(context), Context())
