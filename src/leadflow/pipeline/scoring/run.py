"""A run of touchpoints: counted as one, with what one by one would give.

A lead's document is made once for all of them instead of several times for each. Most find a lead at rest and leave it
so: for them there is nothing to decide.
"""

from msgspec.structs import replace

from leadflow.contracts.documents import LeadDoc, OutboxEntry
from leadflow.contracts.resolved import Resolved
from leadflow.core.scoring.contents import contents_of
from leadflow.core.scoring.matching import match
from leadflow.core.scoring.plain import Heard, add_plain, is_plain
from leadflow.core.scoring.rest import is_at_rest
from leadflow.core.scoring.stages import Standing, advance, trigger_of
from leadflow.core.scoring.tally import Tally, join
from leadflow.core.touchpoint import Signal
from leadflow.pipeline.scoring.counting import signal_of
from leadflow.pipeline.scoring.inbox import LeadInbox
from leadflow.pipeline.scoring.lead import Judge, changes_out, unseen
from leadflow.pipeline.scoring.seen import latest_seen, latest_traits


def count_run(lead: LeadDoc, inbox: LeadInbox, start: int, judge: Judge) -> tuple[LeadDoc, int]:
    """The lead after the touchpoints from `start` on, and the place of the first record that is left.

    What cannot be counted or is no touchpoint is left to be applied by itself; so is everything for a lead that is
    linked to others.
    """
    if lead.parent is not None or lead.children:
        return lead, start
    run, place = _Run(lead, judge), start
    while place < len(inbox):
        position, record = inbox[place]
        if not isinstance(record, Resolved) or not run.take(position, record):
            break
        place += 1
    return (run.counted() if place > start else lead), place


class _Run:
    """What the run has counted so far; `plain` touchpoints that move nobody wait to be counted together."""

    __slots__ = (
        *("lead", "judge", "marks", "own", "traits", "standing", "clock", "first", "last"),
        *("at_rest", "heard", "plain", "outbox"),
    )

    def __init__(self, lead: LeadDoc, judge: Judge) -> None:
        self.lead, self.judge = lead, judge
        self.marks, self.own, self.traits = lead.marks.copy(), lead.own, lead.traits
        self.standing, self.clock = lead.standing, lead.standing.clock
        self.first, self.last = lead.first_seen, lead.last_seen
        self.at_rest = is_at_rest(lead.standing, lead.own, judge.model)
        self.heard = 0
        self.plain: list[Heard] = []
        self.outbox: list[OutboxEntry] = []

    def take(self, position: int, record: Resolved) -> bool:
        """Count a touchpoint; False, with nothing done, if it cannot be counted."""
        src = unseen(record, self.marks)
        if src is None:
            return True
        try:
            signal = signal_of(record.value, record.contacts)
            if not signal.bot:
                self._count(position, signal)
        except Exception:  # noqa: BLE001  it is poison: whoever applies it by itself says so
            return False
        stream, place = src
        self.marks[stream] = place
        return True

    def _count(self, position: int, signal: Signal) -> None:
        model = self.judge.model
        matched = match(signal, model)
        if not is_plain(signal, model):
            own = join(self._own(), contents_of(signal, matched, model))
            traits = latest_traits(self.traits, signal)
            self._decide(position, signal, matched, own, at_rest=is_at_rest(self.standing, own, model))
            self.traits = traits
        elif self.at_rest:
            self.plain.append((signal, matched))
        else:
            self._decide(position, signal, matched, add_plain(self.own, ((signal, matched),), model), at_rest=False)
        at = signal.at
        self.heard += 1
        self.clock = max(self.clock, at)
        self.first = at if self.first is None or at < self.first else self.first
        self.last = latest_seen(self.last, signal)

    def _decide(self, position: int, signal: Signal, matched: tuple[str, ...], own: Tally, *, at_rest: bool) -> None:
        """Take the decisions that a touchpoint brings; there are none where it leaves the lead at rest."""
        if not at_rest:
            judge = self.judge
            trigger = trigger_of(signal, matched, judge.model)
            step = advance(self._standing(), own, judge.model, trigger, historical=signal.historical)
            if step.changes:
                at_rest = is_at_rest(step.standing, own, judge.model)
                self.outbox += changes_out(step.changes, position, own, judge)
            self.standing = step.standing
        self.own, self.at_rest = own, at_rest

    def _own(self) -> Tally:
        if self.plain:
            self.own = add_plain(self.own, self.plain, self.judge.model)
            self.plain = []
        return self.own

    def _standing(self) -> Standing:
        standing = self.standing
        return standing if self.clock == standing.clock else replace(standing, clock=self.clock)

    def counted(self) -> LeadDoc:
        """The lead with all of that counted."""
        lead = self.lead
        if not self.heard:  # seen before, or by bots
            return lead if self.marks == lead.marks else replace(lead, marks=self.marks)
        return replace(
            lead,
            marks=self.marks,
            own=self._own(),
            traits=self.traits,
            first_seen=self.first,
            last_seen=self.last,
            version=lead.version + self.heard,
            standing=self._standing(),
            outbox=(*lead.outbox, *self.outbox) if self.outbox else lead.outbox,
        )
