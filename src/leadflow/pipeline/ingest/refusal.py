"""Why a request or one of its events was not taken."""

import math
from typing import final

import msgspec


@final
class Refusal(msgspec.Struct, frozen=True):
    """An outcome, not an exception. `message` names the field and what to do; `retry_after` is in seconds.

    Final, so that the hot path may tell by `type(outcome) is Refusal`: isinstance asks a Struct's metaclass, each time.
    """

    status: int
    code: str
    message: str
    retry_after: int | None = None


def try_later(status: int, code: str, message: str, seconds: float = 1.0) -> Refusal:
    """Refuse for now: SDKs keep the events and honour Retry-After (whole seconds, at least one)."""
    return Refusal(status, code, message, max(1, math.ceil(seconds)))


def shown(value: object) -> str:
    """Quote a value from outside in at most 40 characters."""
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."  # noqa: PLR2004  # the length that the docstring states
