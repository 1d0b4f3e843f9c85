"""What scoring's own work is made of: each stage alone, over the same records, in CPU time per event."""

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from statistics import median
from typing import TypeVar

import msgspec
import uvloop

from bench.events import Events
from bench.goals import Figure
from bench.options import Options
from bench.people import Crowd
from bench.workbench import MODEL, Workbench
from leadflow.adapters.log_memory import MemoryLog
from leadflow.adapters.store_memory import MemoryStore
from leadflow.adapters.system_clock import SystemClock
from leadflow.contracts import topics
from leadflow.contracts.documents import LeadDoc
from leadflow.contracts.resolved import Resolved
from leadflow.core.scoring.evaluate import appraise
from leadflow.core.scoring.stages import Standing, Trigger, advance, trigger_of
from leadflow.core.scoring.tally import EMPTY, Tally, add, match
from leadflow.core.touchpoint import Signal
from leadflow.pipeline.scoring.counting import signal_of
from leadflow.pipeline.scoring.lead import Judge, apply, finish
from leadflow.runtime.garbage import collect_rarely

_ROUNDS = 5
_decode = msgspec.json.Decoder(Resolved).decode
_encode = msgspec.json.Encoder().encode
_decode_lead = msgspec.json.Decoder(LeadDoc).decode


T = TypeVar("T")


class Stopwatch:
    """CPU seconds by stage, one entry for each round."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = defaultdict(list)

    def take(self, stage: str, work: Iterable[T]) -> list[T]:
        """Do the lazy work of a stage and note what it took."""
        began = time.process_time()
        result = list(work)
        self.seconds[stage].append(time.process_time() - began)
        return result


def measure(options: Options) -> list[Figure]:
    """Take the touchpoints that the processor sends straight on through the stages of scoring, one stage at a time."""
    values = uvloop.run(_resolved(options))
    watch = Stopwatch()
    collect_rarely()  # as every part of Leadflow does
    for _ in range(_ROUNDS):
        _through(values, watch)
    # By event, also what is done once a lead.
    stages = {name: 1e6 * median(seconds) / len(values) for name, seconds in watch.seconds.items()}
    return [Figure("scoring/stages", sum(stages.values()), stages)]


async def _resolved(options: Options) -> list[bytes]:
    """Records of `resolved`, as the processor wrote them."""
    clock = SystemClock()
    log = MemoryLog(partitions=1, clock=clock)
    bench = Workbench(log, MemoryStore(), clock)
    await bench.send(Events(Crowd(options.profiles, 1)).take(options.events))
    await bench.drain(bench.processor)
    records = await log.read(topics.RESOLVED, 0, 0, options.events)
    return [record.value for record in records if record.value is not None]


def _through(values: Sequence[bytes], watch: Stopwatch) -> None:
    """Take the records through all stages once."""
    records = watch.take("decode", map(_decode, values))
    signals = watch.take("read", (signal_of(one.value, one.contacts) for one in records))
    matched = watch.take("match", (match(signal, MODEL) for signal in signals))
    tallies = watch.take("count", _counted(records, signals, matched))
    heard = zip(signals, matched, strict=True)
    triggers = watch.take("trigger", (trigger_of(signal, rules, MODEL) for signal, rules in heard))
    watch.take("decide", _decided(records, tallies, triggers))
    leads = list(_leads(records).items())
    watch.take("appraise", (appraise(lead.own, MODEL, lead.standing.clock) for _, lead in leads))
    finished = watch.take("appraise and view", (finish(lead, Judge(pid, MODEL, 0)) for pid, lead in leads))
    encoded = watch.take("encode lead", map(_encode, finished))
    watch.take("decode lead", map(_decode_lead, encoded))
    both = watch.seconds.pop("appraise and view")[-1]
    watch.seconds["view"].append(both - watch.seconds["appraise"][-1])


def _counted(
    records: Sequence[Resolved], signals: Sequence[Signal], matched: Sequence[tuple[str, ...]]
) -> Iterator[Tally]:
    """The tally of each record's lead after it."""
    known: dict[str, Tally] = {}
    for record, signal, rules in zip(records, signals, matched, strict=True):
        tally = known[record.to] = add(known.get(record.to, EMPTY), signal, rules, MODEL)
        yield tally


def _decided(records: Sequence[Resolved], tallies: Sequence[Tally], triggers: Sequence[Trigger]) -> Iterator[Standing]:
    """Where each record's lead stands after it."""
    known: dict[str, Standing] = {}
    for record, tally, trigger in zip(records, tallies, triggers, strict=True):
        standing = known[record.to] = advance(known.get(record.to, Standing()), tally, MODEL, trigger).standing
        yield standing


def _leads(records: Sequence[Resolved]) -> dict[str, LeadDoc]:
    """The leads that the records make."""
    leads: dict[str, LeadDoc] = {}
    for position, record in enumerate(records):
        leads[record.to] = apply(leads.get(record.to, LeadDoc()), position, record, Judge(record.to, MODEL, 0))
    return leads
