"""A run of touchpoints that move nobody: counted at once, with what one by one would give.

Most touchpoints find a lead at rest and leave it so. For them there is nothing to decide, and a lead's document is made
once for all of them instead of several times for each.
"""

from dataclasses import dataclass, field

from msgspec.structs import replace

from leadflow.contracts.documents import LeadDoc
from leadflow.contracts.resolved import Resolved
from leadflow.core.scoring.contents import contents_of
from leadflow.core.scoring.matching import match
from leadflow.core.scoring.model import Model
from leadflow.core.scoring.plain import Heard, add_plain, is_plain
from leadflow.core.scoring.rest import is_at_rest
from leadflow.core.scoring.tally import Stated, Tally, join
from leadflow.core.touchpoint import Signal
from leadflow.pipeline.scoring.counting import signal_of
from leadflow.pipeline.scoring.inbox import LeadInbox
from leadflow.pipeline.scoring.seen import latest_seen, latest_traits


def count_quiet_run(lead: LeadDoc, inbox: LeadInbox, start: int, model: Model) -> tuple[LeadDoc, int]:
    """The lead after the quiet touchpoints from `start` on, and the place of the first record that is none.

    Whatever moves the lead, cannot be counted or is no touchpoint is left to be applied by itself; so is everything for
    a lead that is linked to others.
    """
    if lead.parent is not None or lead.children or not is_at_rest(lead.standing, lead.own, model):
        return lead, start
    run = _Run(lead, model, lead.marks.copy(), lead.own, lead.traits)
    place = start
    while place < len(inbox):
        record = inbox[place][1]
        if not isinstance(record, Resolved) or not run.take(record):
            break
        place += 1
    return (run.counted() if place > start else lead), place


@dataclass(slots=True)
class _Run:
    """What the run has counted so far; `plain` touchpoints wait to be counted together."""

    lead: LeadDoc
    model: Model
    marks: dict[str, int]
    own: Tally
    traits: dict[str, Stated]
    plain: list[Heard] = field(default_factory=list)
    heard: list[Signal] = field(default_factory=list)

    def take(self, record: Resolved) -> bool:
        """Count a touchpoint; False, with nothing done, if it is not quiet."""
        stream, position = record.src
        if position <= self.marks.get(stream, -1):
            return True
        try:
            signal = signal_of(record.value, record.contacts)
            if not signal.bot and not self._count(signal):
                return False
        except Exception:  # noqa: BLE001  it is poison: whoever applies it by itself says so
            return False
        self.marks[stream] = position
        return True

    def _count(self, signal: Signal) -> bool:
        matched = match(signal, self.model)
        if is_plain(signal, self.model):
            self.plain.append((signal, matched))
        else:
            own = join(self._own(), contents_of(signal, matched, self.model))
            if not is_at_rest(self.lead.standing, own, self.model):
                return False
            self.traits = latest_traits(self.traits, signal)
            self.own = own
        self.heard.append(signal)
        return True

    def _own(self) -> Tally:
        if self.plain:
            self.own = add_plain(self.own, self.plain, self.model)
            self.plain = []
        return self.own

    def counted(self) -> LeadDoc:
        """The lead with all of that counted."""
        lead, heard = self.lead, self.heard
        if not heard:  # seen before, or by bots
            return lead if self.marks == lead.marks else replace(lead, marks=self.marks)
        first, last, clock = lead.first_seen, lead.last_seen, lead.standing.clock
        for signal in heard:
            first = signal.at if first is None or signal.at < first else first
            last = latest_seen(last, signal)
            clock = max(clock, signal.at)
        return replace(
            lead,
            marks=self.marks,
            own=self._own(),
            traits=self.traits,
            first_seen=first,
            last_seen=last,
            version=lead.version + len(heard),
            standing=lead.standing if clock == lead.standing.clock else replace(lead.standing, clock=clock),
        )
