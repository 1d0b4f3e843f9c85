"""Stages: which one a lead is in, and why."""

import msgspec


class Trigger(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The touchpoint that a lead's change goes back to. `rule` is a scoring rule, an action, `merge` or `unmerge`."""

    message_id: str
    rule: str
    at: int


class Standing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a lead stands: stage, sequence and what later decisions depend on."""

    stage: str = "visitor"
    sequence: int = 0
