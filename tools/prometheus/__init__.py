"""A real Prometheus for tests and developers, without an installation: the one on the path, or Debian's package.

`with running(targets) as prometheus:` gives a server that scrapes them; `promtool(…)` runs the checker beside it.
"""

from tools.prometheus.programs import missing_programs, promtool
from tools.prometheus.rules import RULES, scaled
from tools.prometheus.server import NotReady, Prometheus, running

__all__ = ["RULES", "NotReady", "Prometheus", "missing_programs", "promtool", "running", "scaled"]
