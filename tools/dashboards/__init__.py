"""Grafana's dashboards, made from a few lines each: `python -m tools.dashboards` writes them into the chart."""
