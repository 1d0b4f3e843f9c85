"""How far a replay is: a bar on a terminal, a line for each tenth elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

_TENTHS = 10

Tell = Callable[[float], None]
"""Told which share is done, from 0 to 1."""


@contextmanager
def bar(console: Console, label: str) -> Iterator[Tell]:
    """Give a function that is told how far it is."""
    if not console.is_terminal:
        yield _lines(console, label)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(label, total=1.0)
        yield lambda share: progress.update(task, completed=share)


def _lines(console: Console, label: str) -> Tell:
    told = 0

    def tell(share: float) -> None:
        nonlocal told
        tenths = int(share * _TENTHS)
        if tenths > told:
            told = tenths
            console.print(f"{label}: {tenths * 100 // _TENTHS} %", highlight=False)

    return tell


def share_of(profile_id: str) -> float:
    """How far through all profile ids one is: they are hexadecimal hashes, evenly spread and read in order."""
    return int(profile_id[:8] or "0", 16) / 16**8
