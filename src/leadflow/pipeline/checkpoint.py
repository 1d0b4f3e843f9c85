"""A second memory of committed offsets, in the store: a group's offsets may expire, the place to go on from may not."""

import structlog

from leadflow.contracts.collections import CHECKPOINTS
from leadflow.contracts.documents import CheckpointDoc
from leadflow.ports import Assignment, Store, Unavailable

logger = structlog.get_logger(__name__)


def key_of(group: str, assignment: Assignment) -> str:
    """Where the checkpoint of a partition is kept."""
    return f"{group}:{assignment.topic}:{assignment.partition}"


async def resume(assignment: Assignment, key: str, store: Store) -> tuple[int, bool]:
    """Start at the later of the committed offset and the checkpoint; never silently at the log's beginning.

    Returns where that is, and whether the checkpoint lies behind it: its last owner may have died in between.
    """
    (checkpoint,) = await store.get(CHECKPOINTS, [key])
    saved = checkpoint.value.offset if checkpoint is not None else 0
    if saved > assignment.position:
        assignment.seek(saved)
    return assignment.position, saved < assignment.position


async def save(store: Store, key: str, offset: int) -> bool:
    """Remember a committed offset; False when it has to be tried again."""
    document = CheckpointDoc(offset=offset)
    try:
        (known,) = await store.get(CHECKPOINTS, [key])
        if known is None:
            (done,) = await store.insert(CHECKPOINTS, [(key, document)])
            return done is not None
        if known.value.offset < offset:
            (done,) = await store.replace(CHECKPOINTS, [(key, document, known.rev)])
            return done is not None
    except Unavailable as error:
        logger.warning("checkpoint_not_written", key=key, error=str(error))
        return False
    return True
