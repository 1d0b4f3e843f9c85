"""What a stage asks for, criterion by criterion."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from leadflow.core.scoring.model import Detour, Model, Stage
from leadflow.core.scoring.stage_facts import StageFacts
from leadflow.core.scoring.standing import Standing
from leadflow.core.time import DAY


class Met(NamedTuple):
    """A criterion in words, and whether it holds."""

    text: str
    met: bool


@dataclass(frozen=True, slots=True)
class Assessment:
    """Whether a stage may be entered, everything it asks for, and what is missing on the shortest way there."""

    holds: bool
    criteria: tuple[Met, ...]
    missing: tuple[str, ...]


def assess(stage: Stage, facts: StageFacts, standing: Standing) -> Assessment:
    """Hold a stage's criteria against a lead's facts. A stage without any is entered by its action alone."""
    holding = tuple([criterion.when.holds(facts) for criterion in stage.asked])
    return _assessed(stage, holding, _again(stage, facts, standing))


@lru_cache(maxsize=4_096)
def _assessed(stage: Stage, holding: tuple[bool, ...], again: bool | None) -> Assessment:  # noqa: FBT001  as found
    """The assessment of a stage of whose criteria these hold, in their order: there are few of these, and many leads.

    `again`: what `_again` says.
    """
    met = [Met(criterion.text, holds) for criterion, holds in zip(stage.asked, holding, strict=True)]
    needs = [*([] if again is None or stage.again is None else [Met(stage.again, again)]), *met[: len(stage.needs)]]
    parts = iter(met[len(stage.needs) :])
    ways = [list(islice(parts, len(way))) for way in stage.either]
    open_needs = [need for need in needs if not need.met]
    open_ways = [[part for part in way if not part.met] for way in ways]
    shortest = min(open_ways, key=len, default=[])
    asks = bool(stage.needs or stage.either)
    if not asks and stage.action is not None:
        shortest = [Met(stage.action_text, met=False)]
    missing = [*open_needs, *shortest]
    return Assessment(
        holds=asks and not missing,
        criteria=tuple(dict.fromkeys([*needs, *(part for way in ways for part in way), *([] if asks else missing)])),
        missing=tuple(dict.fromkeys(part.text for part in missing)),
    )


def may_enter(stage: Stage, facts: StageFacts, standing: Standing) -> bool:
    """What `assess` says in `holds`, without the words: most touchpoints move nobody."""
    for tests in stage.tests:
        for holds in tests:
            if not holds(facts):
                break
        else:
            return _again(stage, facts, standing) is not False
    return False


def assess_return(detour: Detour, facts: StageFacts, standing: Standing, since: int) -> Assessment:
    """Whether a lead may come back from a detour by itself: late enough, and on intent newer than the refusal."""
    if detour.back_after is None:
        return Assessment(holds=False, criteria=(), missing=(detour.back_text,))
    refused = standing.refused.get(detour.name, since)
    intent = facts.last("intent")
    days = detour.back_after // DAY
    criteria = (
        Met(f"{days} days since the lead was {detour.name}", met=facts.as_of - refused >= detour.back_after),
        Met(detour.back_text, met=intent is not None and intent > refused),
    )
    missing = tuple(part.text for part in criteria if not part.met)
    return Assessment(holds=not missing, criteria=criteria, missing=missing)


def stage_named(model: Model, name: str) -> Stage | None:
    """The stage of the path with that name; None for a detour."""
    return next((stage for stage in model.stages if stage.name == name), None)


@lru_cache(maxsize=256)
def detour_named(model: Model, name: str) -> Detour | None:
    """The detour with that name."""
    return next((detour for detour in model.detours if detour.name == name), None)


@lru_cache(maxsize=256)
def stage_after(model: Model, name: str) -> Stage | None:
    """The next stage of the path."""
    names = [stage.name for stage in model.stages]
    place = names.index(name) + 1 if name in names else len(names)
    return model.stages[place] if place < len(names) else None


def _again(stage: Stage, facts: StageFacts, standing: Standing) -> bool | None:
    """A stage that was left is entered again only on something new; None: it was not left, or does not ask for that."""
    left = standing.left.get(stage.name)
    if left is None or stage.again is None:
        return None
    touch = facts.last("purchase" if stage.from_any else "touch")
    return touch is not None and touch > left
