"""The stages by name, in their order, and which action of sales is legal where."""

PATH = ("visitor", "lead", "mql", "sql", "opportunity", "customer")
DETOURS = ("recycled", "disqualified", "lost")

_ALL = frozenset({*PATH, *DETOURS})

LEGAL: dict[str, frozenset[str]] = {
    "contact": _ALL - {"visitor"},
    "accept": frozenset({"mql"}),
    "reject": frozenset({"mql", "sql"}),
    "disqualify": _ALL - {"customer"},
    "bant": frozenset({"sql", "opportunity"}),
    "won": frozenset({"sql", "opportunity"}),
    "lost": frozenset({"sql", "opportunity"}),
    "assign": _ALL,
    "consent": _ALL,
    "override": _ALL,
    "reopen": frozenset(DETOURS),
}
"""Each action's stages. Whoever is beside the path has been a lead, so sales may note a contact there too."""


def allowed_actions(stage: str) -> tuple[str, ...]:
    """The actions that are legal in a stage, in the order of the documentation."""
    return tuple(action for action, stages in LEGAL.items() if stage in stages)


def rank(stage: str) -> int:
    """How far a stage is: along the path, the detours between lead and mql. A merged lead takes the further one."""
    return 2 * PATH.index(stage) if stage in PATH else 2 * PATH.index("lead") + 1
