"""What a seeded sales team does with the leads that it gets."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from leadflow.simulation.dice import chance, dice
from leadflow.simulation.people import Person

TEAM = ("sim-hoa", "sim-bao", "sim-elif", "sim-jonas")
_NO_ANSWER = 0.3
_REASONS = ("no budget this year", "chose another product", "too small", "not the right person")


@dataclass(frozen=True, slots=True)
class SalesAction:
    """One action of SEMANTICS as the admin API takes it. `key`: the same action again does nothing."""

    body: Mapping[str, Any]
    key: str


def sales_plan(mark: str, person: Person) -> tuple[SalesAction, ...]:
    """All that sales does with a person, in order; nothing for those who never get to it."""
    if not person.reaches("mql") or person.self_service:
        return ()
    rng = dice(mark, person.index, "sales")
    actor = rng.choice(TEAM)
    bodies = [{"type": "assign", "owner": actor}, *_calls(rng), *_outcome(rng, person)]
    return tuple(
        SalesAction({**body, "actor": actor}, f"sim-{person.code}-{number}") for number, body in enumerate(bodies)
    )


def _calls(rng: Random) -> list[dict[str, Any]]:
    reached = {"type": "contact", "channel": "phone", "outcome": "conversation"}
    if chance(rng, _NO_ANSWER):
        return [{"type": "contact", "channel": "phone", "outcome": "no_answer"}, reached]
    return [reached]


def _outcome(rng: Random, person: Person) -> list[dict[str, Any]]:
    """How far it goes. Who stays an MQL is sometimes turned down; the others keep the stage that they reached."""
    turned_down, forever = chance(rng, 0.3), chance(rng, 0.2)
    if person.depth == "mql":
        if not turned_down:
            return []
        return [{"type": "disqualify" if forever else "reject", "reason": rng.choice(_REASONS)}]
    facts: dict[str, Any] = {
        "budget": {"value": f"{rng.randint(3, 40)}k USD"},
        "need": {"evidence": "said so on the phone"},
    }
    rest: dict[str, Any] = {"authority": {"met": True}, "timing": {"value": f"{rng.randint(1, 6)} months"}}
    actions: list[dict[str, Any]] = [{"type": "accept"}, {"type": "bant", **facts}]
    if person.reaches("opportunity"):
        actions.append({"type": "bant", **rest})
    if person.reaches("customer"):
        actions.append({"type": "won", "revenue": rng.randint(3, 40) * 1000.0})
    return actions
