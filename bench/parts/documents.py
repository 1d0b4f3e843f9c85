"""What a touchpoint costs the store: documents and requests a touchpoint, bytes a document, as sent and compressed.

Traffic: many people, in batches as small as a tier of a million profiles sees them. Weights: few people who live
through a quarter's touchpoints each.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

import uvloop
from aiokafka import codec

from bench.events import NEW_SHARE, Events
from bench.footprint.metered_store import MeteredStore, as_sent
from bench.footprint.padding import incompressible
from bench.goals import Figure
from bench.options import Options
from bench.people import Crowd
from bench.population import populate
from bench.workbench import Workbench
from leadflow.adapters.log_memory import MemoryLog
from leadflow.adapters.system_clock import SystemClock
from leadflow.contracts import topics
from leadflow.contracts.collections import IDENTITIES, LEADS, PROFILES, TOUCHPOINTS, Collection

KEPT: tuple[Collection[Any], ...] = (TOUCHPOINTS, LEADS, PROFILES, IDENTITIES)
EACH = 90  # touchpoints a person
TINY, SMALL, LARGE = 5, 50, 1_000  # touchpoints between two looks of a hop
BATCHES = 20
MOST_PEOPLE = 20_000
BLOCK_BYTES = 16 * 1024  # what RocksDB compresses as one in ArangoDB
ENTRY_BYTES = 24  # of an index entry besides its values: the index's and the document's numbers, and their framing
HOPS = ("processor", "resolver", "scoring")


def measure(options: Options) -> list[Figure]:
    """Count the traffic of many people, then weigh what a few have left."""
    return uvloop.run(_measure(options))


async def _measure(options: Options) -> list[Figure]:
    people = max(1, options.events // EACH)
    _, few = await _lived(people, people * EACH // LARGE, LARGE)
    crowd = min(options.profiles, MOST_PEOPLE)
    _, tiny = await _lived(crowd, BATCHES, TINY)
    bench, many = await _lived(crowd, BATCHES, SMALL)
    traffic = {
        **_traffic(bench, many, BATCHES * SMALL),
        "requests": many.counts["requests"] / (BATCHES * SMALL),
        "requests_in_tiny_batches": tiny.counts["requests"] / (BATCHES * TINY),
    }
    weights = {collection.name: await _weigh(few, collection) for collection in KEPT}
    identities = weights[IDENTITIES.name]
    identities["each_profile"] = identities["documents"] / weights[PROFILES.name]["documents"]
    return [
        Figure("store/touchpoint", traffic["written_bytes"], traffic),
        *(Figure(f"store/{name}", weight["stored_bytes"], weight) for name, weight in weights.items()),
    ]


async def _lived(people: int, batches: int, batch: int) -> tuple[Workbench, MeteredStore]:
    """Let so many people live through so many batches; the counts are of these alone."""
    clock, store = SystemClock(), MeteredStore()
    bench = Workbench(MemoryLog(partitions=1, clock=clock), store, clock)
    await populate(store, people)
    store.counts.clear()
    events = Events(Crowd(people, 1))
    for number in range(batches):
        await bench.send(incompressible(events.take(batch), seed=number))
        for hop in HOPS:
            await bench.drain(getattr(bench, hop))
    return bench, store


def _traffic(bench: Workbench, store: MeteredStore, touchpoints: int) -> dict[str, float]:
    """Documents by what is done with them, bytes written and news about identity, all a touchpoint."""
    done = {what: store.counts[what] / touchpoints for what in ("read", "inserted", "replaced", "written_bytes")}
    return {
        **done,
        "evidence": bench.written[topics.IDENTITY] / touchpoints,
        "new_people": NEW_SHARE,
        "touchpoints": float(touchpoints),
    }


async def _weigh(store: MeteredStore, collection: Collection[Any]) -> dict[str, float]:
    """Mean bytes of a document: as sent, in compressed blocks, and of its entries in the indexes."""
    bodies = [body async for body in _bodies(store, collection)]
    stored = sum(len(codec.lz4_encode(block)) for block in _blocks(bodies))
    return {
        "sent_bytes": sum(map(len, bodies)) / len(bodies),
        "stored_bytes": stored / len(bodies),
        "index_bytes": float(_index_bytes(collection)),
        "documents": float(len(bodies)),
    }


def _index_bytes(collection: Collection[Any]) -> int:
    """Bytes of the entries of one document, not compressed: keys and digests of 32 digits, other values of 8 bytes."""
    widths = [sum(8 if collection.fields[name] is int else 32 for name in index) for index in collection.indexes]
    return sum(width + ENTRY_BYTES for width in (32, *widths))  # the first is the primary index


async def _bodies(store: MeteredStore, collection: Collection[Any]) -> AsyncIterator[bytes]:
    after = None
    while page := await store.find(collection, limit=1_000, after=after):
        for stored in page:
            yield as_sent(collection, stored.key, stored.value)
        after = ("", page[-1].key)


def _blocks(bodies: Sequence[bytes]) -> Iterator[bytes]:
    block = bytearray()
    for body in bodies:
        block += body
        if len(block) >= BLOCK_BYTES:
            yield bytes(block)
            block.clear()
    if block:
        yield bytes(block)
