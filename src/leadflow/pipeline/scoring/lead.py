"""A lead and the records addressed to it: one pure fold. Duplicates and old versions change nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from leadflow.contracts import topics
from leadflow.contracts.documents import ChildEntry, LeadDoc, OutboxEntry, RebuiltDoc
from leadflow.contracts.resolved import Child, Cut, LeadRecord, Link, Release, Resolved, Source, Unlink
from leadflow.contracts.touchpoint import NO_JSON
from leadflow.core.scoring.evaluate import appraise
from leadflow.core.scoring.model import Model
from leadflow.core.scoring.stages import Change, Standing, Trigger, advance, stage_since
from leadflow.core.scoring.tally import Tally, combine
from leadflow.pipeline.scoring.counting import count, signal_of
from leadflow.pipeline.scoring.seen import latest_seen, latest_traits
from leadflow.pipeline.scoring.views import lead_score, stage_changed

_encode = msgspec.json.Encoder().encode


class Judge(msgspec.Struct, frozen=True, gc=False):
    """What a fold needs besides the records: whose lead it is, the model, and when decisions are taken (ms)."""

    profile_id: str
    model: Model
    now: int


def value_of(lead: LeadDoc) -> Tally:
    """The value of a lead's subtree: its own tally and what its children published."""
    if not lead.children:
        return lead.own
    return combine(lead.own, [(entry.linked_at, child, entry.value) for child, entry in lead.children.items()])


def apply(lead: LeadDoc, position: int, record: LeadRecord, judge: Judge) -> LeadDoc:
    """The lead after one record at `position` of its partition. Raises whatever poison makes the core raise."""
    match record:
        case Resolved():
            return _count(lead, position, record, judge)
        case Link():
            return _link(lead, position, record, judge)
        case Unlink():
            return _unlink(lead, position, record, judge)
        case Child():
            return _child(lead, position, record, judge)
        case Cut():
            return _cut(lead, position, record, judge)


def recounted(lead: LeadDoc, position: int, part: RebuiltDoc, judge: Judge, rule: str) -> LeadDoc:
    """The lead with its own part counted anew, at the place of the order for it: a replay, or another model.

    What has been decided stands; a root may move on. Nothing happens where a replay finds the same.
    """
    after = with_part(lead, part)
    if after == lead and not part.publish and lead.model in {"", judge.model.version}:
        return lead
    trigger = Trigger(message_id=f"{rule}.{judge.model.version}", rule=rule, at=lead.standing.clock)
    return _changed(after, position, trigger, judge)


def with_part(lead: LeadDoc, part: RebuiltDoc) -> LeadDoc:
    """The lead with its own part replaced."""
    return replace(lead, own=part.own, traits=part.traits, first_seen=part.first_seen, last_seen=part.last_seen)


def trimmed(lead: LeadDoc, first: int) -> LeadDoc:
    """Without the outputs of batches that were committed: those before the one that begins at `first`."""
    if not lead.outbox or lead.outbox[0].position >= first:  # in the order of positions
        return lead
    return replace(lead, outbox=tuple(entry for entry in lead.outbox if entry.position >= first))


def mark(lead: LeadDoc, record: Resolved) -> LeadDoc | None:
    """The lead with its stream's mark moved, None when this touchpoint has been counted before."""
    src = unseen(record, lead.marks)
    if src is None:
        return None
    stream, place = src
    return replace(lead, marks={**lead.marks, stream: place})


def unseen(record: Resolved, marks: Mapping[str, int]) -> Source | None:
    """The stream of a touchpoint, and the place that its mark moves to; None when it has been counted before."""
    stream, place = record.src
    if place <= marks.get(stream, -1):
        return None
    return stream, place


def finish(lead: LeadDoc, judge: Judge) -> LeadDoc:
    """Bring what lists filter and sort by up to date: the score as of the latest thing known, roots only."""
    if lead.parent is not None or lead.version == 0:
        return replace(lead, stage=None, temperature=None, total=None, since=None, owner=None, score=NO_JSON)
    tally, standing = value_of(lead), lead.standing
    worth = appraise(tally, judge.model, standing.clock)
    view = lead_score(
        judge.profile_id, stage=standing.stage, version=lead.version, worth=worth, tally=tally, model=judge.model
    )
    return replace(
        lead,
        stage=standing.stage,
        temperature=worth.temperature,
        total=worth.total,
        since=stage_since(standing, tally),
        owner=_owner(tally),
        score=msgspec.Raw(_encode(view)),
        model=judge.model.version,
    )


def _owner(tally: Tally) -> str | None:
    return str(tally.owner.value) if tally.owner is not None and tally.owner.value is not None else None


def _count(lead: LeadDoc, position: int, record: Resolved, judge: Judge) -> LeadDoc:
    marked = mark(lead, record)
    if marked is None:
        return lead
    signal = signal_of(record.value, record.contacts)
    if signal.bot:  # stored and marked, never scored
        return marked
    own, trigger = count(lead.own, signal, judge.model)
    first = lead.first_seen
    counted = replace(
        marked,
        own=own,
        traits=latest_traits(lead.traits, signal) if signal.traits else lead.traits,
        first_seen=signal.at if first is None or signal.at < first else first,
        last_seen=latest_seen(lead.last_seen, signal),
    )
    return _changed(counted, position, trigger, judge, historical=signal.historical)


def _link(lead: LeadDoc, position: int, record: Link, judge: Judge) -> LeadDoc:
    if record.gen <= lead.gen:
        return lead
    trigger = Trigger(message_id=record.cause, rule="merge", at=record.at)
    leaving = _leave_parent(lead, position, trigger, judge)
    linked = replace(leaving, gen=record.gen, parent=record.parent, linked_at=record.at)
    return _changed(linked, position, trigger, judge, news=_standings(lead))


def _unlink(lead: LeadDoc, position: int, record: Unlink, judge: Judge) -> LeadDoc:
    if record.gen <= lead.gen:
        return lead
    trigger = Trigger(message_id=record.cause, rule="unmerge", at=record.at)
    leaving = _leave_parent(lead, position, trigger, judge)
    alone = replace(leaving, gen=record.gen, parent=None, linked_at=0)
    return _changed(alone, position, trigger, judge)


def _leave_parent(lead: LeadDoc, position: int, trigger: Trigger, judge: Judge) -> LeadDoc:
    """Tell the old parent, if there is one, to forget this child up to the generation that it knew."""
    if lead.parent is None:
        return lead
    cut = Cut(to=lead.parent, child=judge.profile_id, gen=lead.gen, trigger=trigger)
    return _send(lead, position, topics.RESOLVED, cut.to, cut)


def _child(lead: LeadDoc, position: int, record: Child, judge: Judge) -> LeadDoc:
    known = lead.children.get(record.child)
    if record.gen <= lead.cut.get(record.child, -1):
        return lead
    if known is not None and (record.gen, record.version) <= (known.gen, known.version):
        return lead
    before = known.standings if known is not None and known.gen == record.gen else ()
    entry = ChildEntry(record.gen, record.version, record.linked_at, record.value, record.standings or before)
    parent = replace(lead, children={**lead.children, record.child: entry})
    return _changed(parent, position, record.trigger, judge, news=record.standings)


def _cut(lead: LeadDoc, position: int, record: Cut, judge: Judge) -> LeadDoc:
    cut = {**lead.cut, record.child: max(record.gen, lead.cut.get(record.child, -1))}
    known = lead.children.get(record.child)
    if known is None or known.gen > record.gen:
        return replace(lead, cut=cut)
    children = {child: entry for child, entry in lead.children.items() if child != record.child}
    return _changed(replace(lead, cut=cut, children=children), position, record.trigger, judge)


def _standings(lead: LeadDoc) -> tuple[Standing, ...]:
    """How far the lead and those linked below it had come as roots; a parent has no use for their histories."""
    below = [standing for entry in lead.children.values() for standing in entry.standings]
    return tuple(replace(standing, history=()) for standing in (lead.standing, *below))


def _changed(
    lead: LeadDoc,
    position: int,
    trigger: Trigger,
    judge: Judge,
    *,
    news: Sequence[Standing] = (),
    historical: bool = False,
) -> LeadDoc:
    """A new version: a child tells its parent; a root decides about its stage."""
    tally, version = value_of(lead), lead.version + 1
    if lead.parent is not None:
        child = Child(
            to=lead.parent,
            child=judge.profile_id,
            gen=lead.gen,
            version=version,
            linked_at=lead.linked_at,
            value=tally,
            trigger=trigger,
            standings=tuple(news),
        )
        return _send(replace(lead, version=version), position, topics.RESOLVED, child.to, child)
    step = advance(lead.standing, tally, judge.model, trigger, known=news, historical=historical)
    lead = replace(lead, version=version, standing=step.standing)
    return replace(lead, outbox=(*lead.outbox, *changes_out(step.changes, position, tally, judge)))


def changes_out(changes: Sequence[Change], position: int, tally: Tally, judge: Judge) -> list[OutboxEntry]:
    """Stage changes as outputs, in order; `tally`: the whole lead's when they were decided."""
    views = [stage_changed(judge.profile_id, change, tally, judge.model, judge.now) for change in changes]
    return [_entry(position, topics.STAGE_CHANGES, judge.profile_id, view, name=view.id) for view in views]


_TYPES: dict[str, str] = {
    topics.RESOLVED: "dev.leadflow.lead-control.v1",
    topics.STAGE_CHANGES: "dev.leadflow.stage-changed.v1",
    topics.IDENTITY: "dev.leadflow.identity.v1",
    topics.REJECTED: "dev.leadflow.rejected.v1",
}


def _send(lead: LeadDoc, position: int, topic: str, key: str, record: Any, *, name: str = "") -> LeadDoc:
    """Store an output before it is emitted: a re-run after a crash emits it again, unchanged."""
    return replace(lead, outbox=(*lead.outbox, _entry(position, topic, key, record, name=name)))


def _entry(position: int, topic: str, key: str, record: Any, *, name: str) -> OutboxEntry:
    return OutboxEntry(position, topic, key, msgspec.Raw(_encode(record)), name, _TYPES[topic])


def reject(lead: LeadDoc, position: int, key: str, record: Any, name: str) -> LeadDoc:
    """Put a poison touchpoint's rejection into the outbox."""
    return _send(lead, position, topics.REJECTED, key, record, name=name)


def ask(lead: LeadDoc, position: int, order: Release) -> LeadDoc:
    """Put an order to its own owner into the outbox."""
    return _send(lead, position, topics.RESOLVED, order.to, order)


def settled(lead: LeadDoc, first: int, past: int) -> Sequence[OutboxEntry]:
    """The outputs whose causes lie in the batch from `first` up to, not including, `past`."""
    return [entry for entry in lead.outbox if first <= entry.position < past]
