"""The embedded run of the same touchpoints: an undisturbed `leadflow up` over a log that holds them already."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from e2e.server import SETTINGS
from fire.member import Member
from kill.files import read, settle
from pipeline.aftermath import Aftermath, components, records_of

from leadflow.adapters.log_sqlite import SqliteLog
from leadflow.contracts import topics
from leadflow.contracts.documents import TouchpointDoc
from leadflow.core.scoring.model import Model
from leadflow.core.time import DAY
from leadflow.ports import Emit, Record

SETTLE_SECONDS = 900.0  # 50,000 touchpoints on a busy machine


@dataclass(frozen=True, slots=True)
class Reference:
    """What the embedded run has left behind, and all that reached its leads."""

    aftermath: Aftermath
    resolved: Sequence[Record]


def embedded_run(folder: Path, seen: Aftermath, order: Sequence[str]) -> Reference:
    """Run what another run has stored, in the given order of its touchpoints' keys; what sales did comes last.

    All of a source go by one partition, so that this order is kept.

    Sales name a profile, and which profile a person's identifiers end up with may depend on who came first: an action
    goes to the profile that has the same identifiers here.
    """
    data = folder / "data"
    data.mkdir(parents=True)
    server = Member("up", 0, folder, {**SETTINGS, "LEADFLOW_DATA": str(data)})
    documents = {key: seen.touchpoints[key] for key in order}
    _run(server, data, [_emit(document) for document in documents.values() if document.value.target is None])
    here = _profiles(asyncio.run(read(data)))
    actions = [document for document in documents.values() if document.value.target is not None]
    if actions:
        groups = seen.groups()
        _run(server, data, [_emit(one, here[min(groups[seen.root(one.value.target)])]) for one in actions])
    return asyncio.run(_read(data))


def _run(server: Member, data: Path, emits: Sequence[Emit]) -> None:
    """Put records into the log, and let the pipeline work them off."""
    asyncio.run(_append(data, emits))
    server.start()
    try:
        server.wait_until_ready()
        asyncio.run(settle(data, SETTLE_SECONDS))
        server.ask_to_stop()
        server.wait_until_stopped()
    finally:
        server.kill()


def _emit(document: TouchpointDoc, target: str | None = None) -> Emit:
    value = document.value if target is None else msgspec.structs.replace(document.value, target=target)
    return Emit(topic=topics.TOUCHPOINTS, key=document.source, value=msgspec.json.encode(value))


def _profiles(there: Aftermath) -> Mapping[str, str]:
    """The root of each identifier (`type:value`)."""
    return {identifier: root for root, group in there.groups().items() for identifier in group}


async def _append(data: Path, emits: Sequence[Emit]) -> None:
    log = await SqliteLog.open(data / "log.db")
    try:
        for start in range(0, len(emits), 1_000):
            await log.append(emits[start : start + 1_000])
    finally:
        await log.close()


async def _read(data: Path) -> Reference:
    log = await SqliteLog.open(data / "log.db")
    try:
        return Reference(await read(data), await records_of(log, topics.RESOLVED))
    finally:
        await log.close()


def differences(seen: Aftermath, other: Aftermath, model: Model) -> Iterator[str]:
    """The same people with the same scores, to the last bit; and the people that the touchpoints connect."""
    if set(seen.groups().values()) != components(seen.touchpoints.values()):
        yield "the profiles are not what the touchpoints connect"
    at = max(document.at for document in seen.touchpoints.values()) + DAY
    found, expected = seen.worth(model, at), other.worth(model, at)
    for who in found.keys() ^ expected.keys():
        yield f"only {'the embedded run' if who in expected else 'this run'} has a lead for {sorted(who)[:4]}"
    for who in found.keys() & expected.keys():
        if found[who] != expected[who]:
            yield f"the embedded run has another score for {sorted(who)[:4]}"
