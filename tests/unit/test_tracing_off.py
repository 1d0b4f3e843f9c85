"""Without LEADFLOW_TRACING nothing knows of traces: it is decided once, where the parts are put together."""

import subprocess
import sys

import pytest

from leadflow.adapters.log_memory import MemoryLog
from leadflow.adapters.store_memory import MemoryStore
from leadflow.adapters.system_clock import SystemClock
from leadflow.cli.compose import EVERYTHING, Composition, compose
from leadflow.core.identity.hashing import Hasher
from leadflow.core.trace_context import TraceContext
from leadflow.ports import Ports, Span
from leadflow.runtime.health import Health
from leadflow.runtime.secrets import Secrets
from leadflow.runtime.settings import Settings, SettingsError, load_settings
from leadflow.runtime.tracing import open_tracer
from leadflow_observer.app import Observer

PORTS = Ports(log=MemoryLog(), store=MemoryStore(), clock=SystemClock(), hasher=Hasher(b"a secret of the tests"))


class Tracer:
    """One that is not asked here."""

    def begin(self, parent: TraceContext | None) -> TraceContext | None:
        """Trace nothing."""
        return parent

    def finish(self, span: Span) -> None:
        """Take it."""


def composed(tracer: Tracer | None) -> Composition:
    """Everything in one process."""
    secrets = Secrets({"key": "web"}, "token", b"a secret of the tests")
    return compose(EVERYTHING, Settings(), secrets, PORTS, Health(), tracer=tracer)


def test_without_a_tracer_hops_and_requests_are_what_they_are() -> None:
    """No wrapper around a step, an application or the log."""
    plain = composed(None)
    assert isinstance(plain.site.observer, Observer)
    assert [hop.step.__qualname__ for hop in plain.hops] == [  # type: ignore[attr-defined]  # methods have names
        "Processor.step", "Resolver.step", "Rejections.step", "Scorer.step"
    ]  # fmt: skip
    with_one = composed(Tracer())
    assert not isinstance(with_one.site.observer, Observer)


async def test_opentelemetry_is_loaded_only_where_it_is_asked_for() -> None:
    """Neither by the program nor by any service; `off` opens no tracer. Its bare API comes with FastAPI."""
    program = (
        "import sys, leadflow.cli.main, leadflow.cli.run as run; "
        "import leadflow_observer.app, leadflow_admin_api.app, leadflow_processor.service, leadflow_scoring.service; "
        "import leadflow.adapters.log_kafka; "
        "sys.exit(any(name.startswith(('opentelemetry.sdk', 'opentelemetry.exporter')) for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0  # noqa: S603, ASYNC221 - our own
    async with open_tracer(load_settings(), "leadflow") as tracer:
        assert tracer is None


async def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to install, before anything has started."""
    monkeypatch.delitem(sys.modules, "leadflow.adapters.tracing_otlp", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    monkeypatch.setenv("LEADFLOW_TRACING", "otlp")
    with pytest.raises(SettingsError, match=r"install leadflow\[tracing\]"):
        async with open_tracer(load_settings(), "leadflow"):
            pass


@pytest.mark.parametrize(
    "url", ["collector:4318", "ftp://collector", "http://user:password@collector:4318", "http://a b"]
)
def test_an_endpoint_is_a_url_without_a_password(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """OTEL_EXPORTER_OTLP_HEADERS is for credentials: this one shows in logs."""
    monkeypatch.setenv("LEADFLOW_OTLP_ENDPOINT", url)
    with pytest.raises(SettingsError, match="LEADFLOW_OTLP_ENDPOINT"):
        load_settings()
