"""The rules that the chart ships, and the same ones on a faster clock."""

import re
from pathlib import Path

RULES = Path(__file__).resolve().parent.parent.parent / "helm" / "leadflow" / "files" / "rules"

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = r"(\d+)(ms|s|m|h|d)\b"
_WINDOW = re.compile(rf"\[{_DURATION}\]")
_FOR = re.compile(rf"(?m)^(\s*(?:for|interval|keep_firing_for): ){_DURATION}$")


def scaled(folder: Path, factor: float, shortest: float = 3.0, source: Path = RULES) -> list[Path]:
    """Write the rules into `folder` with each window and each `for` divided by `factor`; return the files.

    No window gets shorter than `shortest` seconds: it has to hold some scrapes. Thresholds stay as they are.
    """

    def window(found: re.Match[str]) -> str:
        return f"[{_shorter(found[1], found[2], factor, shortest)}]"

    def pause(found: re.Match[str]) -> str:
        return f"{found[1]}{_shorter(found[2], found[3], factor, 0.0)}"

    written = []
    for path in sorted(source.glob("*.yaml")):
        text = _FOR.sub(pause, _WINDOW.sub(window, path.read_text(encoding="utf-8")))
        written.append(folder / path.name)
        written[-1].write_text(text, encoding="utf-8")
    return written


def _shorter(number: str, unit: str, factor: float, shortest: float) -> str:
    seconds = max(int(number) * _UNITS[unit] / factor, shortest)
    return f"{round(seconds * 1000)}ms"
