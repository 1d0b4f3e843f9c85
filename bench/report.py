"""The figures as a table for people, as JSON for programs, and a history in which a regression shows."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from bench import machine
from bench.goals import GOALS, Figure
from bench.options import Options

HISTORY = Path(__file__).parent / "history.jsonl"
_SAME_MACHINE = ("processor", "cores", "python")
_NOTICED = 0.05  # a change smaller than this is noise

Run = dict[str, Any]


def run_of(figures: Sequence[Figure], options: Options) -> Run:
    """Return everything about a run, ready to be encoded."""
    return {
        "at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "commit": machine.commit(),
        "machine": machine.describe(),
        "options": msgspec.to_builtins(options),
        "figures": {figure.name: round(figure.value, 4) for figure in figures},
        "detail": {figure.name: {key: round(value, 4) for key, value in figure.detail.items()} for figure in figures},
    }


def table(run: Run, history: Sequence[Run]) -> str:
    """Write one line per figure: value, goal, verdict, and the change since the last run on such a machine."""
    before = _last_alike(run, history)
    lines = [f"{'':16} {'value':>9} {'accept':>8} {'aim':>8}  {'':7} {'change':>7}  what"]
    for name, value in run["figures"].items():
        goal = GOALS[name]
        change = _change(value, before.get("figures", {}).get(name))
        lines.append(
            f"{name:16} {_number(value):>9} {_number(goal.accept):>8} {_number(goal.aim):>8}  "
            f"{goal.verdict(value):7} {change:>7}  {goal.what}"
        )
        detail = run["detail"][name]
        lines.append("  " + ", ".join(f"{key} {_number(number)}" for key, number in detail.items()))
    described = ", ".join(f"{key} {value}" for key, value in run["machine"].items())
    return "\n".join([*lines, f"commit {run['commit']}; {described}"])


def read_history() -> list[Run]:
    """Return the runs that were recorded, oldest first."""
    if not HISTORY.exists():
        return []
    return [msgspec.json.decode(line) for line in HISTORY.read_bytes().splitlines()]


def record(run: Run) -> None:
    """Append a run to the history."""
    with HISTORY.open("ab") as file:
        file.write(msgspec.json.encode(run) + b"\n")


def _last_alike(run: Run, history: Sequence[Run]) -> Mapping[str, Any]:
    alike = (
        past for past in reversed(history) if all(past["machine"][key] == run["machine"][key] for key in _SAME_MACHINE)
    )
    return next(alike, {})


def _change(value: float, before: float | None) -> str:
    if not before:
        return ""
    change = value / before - 1
    return "=" if abs(change) < _NOTICED else f"{change:+.0%}"


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"  # noqa: PLR2004  above it, decimals say nothing
