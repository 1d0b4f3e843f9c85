"""The settings of traces: whether there are any, where they go, and how many."""

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings


class TracingSettings(BaseSettings):
    """`LEADFLOW_TRACING` and what goes with it; what OpenTelemetry's SDK reads of `OTEL_*` holds as well."""

    tracing: Literal["off", "otlp"] = Field(
        "off", description="`otlp`: OpenTelemetry traces from request to stage change, sent over OTLP/HTTP; or `off`."
    )
    otlp_endpoint: str | None = Field(
        None,
        pattern=r"^https?://[^\s/@]+(/[^\s@]*)?$",
        description="Base URL of the collector, as in `http://collector:4318`. "
        "Default: `OTEL_EXPORTER_OTLP_ENDPOINT`, or port 4318 of this machine.",
    )
    trace_share: float = Field(
        0.01,
        ge=0,
        le=1,
        description="Share of the requests that are traced where the sender's `traceparent` does not say.",
    )
