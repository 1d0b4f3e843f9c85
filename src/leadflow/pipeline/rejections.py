"""What was refused gets a receipt: each record of `rejected` is entered in the store, without its body."""

from collections.abc import Sequence

import msgspec

from leadflow import metrics
from leadflow.contracts.collections import REJECTIONS
from leadflow.contracts.documents import RejectionDoc
from leadflow.contracts.touchpoint import Rejected
from leadflow.core.identity.hashing import Hasher
from leadflow.pipeline.hop import Step
from leadflow.ports import Record, Store

_decoder = msgspec.json.Decoder(Rejected)


class Rejections:
    """Takes the steps of the consumer of `rejected`. The first rejection of a message stands."""

    def __init__(self, store: Store, hasher: Hasher) -> None:
        self._store = store
        self._hasher = hasher

    async def step(self, records: Sequence[Record]) -> Step:
        """Enter each rejection that names its message."""
        documents: dict[str, RejectionDoc] = {}
        for record in records:
            try:
                rejected = _decoder.decode(record.value or b"")
            except msgspec.MsgspecError:  # a dead letter of something else: it stays in the topic
                metrics.REJECTIONS.rejected.labels("malformed_record").inc()
                continue
            if rejected.message_id:
                key = self._hasher.touchpoint(rejected.source, rejected.message_id)
                documents.setdefault(key, _document(rejected, rejected.message_id))
        await self._store.insert(REJECTIONS, list(documents.items()))
        return Step(records[-1].offset + 1, ())


def _document(rejected: Rejected, message_id: str) -> RejectionDoc:
    return RejectionDoc(
        source=rejected.source,
        message_id=message_id,
        hop=rejected.hop,
        code=rejected.code,
        reason=rejected.reason,
        at=rejected.at,
    )
