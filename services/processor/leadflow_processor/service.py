"""Assembles the hops of the processor service: processor, resolver (for whoever owns `identity`) and rejections."""

from leadflow import metrics
from leadflow.contracts import topics
from leadflow.core.identity.hashing import Hasher
from leadflow.core.identity.rules import IdentityRules
from leadflow.pipeline.dead_letters import RejectedShare
from leadflow.pipeline.hop import Hop, Surroundings
from leadflow.pipeline.processor import Processor
from leadflow.pipeline.rejections import Rejections
from leadflow.pipeline.resolver import Resolver

GROUP = "processor"

_TOUCHPOINTS_AT_ONCE = 4_000  # each page of the store's indexes is written for as many of them as fall on it


def hops(
    around: Surroundings, hasher: Hasher, rules: IdentityRules, max_rejected_share: float = 0.5
) -> tuple[Hop, ...]:
    """The hops that this service runs side by side; see leadflow.pipeline.hop.run_hop."""
    processor = Processor(around.store, around.clock, hasher, rules, RejectedShare(max_rejected_share))
    resolver = Resolver(around.store, around.clock, hasher, rules, RejectedShare(max_rejected_share))
    rejections = Rejections(around.store, hasher)
    return (
        Hop(GROUP, topics.TOUCHPOINTS, processor.step, metrics.PROCESSOR, max_records=_TOUCHPOINTS_AT_ONCE),
        Hop(GROUP, topics.IDENTITY, resolver.step, metrics.RESOLVER, max_records=1_000),
        Hop(GROUP, topics.REJECTED, rejections.step, metrics.REJECTIONS),
    )
