"""A pipeline as queues: what waits and how long, by a seeded simulation of arrivals, batches, commits and a loss."""

from leadflow.simulation.queueing.arrivals import Day
from leadflow.simulation.queueing.pipeline import Outcome, Pipeline, run
from leadflow.simulation.queueing.scenario import pipeline_of
from leadflow.simulation.queueing.stage import Stage

__all__ = ["Day", "Outcome", "Pipeline", "Stage", "pipeline_of", "run"]
