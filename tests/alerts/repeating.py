"""Something that is done again and again, beside what else happens."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

_SECONDS = 30.0  # that the last time may take


@contextmanager
def repeating(act: Callable[[], object], pause: float = 0.2, threads: int = 1) -> Iterator[None]:
    """Do it on threads of its own until the end, with a pause in between."""
    over = Event()

    def repeat() -> None:
        while not over.wait(pause):
            act()

    workers = [Thread(target=repeat, daemon=True) for _ in range(threads)]
    for worker in workers:
        worker.start()
    try:
        yield
    finally:
        over.set()
        for worker in workers:
            worker.join(_SECONDS)
