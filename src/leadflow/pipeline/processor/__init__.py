"""Touchpoints in, resolved touchpoints and evidence out: decode -> know -> classify -> store -> emit."""

from leadflow.pipeline.processor.processor import Processor

__all__ = ["Processor"]
