"""What one worker of a test run has rendered, the others read: each combination takes helm a tenth of a second."""

import fcntl
import hashlib
from collections.abc import Callable
from pathlib import Path


class Shelf:
    """Texts by name, in a folder that belongs to one run; without a folder each is made by whoever asks."""

    def __init__(self) -> None:
        self.folder: Path | None = None

    def text(self, name: str, make: Callable[[], str]) -> str:
        """Return the text, made once: whoever asks meanwhile waits. What `make` raises, each hears for himself."""
        if self.folder is None:
            return make()
        self.folder.mkdir(exist_ok=True)
        file = self.folder / hashlib.sha256(name.encode()).hexdigest()
        with file.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not file.exists():
                unfinished = file.with_suffix(".new")
                unfinished.write_text(make(), encoding="utf-8")
                unfinished.replace(file)
        return file.read_text(encoding="utf-8")


RENDERED = Shelf()
