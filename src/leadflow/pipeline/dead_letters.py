"""How many records a consumer may put aside before it has to stop: a bad deploy must not empty the log into `rejected`.

One bad record harms itself alone. When most of them are bad, it is the code.
"""

import traceback
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import PurePath

from leadflow.ports import LeadflowError

_WINDOW = 1_000  # records: the latest ones are judged
_FEWEST = 100  # put aside among them: below, nothing stops a consumer

Batch = tuple[int, int]
"""(partition, offset of the first record)."""


class TooManyRejected(LeadflowError):
    """Most of the latest records could not be processed: the consumer stops, nothing of this batch is committed."""


def cause(error: Exception) -> str:
    """The kind of an error and the place that raised it. Its text may quote a person, so it is left out."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" in {frames[-1].name} ({PurePath(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return type(error).__name__ + place


@dataclass(slots=True)
class RejectedShare:
    """The share of records that one consumer has put aside lately. `limit` 1 never stops it.

    Counted are records on which our code failed or which it could not read; what the rules refuse is the sender's.
    """

    limit: float = 0.5
    window: int = _WINDOW
    fewest: int = _FEWEST
    _batches: OrderedDict[Batch, tuple[int, int]] = field(default_factory=OrderedDict)

    def admit(self, batch: Batch, records: int, rejected: int) -> None:
        """Judge a batch before anything of it is written. Raises TooManyRejected. Reading it again counts once."""
        self._batches.pop(batch, None)
        self._batches[batch] = (records, rejected)
        total = sum(count for count, _ in self._batches.values())
        while total - (oldest := next(iter(self._batches.values())))[0] >= self.window:
            self._batches.popitem(last=False)
            total -= oldest[0]
        bad = sum(count for _, count in self._batches.values())
        if bad >= self.fewest and bad > self.limit * total:
            raise TooManyRejected(
                f"{bad} of the latest {total} records could not be processed, more than LEADFLOW_MAX_REJECTED_SHARE "
                f"({self.limit:g}) allows: nothing of this batch was written; repair the code or the model and start "
                "again, or set it to 1 to put them all aside"
            )
