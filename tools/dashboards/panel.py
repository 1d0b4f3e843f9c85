"""What dashboards are made of: panels with queries, in rows; and the JSON that Grafana reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Json = dict[str, Any]
Kind = Literal["timeseries", "stat", "bargauge", "table"]

WIDTH = 24  # columns of Grafana's grid
_SCHEMA = 39  # of Grafana 10.4; later ones read and migrate it
_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
_OPTIONS: Mapping[Kind, Json] = {
    "timeseries": {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "stat": {"colorMode": "value", "graphMode": "area", "reduceOptions": {"calcs": ["lastNotNull"]}},
    "bargauge": {"displayMode": "gradient", "orientation": "horizontal", "reduceOptions": {"calcs": ["lastNotNull"]}},
    "table": {"showHeader": True},
}


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel. `queries`: expression -> legend. `bad`: from this value on it is red, `poor` from this one yellow."""

    title: str
    description: str
    queries: Mapping[str, str]
    unit: str = "short"
    kind: Kind = "timeseries"
    width: int = 8
    height: int = 8
    stacked: bool = False
    poor: float | None = None
    bad: float | None = None

    def json(self, number: int, x: int, y: int) -> Json:
        """Write it for Grafana, at its place."""
        instant = self.kind in {"bargauge", "table"}
        return {
            "id": number,
            "type": self.kind,
            "title": self.title,
            "description": self.description,
            "datasource": _SOURCE,
            "gridPos": {"h": self.height, "w": self.width, "x": x, "y": y},
            "fieldConfig": {"defaults": self._defaults(), "overrides": []},
            "options": _OPTIONS[self.kind],
            "targets": [
                {
                    "refId": chr(ord("A") + place),
                    "datasource": _SOURCE,
                    "editorMode": "code",
                    "expr": expression,
                    "legendFormat": legend or "__auto",
                    "instant": instant,
                    "range": not instant,
                    **({"format": "table"} if self.kind == "table" else {}),
                }
                for place, (expression, legend) in enumerate(self.queries.items())
            ],
        }

    def _defaults(self) -> Json:
        steps: list[Json] = [{"color": "green", "value": None}]
        steps += [{"color": "yellow", "value": self.poor}] if self.poor is not None else []
        steps += [{"color": "red", "value": self.bad}] if self.bad is not None else []
        defaults: Json = {"unit": self.unit, "min": 0, "thresholds": {"mode": "absolute", "steps": steps}}
        if self.kind == "timeseries":
            defaults["color"] = {"mode": "palette-classic"}
            defaults["custom"] = {
                "drawStyle": "line",
                "fillOpacity": 30 if self.stacked else 8,
                "lineWidth": 1,
                "showPoints": "never",
                "stacking": {"mode": "normal" if self.stacked else "none"},
                "thresholdsStyle": {"mode": "off" if self.bad is None else "dashed"},
            }
        return defaults


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under a title, from left to right and on."""

    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True, slots=True)
class Board:
    """One dashboard. `name` is its file's and the end of its uid."""

    name: str
    title: str
    description: str
    rows: Sequence[Row] = field(default=())

    def json(self) -> Json:
        """Write it for Grafana."""
        return {
            "uid": f"leadflow-{self.name}",
            "title": f"Leadflow / {self.title}",
            "description": self.description,
            "tags": ["leadflow"],
            "schemaVersion": _SCHEMA,
            "version": 1,
            "editable": True,
            "graphTooltip": 1,
            "refresh": "30s",
            "time": {"from": "now-3h", "to": "now"},
            "timezone": "browser",
            "templating": {"list": _variables()},
            "annotations": {"list": []},
            "links": [_links()],
            "panels": self._panels(),
        }

    def _panels(self) -> list[Json]:
        placed: list[Json] = []
        y = 0
        for row in self.rows:
            place: Json = {"h": 1, "w": WIDTH, "x": 0, "y": y}
            number = len(placed) + 1
            placed.append(
                {"id": number, "type": "row", "title": row.title, "collapsed": False, "gridPos": place, "panels": []}
            )
            y, x, height = y + 1, 0, 0
            for panel in row.panels:
                if x + panel.width > WIDTH:
                    y, x, height = y + height, 0, 0
                placed.append(panel.json(len(placed) + 1, x, y))
                x, height = x + panel.width, max(height, panel.height)
            y += height
        return placed


def _variables() -> list[Json]:
    return [
        {"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus", "current": {}},
        {
            "name": "namespace",
            "label": "Namespace",
            "type": "query",
            "datasource": _SOURCE,
            "query": {"query": "label_values(leadflow_runtime_build_info, namespace)", "refId": "namespace"},
            "refresh": 2,
            "includeAll": True,
            "multi": True,
            "allValue": ".*",  # also where nothing has a namespace
            "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
        },
    ]


def _links() -> Json:
    """Lead from each dashboard to the others."""
    return {
        "title": "Leadflow",
        "type": "dashboards",
        "tags": ["leadflow"],
        "asDropdown": True,
        "keepTime": True,
        "includeVars": True,
        "icon": "external link",
        "targetBlank": False,
        "tooltip": "",
        "url": "",
    }
