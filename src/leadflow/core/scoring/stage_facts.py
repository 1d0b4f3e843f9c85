"""The named facts that stages and flags may ask for, computed when they are asked for."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from leadflow.core.scoring.buckets import day_of
from leadflow.core.scoring.engagement import quality_of
from leadflow.core.scoring.evaluate import Score, Worth, appraise, evaluate
from leadflow.core.scoring.model import POINT, GroupKind, Model
from leadflow.core.scoring.sums import Tally
from leadflow.core.time import DAY, HOUR

RECENT = 14 * DAY
"""`usage_days_14d` and `intent_kinds_14d` look back this far."""


class StageFacts(Mapping[str, Any]):
    """A lead's facts as of an instant, as a row for conditions. Points are in points, not micro-points.

    What happened (conversion, hand-raise, purchase, bounce, conversation) counts from its event time on; what is known
    (contacts, consents, BANT) counts whenever it was stated.
    """

    __slots__ = ("_score", "_worth", "as_of", "model", "tally")

    def __init__(self, tally: Tally, model: Model, as_of: int, worth: Worth | None = None) -> None:
        """`worth`: as of the instant, if it is known already."""
        self.tally = tally
        self.model = model
        self.as_of = as_of
        self._worth = worth
        self._score: Score | None = None

    def __getitem__(self, name: str) -> Any:
        return FACTS[name](self)

    def __iter__(self) -> Iterator[str]:
        return iter(FACTS)

    def __len__(self) -> int:
        return len(FACTS)

    def get(self, name: str, default: Any = None) -> Any:
        """A fact; `default` for a name that is none."""
        return FACTS[name](self) if name in FACTS else default

    @property
    def worth(self) -> Worth:
        """What the lead is worth as of the instant."""
        if self._worth is None:
            self._worth = appraise(self.tally, self.model, self.as_of)
        return self._worth

    @property
    def score(self) -> Score:
        """What it is worth and why."""
        if self._score is None:
            self._score = self._worth = evaluate(self.tally, self.model, self.as_of)
        return self._score

    def happened(self, span: str) -> bool:
        """Whether it had happened by the instant."""
        known = self.tally.spans.get(span)
        return known is not None and known.by(self.as_of)

    def last(self, span: str) -> int | None:
        """When it last happened by the instant (ms)."""
        known = self.tally.spans.get(span)
        return known.last_by(self.as_of) if known is not None and known.by(self.as_of) else None

    def bounced(self) -> bool:
        """The e-mail came back, and nobody has opened, clicked or answered one since."""
        bounce, engaged = self.last("bounce"), self.last("email_engagement")
        return bounce is not None and (engaged is None or engaged <= bounce)

    def converted(self) -> bool:
        """The first conversion lies behind."""
        return self.tally.conversion is not None and self.tally.conversion.at <= self.as_of

    def valid_contact(self) -> bool:
        """A phone, or an e-mail that does not bounce."""
        return "phone" in self.tally.contacts or ("email" in self.tally.contacts and not self.bounced())

    def on_trial(self) -> bool:
        """A trial runs: started, neither ended nor bought since, and not older than the model lets it last."""
        started = self.last("trial_started")
        if started is None or self.as_of - started > self.model.settings.trial_lasts:
            return False
        over = (self.last("trial_ended"), self.last("purchase"))
        return all(at is None or at < started for at in over)

    def on_free_plan(self) -> bool:
        """The last plan that was stated costs nothing."""
        plan = self.tally.facts.get("plan")
        return plan is not None and isinstance(plan.value, str) and plan.value.lower() in self.model.settings.free_plans

    def recent(self, kind: GroupKind) -> Iterator[tuple[str, int]]:
        """(rule, hour) of what counted lately in groups of a kind."""
        for rule, hours in self.tally.counts.items():
            if self.model.kinds.get(rule) == kind:
                yield from ((rule, hour) for hour in hours if self.as_of - RECENT < hour * HOUR <= self.as_of)

    def bant(self, name: str) -> bool:
        """Sales has found one of budget, authority, need and timing to be met."""
        fact = self.tally.bant.get(name)
        return fact is not None and isinstance(fact.value, Mapping) and fact.value.get("met") is True


FACTS: Mapping[str, Callable[[StageFacts], Any]] = {
    "engagement": lambda facts: facts.worth.engagement / POINT,
    "fit": lambda facts: facts.worth.fit / POINT,
    "completeness": lambda facts: facts.worth.completeness / POINT,
    "total": lambda facts: facts.worth.total / POINT,
    "grade": lambda facts: facts.worth.grade,
    "temperature": lambda facts: facts.worth.temperature,
    "source_quality": lambda facts: quality_of(facts.tally, facts.model, facts.as_of),
    "email": lambda facts: "email" in facts.tally.contacts,
    "phone": lambda facts: "phone" in facts.tally.contacts,
    "contact": lambda facts: bool(facts.tally.contacts),
    "valid_contact": StageFacts.valid_contact,
    "bounced": StageFacts.bounced,
    "opt_in": lambda facts: any(stated.value is True for stated in facts.tally.consents.values()),
    "converted": StageFacts.converted,
    "hand_raise": lambda facts: facts.happened("hand_raise"),
    "purchased": lambda facts: facts.happened("purchase"),
    "conversation": lambda facts: facts.happened("conversation"),
    "on_trial": StageFacts.on_trial,
    "on_free_plan": StageFacts.on_free_plan,
    "usage_days_14d": lambda facts: len({day_of(hour, facts.model.time_zone) for _, hour in facts.recent("usage")}),
    "intent_kinds_14d": lambda facts: len({rule for rule, _ in facts.recent("intent")}),
    "budget": lambda facts: facts.bant("budget"),
    "authority": lambda facts: facts.bant("authority"),
    "need": lambda facts: facts.bant("need"),
    "timing": lambda facts: facts.bant("timing"),
}
"""What conditions of stages and flags may name. `need` is the BANT fact: sales has found a need."""

_OTHERS = {
    *("engagement", "fit", "completeness", "total", "grade", "temperature", "source_quality"),
    *("usage_days_14d", "intent_kinds_14d"),
}
TRUTHS = frozenset(FACTS.keys() - _OTHERS)
"""The facts that are True or False."""

LASTING = frozenset(
    {
        *("email", "phone", "contact", "opt_in", "converted", "hand_raise", "purchased", "conversation"),
        *("budget", "authority", "need", "timing"),
    }
)
"""Truths that plain touchpoints do not change, and that never turn from true to false as the instant moves on."""
