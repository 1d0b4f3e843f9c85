"""Deliberate defects: each takes one guard of the protocol away. The simulator has to notice every one of them.

A defect is a small edit of a function's source: the function is compiled anew with one piece of its text replaced. When
the pipeline is rewritten and the piece is not there any more, applying the defect fails, and the defect has to follow.
"""

import importlib
import inspect
import sys
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import FunctionType, MappingProxyType
from typing import Any


@dataclass(frozen=True, slots=True)
class Breakage:
    """`function` as `module:qualified.name`; in its source `sound` becomes `broken`. `scenario`: where it shows."""

    function: str
    sound: str
    broken: str
    scenario: str
    seeds: int = 60  # by when it must have been noticed


PIPELINE = "leadflow.pipeline"
BREAKAGES: Mapping[str, Breakage] = MappingProxyType(
    {
        "no fencing": Breakage(
            "leadflow.adapters.log_memory:MemoryAssignment._check_owner",
            "if self._owned.epoch != self._epoch:",
            "if False:",
            "zombie",
        ),
        "no compare-and-set": Breakage(
            "leadflow.adapters.store_memory:_replaced",
            "there.rev != rev",
            "False",
            "poison reset",
        ),
        "a lead's conflict passed over": Breakage(
            f"{PIPELINE}.scoring.owned:OwnedLeads.write",
            "        if len(written) < len(writes):",
            "        if False:",
            "parked reset",
        ),
        "commit before write": Breakage(
            f"{PIPELINE}.hop:_process",
            "        step = await _insist(hop, records, around.stop)\n",
            "        await assignment.commit(records[-1].offset + 1, ())\n"
            "        step = await _insist(hop, records, around.stop)\n",
            "crash",
        ),
        "no deduplication": Breakage(
            f"{PIPELINE}.processor.processor:_is_repair",
            "return document.rejected and not document.gone and arrival.header.repair > document.repair",
            "return True",
            "plain",
        ),
        "sent on although it was stored before": Breakage(
            f"{PIPELINE}.processor.processor:Processor._store_fresh",
            "conflicts.append(arrival)",
            "emits[arrival.index] = self._emission(arrival, document)",
            "plain",
        ),
        "a copy of what was rejected counts as a repair": Breakage(
            f"{PIPELINE}.processor.processor:_is_repair",
            "arrival.header.repair > document.repair",
            "arrival.header.repair >= document.repair",
            "poison",
        ),
        "sent again whenever there is an address": Breakage(
            f"{PIPELINE}.processor.processor:Processor._emission",
            'if document.via == "tp":',
            "if document.addr is not None:\n"
            "            document = msgspec.structs.replace(document, src=(f't{arrival.pos[0]}', arrival.pos[1]))",
            "reset",
        ),
        "evidence decided each time it is read": Breakage(
            "leadflow.core.identity.decide:_decide_one",
            "touched.pos == news.touchpoint_pos and touched.addr == news.sender",
            "touched.pos == news.touchpoint_pos",
            "reset",
        ),
        "no freeze": Breakage(
            f"{PIPELINE}.resolver.reading:_freeze",
            "await store.insert(IDENTITIES, [(key, _void(*first[key])) for key in keys])",
            "pass",
            "lone",
        ),
        "claimed identifiers preferred": Breakage(
            "leadflow.core.identity.decide:_group",
            "for key in ids:",
            "for key in sorted(ids, key=lambda key: forest.claims.get(key, Claim()).leaf is None):",
            "limits lone",
        ),
        "no stored decisions": Breakage(
            f"{PIPELINE}.resolver.resolver:Resolver._decided",
            "(stored,) = await self._store.get(DECISIONS, [key])",
            "inner = getattr(self._store, '_store', self._store)\n"
            "        stored, key = None, f'{key}{len(inner._rows.get(DECISIONS.name, ()))}'",
            "rough",
        ),
        "no guard by position": Breakage(
            f"{PIPELINE}.resolver.applying:_write",
            "stored.value.gp >= position",
            "False",
            "poison reset",
        ),
        "no marks": Breakage(
            f"{PIPELINE}.scoring.lead:unseen",
            "if place <= marks.get(stream, -1):",
            "if False:",
            "reset",
        ),
        "one mark for all streams": Breakage(
            f"{PIPELINE}.scoring.lead:unseen",
            "stream, place = record.src",
            'stream, place = "any", record.src[1]',
            "plain",
        ),
        "no outbox": Breakage(
            f"{PIPELINE}.scoring.scorer:Scorer._write",
            "(pid, found, folded[pid].document)",
            "(pid, found, replace(folded[pid].document, outbox=()))",
            "poison reset",
        ),
        "an outbox that is emptied too early": Breakage(
            f"{PIPELINE}.scoring.scorer:Scorer._fold",
            "if not news:",
            "lead = replace(lead, outbox=())\n            if not news:",
            "poison reset",
        ),
        "no generation of links": Breakage(
            f"{PIPELINE}.scoring.lead:_link",
            "if record.gen <= lead.gen:",
            "if False:",
            "reset",
        ),
        "no version of children": Breakage(
            f"{PIPELINE}.scoring.lead:_child",
            "(record.gen, record.version) <= (known.gen, known.version)",
            "False",
            "redelivered",
        ),
        "a rejection by the wrong position": Breakage(
            f"{PIPELINE}.scoring.poison:set_aside",
            "found.value.pos != record.pos",
            "found.value.src != record.pos",
            "poison",
        ),
        "a new model that forgets what is on its way": Breakage(
            f"{PIPELINE}.scoring.rescoring:_with",
            "if position > part.marks.get(stream, -1):",
            "if False:",
            "new model",
        ),
        "a rebuild taken over although its lead has moved": Breakage(
            f"{PIPELINE}.scoring.orders:Orders._rebuilt",
            "(found.value.marks, found.value.model) == (lead.marks, self._model.version)",
            "True",
            "replay",
        ),
        "a dead letter apart from its offset": Breakage(
            f"{PIPELINE}.hop:_process",
            "await assignment.commit(step.next_offset, step.emits)",
            "await around.log.append([emit for emit in step.emits if emit.topic == 'rejected'])\n"
            "        others = [emit for emit in step.emits if emit.topic != 'rejected']\n"
            "        await assignment.commit(step.next_offset, others)",
            "poison reset",
        ),
        "an item that is refused but not undone": Breakage(
            "leadflow.core.identity.decide:_decide_or_refuse",
            "forest.roll_back()",
            "pass",
            "poison everywhere",
        ),
        "a control record put aside": Breakage(
            f"{PIPELINE}.scoring.poison:apply_or_reject",
            "if not isinstance(record, Resolved):\n            raise",
            "if not isinstance(record, Resolved):\n            return lead, False",
            "parked",
        ),
        "a parked lead whose records are not kept": Breakage(
            f"{PIPELINE}.scoring.scorer:Scorer._keep_aside",
            "await keep(self._store, documents)",
            "pass",
            "parked",
        ),
        "a release that forgets what still waits": Breakage(
            f"{PIPELINE}.scoring.orders:Orders.obey",
            "lead.parked.position if lead.parked else position",
            "position",
            "parked",
        ),
    }
)


@contextmanager
def broken(breakage: Breakage) -> Iterator[None]:
    """Live with a defect for a while, wherever the function is used."""
    module_name, _, path = breakage.function.partition(":")
    owner: Any = importlib.import_module(module_name)
    for name in path.split(".")[:-1]:
        owner = getattr(owner, name)
    name = path.rpartition(".")[2]
    sound = getattr(owner, name)
    replacement = _compiled(sound, breakage)
    users = [owner] if "." in path else _users(sound, name)
    for user in users:
        setattr(user, name, replacement)
    try:
        yield
    finally:
        for user in users:
            setattr(user, name, sound)


def _compiled(sound: FunctionType, breakage: Breakage) -> FunctionType:
    source = inspect.getsource(sound)
    if breakage.sound not in source:
        raise LookupError(f"{breakage.function} does not say {breakage.sound!r} any more: let the defect follow")
    text = textwrap.dedent(source.replace(breakage.sound, breakage.broken))
    made: dict[str, Any] = {}
    exec(compile(text, f"<{breakage.function}, broken>", "exec"), sound.__globals__, made)  # noqa: S102
    (replacement,) = made.values()
    return replacement  # type: ignore[no-any-return]


def _users(sound: FunctionType, name: str) -> list[Any]:
    """Every module of the project that has imported a function."""
    return [
        module
        for module_name, module in list(sys.modules.items())
        if module_name.startswith("leadflow") and getattr(module, name, None) is sound
    ]
