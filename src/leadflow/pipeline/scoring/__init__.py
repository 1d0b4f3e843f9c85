"""Records to a lead in, scores and stage changes out: read -> fold -> compare-and-set -> emit."""

from leadflow.pipeline.scoring.scorer import Scorer

__all__ = ["Scorer"]
