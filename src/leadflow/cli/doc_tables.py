"""`leadflow settings`: the tables of the documentation that are made from the code, so that they cannot be wrong."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import typer
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from leadflow import metrics
from leadflow.runtime.kafka_settings import KafkaSettings
from leadflow.runtime.settings import PREFIX, Settings

_BEGIN, _END = "<!-- table: made by `make docs` -->", "<!-- end of table -->"


@dataclass(frozen=True, slots=True)
class DocTable:
    """A table and the page that it stands in, between marks."""

    page: Path
    make: Callable[[], str]

    def renewed(self, text: str) -> str:
        """Return the page's text with the table as it should be. ValueError if the marks are gone."""
        before, begin, rest = text.partition(_BEGIN)
        _, end, after = rest.partition(_END)
        if not begin or not end:
            raise ValueError(f"{self.page} has lost its marks {_BEGIN!r} and {_END!r}")
        return f"{before}{_BEGIN}\n{self.make()}\n{_END}{after}"


def settings_table() -> str:
    """Return every variable with its default and meaning, in Markdown; those of Kafka come last."""
    settings = sorted(Settings.model_fields.items(), key=lambda item: item[0] in KafkaSettings.model_fields)
    rows = [
        f"| `{PREFIX}{name.upper()}` | {_default(field)} | {(field.description or '').replace('|', chr(92) + '|')} |"
        for name, field in settings
    ]
    return "\n".join(["| variable | default | meaning |", "|---|---|---|", *rows])


def _default(field: FieldInfo) -> str:
    """Write a default as it would be given; a secret has none."""
    value = field.default
    if value is None or value == "" or isinstance(value, SecretStr):
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def metrics_table() -> str:
    """Return every metric with its kind, labels and meaning, in Markdown; what all hops have is there once."""
    rows = [_row(metric) for name, metric in vars(metrics).items() if name.isupper() and hasattr(metric, "describe")]
    for field in fields(metrics.PROCESSOR):
        row = _row(getattr(metrics.PROCESSOR, field.name))
        rows.append(row.replace("leadflow_processor_", "leadflow_<hop>_").replace("processor", "the hop"))
    return "\n".join(["| metric | kind | labels | what it says |", "|---|---|---|---|", *sorted(rows)])


def _row(metric: Any) -> str:
    """Return a metric's line. A counter is read under its name with `_total`."""
    (family,) = metric.describe()
    name = f"{family.name}_total" if family.type == "counter" else family.name
    # No public attribute tells the labels of a metric before they were used.
    labels: Sequence[str] = getattr(metric, "_labelnames", ()) or getattr(family, "_labelnames", ())
    return f"| `{name}` | {family.type} | {', '.join(labels)} | {family.documentation} |"


TABLES = (
    DocTable(Path("docs/configuration.md"), settings_table),
    DocTable(Path("docs/operations.md"), metrics_table),
)


def write_tables(*, check: bool) -> None:
    """Write the tables into their pages, or exit with code 1 if one is not what it should be."""
    for table in TABLES:
        text = table.page.read_text(encoding="utf-8")
        if check and table.renewed(text) != text:
            typer.echo(f"{table.page} does not show the code as it is: run `make docs`", err=True)
            raise typer.Exit(1)
        if not check:
            table.page.write_text(table.renewed(text), encoding="utf-8")
        typer.echo(f"the table in {table.page} is current")
