"""A plan for people: each number with its reason, then what changes with more profiles."""

from leadflow.core.sizing import Plan


def table(plan: Plan) -> str:
    """Return the lines of a plan."""
    widths = [max(len(getattr(one, field)) for one in plan.reasons) for field in ("what", "value")]
    lines = [f"{one.what:{widths[0]}}  {one.value:>{widths[1]}}  {one.why}" for one in plan.reasons]
    return "\n".join([*lines, "", plan.small_machine.sentence(), "", *_milestones(plan)])


def _milestones(plan: Plan) -> list[str]:
    """Say what changes, nearest first; what this workload is beyond is marked."""
    lines = ["With more profiles of this kind:"]
    for one in plan.milestones:
        mark = "reached" if one.reached else "from"
        lines.append(f"  {mark} {one.profiles / 1e6:>10,.1f}M  {one.what}: {one.why}")
    return lines
