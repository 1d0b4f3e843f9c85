"""The tally of a lead and what is done with it: `match` and `add` a touchpoint, `combine` the profiles of a tree."""

from collections.abc import Sequence

from leadflow.core.scoring.contents import contents_of
from leadflow.core.scoring.matching import match
from leadflow.core.scoring.model import Model
from leadflow.core.scoring.plain import add_plain, is_plain
from leadflow.core.scoring.statements import Act, Moment, Span, Stated, Touch
from leadflow.core.scoring.sums import EMPTY, MAX_ACTS, Tally, combine, join
from leadflow.core.touchpoint import Signal

__all__ = ["EMPTY", "MAX_ACTS", "Act", "Moment", "Span", "Stated", "Tally", "Touch", "add", "combine", "join", "match"]


def add(tally: Tally, signal: Signal, matched: Sequence[str], model: Model) -> Tally:
    """Count one touchpoint, once. `matched`: the rule ids that `match` found. Bots add nothing."""
    if signal.bot:
        return tally
    if is_plain(signal, model):
        return add_plain(tally, ((signal, tuple(matched)),), model)
    return join(tally, contents_of(signal, matched, model))
