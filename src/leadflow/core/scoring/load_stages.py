"""The parts of a model file that are about stages: the path, the detours, the flags."""

from collections.abc import Sequence

from leadflow.core.scoring.actions import DETOURS, PATH
from leadflow.core.scoring.load_conditions import NEVER, when_of
from leadflow.core.scoring.model import Criterion, Detour, Flag, Regress, Stage
from leadflow.core.scoring.places import Place
from leadflow.core.scoring.stage_facts import FACTS, TRUTHS

STAGE_ACTIONS = ("accept", "won")
DETOUR_ACTIONS = ("reject", "disqualify", "lost")


def read_stages(place: Place) -> tuple[Stage, ...]:
    """The path. Its stages and their order are given; what they ask for is the model's."""
    entries = place.items()
    stages = tuple(_stage(entry, first=index == 0) for index, entry in enumerate(entries))
    _named(place, [stage.name for stage in stages], PATH)
    return stages


def _named(place: Place, names: Sequence[str], expected: Sequence[str]) -> None:
    """Stages have given names in a given order: actions and subscribers rely on them."""
    text = f"the names are, in this order: {', '.join(expected)}"
    if len(names) != len(expected):
        place.wrong(text)
    for entry, name, wanted in zip(place.items(), names, expected, strict=False):
        if name != wanted:
            entry.wrong(f"{name!r} stands where {wanted} is expected; {text}")


def _stage(place: Place, *, first: bool) -> Stage:
    optional = ("needs", "either", "action", "text", "again", "from", "regress")
    found = place.fields(("name",), () if first else optional)
    needs, either = found.get("needs"), found.get("either")
    if not first and not {"needs", "either", "action"} & found.keys():
        place.wrong("nothing leads here: `needs`, `either` or `action` is missing")
    if ("action" in found) != ("text" in found):
        place.wrong("an `action` and the `text` that says so come together")
    if "from" in found:
        found["from"].choice(("any",))
    return Stage(
        name=found["name"].text() if "name" in found else "",
        needs=() if needs is None else _criteria(needs),
        either=() if either is None else tuple(map(_criteria, either.items())),
        action=found["action"].choice(STAGE_ACTIONS) if "action" in found else None,
        action_text=found["text"].text() if "text" in found else "",
        again=found["again"].text() if "again" in found else None,
        from_any="from" in found,
        regress=_regress(found["regress"]) if "regress" in found else None,
    )


def _criteria(place: Place) -> tuple[Criterion, ...]:
    criteria = []
    for entry in place.items():
        found = entry.fields(("text", "when"))
        text = found["text"].text() if "text" in found else ""
        criteria.append(Criterion(text, when_of(found.get("when"), FACTS, truths=TRUTHS)))
    if not criteria:
        place.wrong("at least one criterion is expected")
    return tuple(criteria)


def _regress(place: Place) -> Regress:
    found = place.fields(("to", "engagement_below", "lasting"))
    return Regress(
        to=found["to"].choice(PATH) if "to" in found else PATH[0],
        under=found["engagement_below"].points() if "engagement_below" in found else 0,
        lasting=found["lasting"].duration() if "lasting" in found else 0,
    )


def read_detours(place: Place) -> tuple[Detour, ...]:
    """The stages beside the path."""
    detours = tuple(map(_detour, place.items()))
    _named(place, [detour.name for detour in detours], DETOURS)
    return detours


def _detour(place: Place) -> Detour:
    found = place.fields(("name", "action", "text", "back"))
    back = found["back"].fields(("to", "text"), ("after",)) if "back" in found else {}
    return Detour(
        name=found["name"].text() if "name" in found else "",
        action=found["action"].choice(DETOUR_ACTIONS) if "action" in found else "",
        action_text=found["text"].text() if "text" in found else "",
        back_to=back["to"].choice(PATH) if "to" in back else PATH[0],
        back_after=back["after"].duration() if "after" in back else None,
        back_text=back["text"].text() if "text" in back else "",
    )


def read_flags(place: Place) -> tuple[Flag, ...]:
    """The flags, each of its own name."""
    flags: list[Flag] = []
    for entry in place.items():
        found = entry.fields(("name", "text", "when"))
        name = found["name"].text() if "name" in found else ""
        if any(flag.name == name for flag in flags):
            entry.wrong(f"the flag {name!r} comes twice")
        text = found["text"].text() if "text" in found else ""
        flags.append(Flag(name, text, when_of(found["when"], FACTS, truths=TRUTHS) if "when" in found else NEVER))
    return tuple(flags)
