"""Somebody who follows the stage changes through everything: a plain consumer that reads what is committed."""

import asyncio
from threading import Event, Thread

import msgspec
from fire.reading import READ_COMMITTED, consumer

from leadflow.contracts.lead import StageChanged
from leadflow.contracts.topics import STAGE_CHANGES

_POLL_MS = 100
_decode = msgspec.json.Decoder(StageChanged).decode


class Subscriber(Thread):
    """Remembers every change in the order of its coming."""

    def __init__(self, bootstrap: str, isolation: str = READ_COMMITTED) -> None:
        """Nothing is read yet."""
        super().__init__(daemon=True)
        self.changes: list[StageChanged] = []
        self.failure: str | None = None
        self._cluster = bootstrap
        self._isolation = isolation
        self._finish = Event()

    def finish(self) -> None:
        """Let it stop; what was published before is read by then, as it waits for a poll that brings nothing."""
        self._finish.set()
        self.join(60)
        assert not self.is_alive(), "the subscriber does not come to its end"
        assert self.failure is None, f"the subscriber died: {self.failure}"

    def run(self) -> None:
        """Follow until told to finish and nothing more comes."""
        try:
            asyncio.run(self._follow())
        except Exception as error:  # noqa: BLE001 - whoever waits for this thread has to learn of it
            self.failure = repr(error)

    async def _follow(self) -> None:
        async with consumer(self._cluster, [STAGE_CHANGES], self._isolation) as reader:
            while True:
                last = self._finish.is_set()
                found = await reader.getmany(timeout_ms=_POLL_MS)
                for records in found.values():
                    self.changes += [_decode(record.value) for record in records]
                if last and not found:
                    return
