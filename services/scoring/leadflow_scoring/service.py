"""Assembles the hop of the scoring service."""

import structlog

from leadflow import metrics
from leadflow.contracts import topics
from leadflow.core.scoring.model import Model
from leadflow.pipeline.dead_letters import RejectedShare
from leadflow.pipeline.hop import Hop, Surroundings
from leadflow.pipeline.scoring import Scorer
from leadflow.pipeline.scoring.rescoring import announce_model

GROUP = "scoring"

logger = structlog.get_logger(__name__)


def hops(around: Surroundings, model: Model, max_rejected_share: float = 0.5) -> tuple[Hop, ...]:
    """The hops that this service runs side by side; see leadflow.pipeline.hop.run_hop."""
    scorer = Scorer(around.log, around.store, around.clock, model, RejectedShare(max_rejected_share))

    async def announce() -> None:
        if await announce_model(around.log, around.store, model):
            logger.info("rescoring", model=model.name, version=model.version)

    return (Hop(GROUP, topics.RESOLVED, scorer.step, metrics.SCORING, max_records=2_000, prepare=announce),)
