"""What docs/kubernetes.md tells an operator to write works as it stands there."""

import re
import textwrap

import yaml
from chart.render import CHART, Case, Json, objects

_PAGE = CHART.parents[1] / "docs" / "kubernetes.md"
_TIERS = re.compile(r"`(tier-\w+)`")


def _mine(page: str) -> Json:
    """Return the values file that the page shows."""
    block = page.partition("`mine.yaml`:\n\n   ```\n")[2].partition("   ```")[0]
    values: Json = yaml.safe_load(textwrap.dedent(block))
    return values


def test_the_shown_values_install_each_named_tier() -> None:
    """With nothing but what the page shows, and the tiers that it names are those that there are."""
    page = _PAGE.read_text(encoding="utf-8")
    named = sorted(set(_TIERS.findall(page)))
    assert named == sorted(path.stem for path in CHART.glob("tier-*.yaml"))
    for tier in named:
        case = Case(tier, ("distributed.yaml", f"{tier}.yaml")).having(f"{tier} as shown", _mine(page))
        kinds = [one["kind"] for one in objects(case)]
        assert kinds.count("Deployment") == 4
        assert kinds.count("Job") == 1


def test_the_secret_that_is_shown_has_every_key() -> None:
    """The command makes all keys that the values refer to."""
    page = _PAGE.read_text(encoding="utf-8")
    keys = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))["secrets"]["keys"]
    assert set(re.findall(r"--from-literal=([\w-]+)=", page)) - {"password"} == set(keys.values())
