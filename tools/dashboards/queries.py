"""Expressions that panels share: each looks at the chosen namespaces, over the interval that Grafana finds right."""

_CHOSEN = 'namespace=~"$namespace"'


def selected(metric: str, where: str = "") -> str:
    """Return a metric's series in the chosen namespaces. `where`: further matchers."""
    return f"{metric}{{{', '.join(filter(None, [_CHOSEN, where]))}}}"


def rate(metric: str, by: str = "", where: str = "") -> str:
    """Return a counter's pace a second, summed over processes."""
    return f"sum{_by(by)}(rate({selected(metric, where)}[$__rate_interval]))"


def rise(metric: str, by: str = "", where: str = "") -> str:
    """Return by how much a counter rose, summed over processes."""
    return f"sum{_by(by)}(increase({selected(metric, where)}[$__rate_interval]))"


def total(metric: str, by: str = "", where: str = "") -> str:
    """Return a gauge, summed over processes."""
    return f"sum{_by(by)}({selected(metric, where)})"


def largest(metric: str, by: str = "", where: str = "") -> str:
    """Return a gauge of which every process tells the same: the largest."""
    return f"max{_by(by)}({selected(metric, where)})"


def quantile(share: float, metric: str, by: str = "", where: str = "") -> str:
    """Return a quantile of a histogram."""
    labels = ", ".join(filter(None, [by, "le"]))
    inner = f"sum by ({labels}) (rate({selected(f'{metric}_bucket', where)}[$__rate_interval]))"
    return f"histogram_quantile({share:g}, {inner})"


def mean(metric: str) -> str:
    """Return the mean of a histogram's observations."""
    return f"{rate(f'{metric}_sum')} / {rate(f'{metric}_count')}"


def of_service(expression: str) -> str:
    """Give each process the name of its service."""
    return f"{expression} * on (job, instance) group_left (service) {selected('leadflow_runtime_build_info')}"


def _by(labels: str) -> str:
    return f" by ({labels}) " if labels else " "
