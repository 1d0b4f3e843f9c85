"""`leadflow schemas`: write schemas/ from the wire types, and hold them to what was released."""

import json
from collections.abc import Iterator
from pathlib import Path

import typer

from leadflow.contracts.compatibility import breaks
from leadflow.contracts.schemas import CONTRACTS, files

BASELINE = "baseline"


def drift(folder: Path) -> Iterator[str]:
    """Yield a sentence for each schema file that is not what the wire types say."""
    expected = files()
    for name, content in expected.items():
        path = folder / name
        if not path.exists() or path.read_bytes() != content:
            yield f"{path} differs from the wire types: run `make schemas`"
    for path in sorted(folder.glob("*.json")):
        if path.name not in expected:
            yield f"{path} belongs to no topic: delete it"


def incompatible(folder: Path) -> Iterator[str]:
    """Yield each change since the released baseline that would break a reader."""
    current = files()
    for contract in CONTRACTS:
        name = f"{contract.topic}.json"
        released = folder / BASELINE / name
        if released.exists():
            old, new = json.loads(released.read_text(encoding="utf-8")), json.loads(current[name])
            yield from (f"{contract.topic} {found}" for found in breaks(old, new, forward=contract.public))


def write(folder: Path) -> None:
    """Write every schema file."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files().items():
        (folder / name).write_bytes(content)


def schemas(*, check: bool, release: bool, breaking: bool, folder: Path) -> None:
    """Generate, check, or take over as the new baseline. Exit code 1 when a check fails."""
    problems = [*drift(folder), *incompatible(folder)] if check else []
    if release:
        problems = [] if breaking else list(incompatible(folder))
    if problems:
        typer.echo("\n".join(problems), err=True)
        typer.echo("what may change, and how to break on purpose: docs/contracts.md", err=True)
        raise typer.Exit(1)
    if not check:
        write(folder)
    if release:
        write(folder / BASELINE)
    typer.echo(f"{len(CONTRACTS)} schemas {'are current and compatible' if check else f'written to {folder}'}")
