"""Assembles the hop of the scoring service."""

from leadflow import metrics
from leadflow.contracts import topics
from leadflow.core.scoring.model import Model
from leadflow.pipeline.hop import Hop, Surroundings
from leadflow.pipeline.scoring import Scorer

GROUP = "scoring"


def hops(around: Surroundings, model: Model) -> tuple[Hop, ...]:
    """The hops that this service runs side by side; see leadflow.pipeline.hop.run_hop."""
    scorer = Scorer(around.log, around.store, around.clock, model)
    return (Hop(GROUP, topics.RESOLVED, scorer.step, metrics.SCORING, max_records=2_000),)
