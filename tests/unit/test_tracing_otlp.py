"""Who is traced, and what happens to spans that nobody takes."""

import gc
import logging
import sys
from collections.abc import AsyncIterator

import pytest
from e2e.server import free_port
from opentelemetry.sdk.trace import ReadableSpan

from leadflow import metrics
from leadflow.adapters.tracing_otlp import OtlpTracer
from leadflow.core.trace_context import TraceContext
from leadflow.ports import Span

SENDER = TraceContext("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")
QUEUE, BATCH = 200, 50


@pytest.fixture
async def tracer(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[OtlpTracer]:
    """A tracer with a short queue and nobody at the other end."""
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", str(QUEUE))
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", str(BATCH))
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.2")
    made = OtlpTracer("leadflow", "1", endpoint=f"http://127.0.0.1:{free_port()}", share=0.25)
    yield made
    await made.close()


def span(number: int) -> Span:
    """One of many."""
    context = SENDER.inner(str(number))
    return Span(name="n", kind="server", context=context, parent=SENDER, began=1, ended=2, attributes={"a": "b" * 100})


async def test_the_senders_decision_stands(tracer: OtlpTracer) -> None:
    """In its trace, in a span of our own; or not at all."""
    begun = tracer.begin(SENDER)
    assert begun is not None
    assert (begun.trace, begun.sampled) == (SENDER.trace, True)
    assert begun.span != SENDER.span
    assert tracer.begin(TraceContext(SENDER.trace, SENDER.span, sampled=False)) is None


async def test_a_share_of_what_comes_without_a_trace_begins_one(tracer: OtlpTracer) -> None:
    """About a quarter, each with ids of its own."""
    begun = [context for _ in range(2_000) if (context := tracer.begin(None))]
    assert 350 < len(begun) < 650
    assert len({context.trace for context in begun}) == len({context.span for context in begun}) == len(begun)


def _alive() -> int:
    """How many spans there are, as of one instant: what failed before it is garbage, and kept nowhere."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(10)  # seconds, so that no other thread runs between the two calls
    try:
        gc.collect()
        return sum(type(thing) is ReadableSpan for thing in gc.get_objects())
    finally:
        sys.setswitchinterval(interval)


async def test_spans_that_nobody_takes_are_given_up_in_bounded_memory(
    tracer: OtlpTracer, caplog: pytest.LogCaptureFixture
) -> None:
    """A queue of so many, whatever comes; what has left it without being taken is counted."""
    caplog.set_level(logging.CRITICAL, "opentelemetry")  # pytest keeps what is logged, and with it each failed batch
    failed = metrics.TRACE_SPANS.labels("failed")
    before = failed._value.get()
    most = 0
    for number in range(20 * QUEUE):
        tracer.finish(span(number))
        if number % QUEUE == QUEUE - 1:
            most = max(most, _alive())
    assert 0 < most <= QUEUE + 2 * BATCH, "those that wait, and those on their way"
    await tracer.close()
    assert failed._value.get() > before
