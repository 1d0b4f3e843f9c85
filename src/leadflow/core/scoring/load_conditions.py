"""Conditions in a model file: parsed, and held against the names that may stand there."""

from collections.abc import Collection, Iterator, Mapping

from leadflow.core.conditions import Condition, ConditionError, compile_condition, fields_of, parse
from leadflow.core.conditions.nodes import AllOf, Always, AnyOf, Compare, Node, Not, OneOf
from leadflow.core.names import event_name
from leadflow.core.scoring.model import When
from leadflow.core.scoring.places import Place

NEVER = When(Condition(Always(value=False), "False"), lambda _: False)


def when_of(
    place: Place | None, fields: Collection[str], below: Collection[str] = (), truths: Collection[str] = ()
) -> When:
    """The condition at a place. It may name `fields`, and dotted names under `below`.

    Where `fields` is a mapping, it says how each field is read from a row; those of `truths` are true or false.
    """
    text = "" if place is None else place.text()
    if place is None or not text:
        return NEVER
    try:
        condition = parse(text)
    except ConditionError as error:
        place.wrong(str(error))
        return NEVER
    unknown = [name for name in fields_of(condition) if name not in fields and name.partition(".")[0] not in below]
    for field in sorted(unknown):
        allowed = ", ".join([*sorted(fields), *(f"{name}.*" for name in sorted(below))])
        place.wrong(f"{field!r} is not known here: {allowed} are")
    for name in _event_names(condition.node):
        if name != event_name(name):
            place.wrong(f"the event {name!r} never comes like this: write {event_name(name)!r}")
    if not isinstance(fields, Mapping) or unknown:
        return When(condition, compile_condition(condition))
    return When(condition, compile_condition(condition, fields.__getitem__, truths))


def _event_names(node: Node) -> Iterator[str]:
    match node:
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from _event_names(part)
        case Not(part):
            yield from _event_names(part)
        case Compare("event", _, str() as name):
            yield name
        case OneOf("event", names):
            yield from (name for name in names if isinstance(name, str))
        case _:
            return
