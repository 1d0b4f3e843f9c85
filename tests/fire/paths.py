"""Stage paths: the same wherever a lead's records arrived in the same order."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import merge
from itertools import zip_longest
from typing import Any

import msgspec
from pipeline.in_memory import FixedClock

from leadflow.adapters.log_memory import MemoryLog
from leadflow.adapters.store_memory import MemoryStore
from leadflow.contracts import topics
from leadflow.contracts.lead import StageChanged
from leadflow.contracts.resolved import Child, Cut, Link, Rescore, Resolved, ResolvedRecord, Unlink
from leadflow.core.scoring.model import Model
from leadflow.pipeline.scoring import Scorer
from leadflow.ports import Record

Path = tuple[StageChanged, ...]

_decode = msgspec.json.Decoder(ResolvedRecord).decode
_change = msgspec.json.Decoder(StageChanged).decode
_BATCH = 500


def in_order(resolved: Sequence[Sequence[Record]]) -> list[str]:
    """The touchpoints (keys of their documents) as they reached their leads: each partition's order is kept."""
    keys: dict[str, None] = {}
    for record in merge(*resolved, key=lambda one: one.timestamp):
        decoded = _decode(record.value or b"")
        if isinstance(decoded, Resolved):
            keys.setdefault(decoded.touchpoint)
    return list(keys)


def paths_of(changes: Iterable[StageChanged]) -> dict[str, Path]:
    """Each lead's changes, without the instants at which somebody happened to decide."""
    found: dict[str, list[StageChanged]] = defaultdict(list)
    for change in changes:
        found[change.profile_id].append(msgspec.structs.replace(change, decided_at=""))
    return {pid: tuple(path) for pid, path in found.items()}


async def decided_by_one(resolved: Sequence[Sequence[Record]], model: Model) -> dict[str, Path]:
    """What one scorer decides that reads exactly these records, each once, undisturbed."""
    log, store, clock = MemoryLog(), MemoryStore(), FixedClock()
    changes: list[StageChanged] = []
    for partition in resolved:
        scorer = Scorer(log, store, clock, model)
        # A recount with the same model changes nothing; without the touchpoints it cannot be done here.
        records = [record for record in partition if not isinstance(_decode(record.value or b""), Rescore)]
        for start in range(0, len(records), _BATCH):
            step = await scorer.step(records[start : start + _BATCH])
            changes += [_change(one.value or b"") for one in step.emits if one.topic == topics.STAGE_CHANGES]
    return paths_of(changes)


def arrivals(resolved: Iterable[Record]) -> dict[str, tuple[object, ...]]:
    """For each lead what reached it, in order, in words that mean the same in two runs."""
    found: dict[str, list[object]] = defaultdict(list)
    for record in resolved:
        decoded: Any = _decode(record.value or b"")
        match decoded:
            case Resolved():
                found[decoded.to].append(("touchpoint", decoded.touchpoint))
            case Link():
                found[decoded.to].append(("link", decoded.parent, decoded.gen, decoded.cause, decoded.at))
            case Unlink():
                found[decoded.to].append(("unlink", decoded.gen, decoded.cause))
            case Child():
                told = (decoded.linked_at, decoded.value, decoded.trigger, decoded.standings)
                found[decoded.to].append(("child", decoded.child, told))
            case Cut():
                found[decoded.to].append(("cut", decoded.child, decoded.gen, decoded.trigger))
    return {pid: tuple(records) for pid, records in found.items()}


def compared(
    resolved: Mapping[str, tuple[object, ...]],
    paths: Mapping[str, Path],
    other_resolved: Mapping[str, tuple[object, ...]],
    other_paths: Mapping[str, Path],
) -> tuple[int, list[str]]:
    """How many leads with a path saw the same records in the same order in both runs; and what differs in theirs."""
    same = [pid for pid, seen in resolved.items() if paths.get(pid) and other_resolved.get(pid) == seen]
    return len(same), [
        f"lead {pid} saw the same records as in the embedded run, but {_apart(paths[pid], other_paths.get(pid, ()))}"
        for pid in same
        if paths[pid] != other_paths.get(pid)
    ]


def _apart(path: Path, other: Path) -> str:
    """Where two paths part."""
    for one, two in zip_longest(path, other):
        if one != two:
            return f"where one went {one}, the other went {two}"
    return "they do not differ"


def differing(found: Mapping[str, Path], expected: Mapping[str, Path]) -> Iterator[str]:
    """The leads whose paths are not what one undisturbed scorer decides on the same records."""
    for pid in found.keys() | expected.keys():
        if found.get(pid) != expected.get(pid):
            yield f"lead {pid}, and one undisturbed scorer: {_apart(found.get(pid, ()), expected.get(pid, ()))}"
