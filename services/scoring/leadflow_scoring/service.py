"""Assembles the hop of the scoring service."""

import structlog

from leadflow import metrics
from leadflow.contracts import topics
from leadflow.core.scoring.model import Model
from leadflow.pipeline.dead_letters import RejectedShare
from leadflow.pipeline.hop import Hop, Surroundings
from leadflow.pipeline.scoring import Scorer
from leadflow.pipeline.scoring.model_in_force import ModelInForce

GROUP = "scoring"

logger = structlog.get_logger(__name__)


def hops(around: Surroundings, model: Model, max_rejected_share: float = 0.5) -> tuple[Hop, ...]:
    """The hops that this service runs side by side; see leadflow.pipeline.hop.run_hop."""
    in_force = ModelInForce(model)
    scorer = Scorer(around.log, around.store, around.clock, model, RejectedShare(max_rejected_share), in_force=in_force)

    async def announce() -> None:
        if await in_force.announce(around.log, around.store):
            logger.info("rescoring", model=model.name, version=model.version)

    return (
        Hop(
            GROUP,
            topics.RESOLVED,
            scorer.step,
            metrics.SCORING,
            max_records=2_000,
            prepare=announce,
            lost=scorer.lost,
        ),
    )
