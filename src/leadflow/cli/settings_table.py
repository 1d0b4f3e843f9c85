"""`leadflow settings`: the table in docs/configuration.md, made from the settings themselves."""

from pathlib import Path

import typer
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from leadflow.runtime.kafka_settings import KafkaSettings
from leadflow.runtime.settings import PREFIX, Settings

PAGE = Path("docs/configuration.md")
_BEGIN, _END = "<!-- table: made by `make docs` -->", "<!-- end of table -->"


def table() -> str:
    """Return every variable with its default and meaning, in Markdown."""
    rows = [
        f"| `{PREFIX}{name.upper()}` | {_default(field)} | {(field.description or '').replace('|', chr(92) + '|')} |"
        for name, field in sorted(Settings.model_fields.items(), key=lambda item: item[0] in KafkaSettings.model_fields)
    ]
    return "\n".join(["| variable | default | meaning |", "|---|---|---|", *rows])


def _default(field: FieldInfo) -> str:
    """Write a default as it would be given; a secret has none."""
    value = field.default
    if value is None or value == "" or isinstance(value, SecretStr):
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def renewed(page: str) -> str:
    """Return the page with the table as it should be. ValueError if the marks are gone."""
    before, begin, rest = page.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"{PAGE} has lost its marks {_BEGIN!r} and {_END!r}")
    return f"{before}{_BEGIN}\n{table()}\n{_END}{after}"


def settings_table(*, check: bool) -> None:
    """Write the table into its page, or exit with code 1 if it is not what it should be."""
    page = PAGE.read_text(encoding="utf-8")
    if check and renewed(page) != page:
        typer.echo(f"{PAGE} does not show the settings as they are: run `make docs`", err=True)
        raise typer.Exit(1)
    if not check:
        PAGE.write_text(renewed(page), encoding="utf-8")
    typer.echo(f"{len(Settings.model_fields)} settings are in {PAGE}")
