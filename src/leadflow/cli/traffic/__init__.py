"""Simulated traffic at a running pipeline: send the touchpoints, do the work of sales, show what came of it."""
