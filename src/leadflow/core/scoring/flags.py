"""What a lead is marked with beside its stage: flags, and whom it should go to."""

from typing import Literal

from leadflow.core.scoring.model import POINT, Model
from leadflow.core.scoring.score import Worth
from leadflow.core.scoring.stage_facts import StageFacts
from leadflow.core.scoring.sums import Tally

Route = Literal["sales", "nurture", "none"]

SALES_STAGES = frozenset({"mql", "sql", "opportunity", "customer"})
NURTURE_STAGES = frozenset({"lead", "recycled"})
_FITTING = frozenset({"A", "B"})
SALES_ENGAGEMENT = 50 * POINT


def flags(tally: Tally, model: Model, as_of: int, worth: Worth | None = None) -> tuple[str, ...]:
    """The names of the model's flags that hold as of an instant (ms), in the order of the model.

    `worth`: as of the instant, if it is known already.
    """
    facts = StageFacts(tally, model, as_of, worth)
    return tuple([flag.name for flag in model.flags if flag.when.holds(facts)])


def route(stage: str, worth: Worth) -> Route:
    """`sales` for mql and above or high fit with engagement, `nurture` for high fit without, else `none`.

    A disqualified lead goes nowhere; a recycled one is marketing's again.
    """
    fits = worth.grade in _FITTING
    if stage in SALES_STAGES or (stage != "disqualified" and fits and worth.engagement >= SALES_ENGAGEMENT):
        return "sales"
    return "nurture" if fits and stage in NURTURE_STAGES else "none"
