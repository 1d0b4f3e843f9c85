"""How far the simulation is: a bar on a terminal, a line now and then elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

_LINES = 10


@contextmanager
def progress(console: Console, label: str, total: int) -> Iterator[Callable[[int], None]]:
    """Give a function that is told how many more are done."""
    if not console.is_terminal:
        yield _lines(console, label, total)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(label, total=total)
        yield lambda more: bar.advance(task, more)


def _lines(console: Console, label: str, total: int) -> Callable[[int], None]:
    """Print a line for each tenth."""
    done = 0

    def advance(more: int) -> None:
        nonlocal done
        tenths, done = done * _LINES // max(1, total), done + more
        if done * _LINES // max(1, total) > tenths:
            console.print(f"{label} {done} of {total}", highlight=False)

    return advance
