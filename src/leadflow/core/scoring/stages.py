"""Stages: which one a lead is in, and why."""

from leadflow.core.scoring.standing import Override, Standing, Step, Trigger, stage_since

__all__ = ["Override", "Standing", "Step", "Trigger", "stage_since"]
