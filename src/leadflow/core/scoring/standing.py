"""Where a lead stands: its stage, how it came there, and what later decisions depend on. Times are milliseconds."""

import msgspec

from leadflow.core.scoring.sums import Tally

MAX_HISTORY = 200
MAX_CONSUMED = 256


class Trigger(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The touchpoint that a lead's change goes back to. `rule` is a scoring rule, an action, `merge` or `unmerge`."""

    message_id: str
    rule: str
    at: int


class Step(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One change that was published."""

    sequence: int
    from_stage: str
    to_stage: str
    at: int


class Override(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Sales has set the stage. `system`: the stage that the lead would be in without it, since `system_since`."""

    stage: str
    actor: str
    at: int
    system: str
    system_since: int
    reason: str = ""
    expires_at: int | None = None


class Standing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A lead's stage and sequence number. `since`: `at` of the last change, 0 before the first.

    `clock`: the greatest event time seen. `left`: the last exit from each stage. `refused`: the last entry into each
    detour. `consumed`: (at, message id) of the acts that were applied or had no effect, the latest ones.
    """

    stage: str = "visitor"
    sequence: int = 0
    since: int = 0
    clock: int = 0
    history: tuple[Step, ...] = ()
    left: dict[str, int] = {}
    refused: dict[str, int] = {}
    override: Override | None = None
    consumed: tuple[tuple[int, str], ...] = ()

    def stage_at(self, at: int) -> str:
        """The stage at an instant of the past, from the published changes (the last MAX_HISTORY of them)."""
        stage = self.history[0].from_stage if self.history else self.stage
        for step in self.history:
            if step.at > at:
                break
            stage = step.to_stage
        return stage


def stage_since(standing: Standing, tally: Tally) -> int | None:
    """Since when the lead is in its stage: a visitor since the first touch. None: nothing is known of it."""
    if standing.sequence:
        return standing.since
    return tally.first_touch.at if tally.first_touch is not None else None
