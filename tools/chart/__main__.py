"""Write the made files of the chart, or check that they are what they should be."""

import sys
from collections.abc import Callable
from pathlib import Path

from tools.chart.schema import schema_json
from tools.chart.table import renewed
from tools.chart.topics import topics_yaml
from tools.chart.values import read

CHART = Path(__file__).resolve().parents[2] / "helm" / "leadflow"


def made() -> dict[str, Callable[[], str]]:
    """{file of the chart: what makes its text}."""
    values = read(CHART / "values.yaml")
    return {
        "files/topics.yaml": topics_yaml,
        "values.schema.json": lambda: schema_json(values),
        "README.md": lambda: renewed((CHART / "README.md").read_text(encoding="utf-8"), values),
    }


def main(arguments: list[str]) -> int:
    """Do what was asked for; the exit code."""
    if arguments not in (["write"], ["check"]):
        print("say `write` or `check`", file=sys.stderr)
        return 2
    stale = []
    for name, make in made().items():
        path = CHART / name
        text = make()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if arguments == ["write"]:
                path.write_text(text, encoding="utf-8")
    if arguments == ["check"] and stale:
        print(f"helm/leadflow: {', '.join(stale)} do not show the code and values.yaml as they are: run `make chart`")
        return 1
    print(f"helm/leadflow: wrote {', '.join(stale)}" if stale else "helm/leadflow: what is made is current")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
