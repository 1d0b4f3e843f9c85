"""`leadflow size`: the plan for a workload as a table, as the chart's values or as JSON, and its simulation."""
