"""From settings to a tracer: OpenTelemetry is loaded where LEADFLOW_TRACING asks for it, and nowhere else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from leadflow.ports import Tracer
from leadflow.runtime.settings import Settings, SettingsError


@asynccontextmanager
async def open_tracer(settings: Settings, service: str) -> AsyncIterator[Tracer | None]:
    """Open the tracer, and send its last spans at the end; None: nothing is traced. Raises SettingsError.

    `service`: its name in traces, where OTEL_SERVICE_NAME gives no other.
    """
    if not settings.traced:
        yield None
        return
    try:
        from leadflow.adapters.tracing_otlp import OtlpTracer  # noqa: PLC0415 - see above
    except ImportError as error:
        raise SettingsError(
            f"LEADFLOW_TRACING=otlp needs OpenTelemetry ({error.name} is missing): install leadflow[tracing]"
        ) from error
    tracer = OtlpTracer(service, version("leadflow"), endpoint=settings.otlp_endpoint, share=settings.trace_share)
    try:
        yield tracer
    finally:
        await tracer.close()
