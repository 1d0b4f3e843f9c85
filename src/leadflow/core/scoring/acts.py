"""Sales actions that move a lead, each applied once, in the order of their times."""

from msgspec.structs import replace

from leadflow.core.scoring.actions import LEGAL
from leadflow.core.scoring.changes import Advance, Lead, Move, moved, system_place
from leadflow.core.scoring.criteria import Met, assess, detour_named, stage_after
from leadflow.core.scoring.merging import consumed_with
from leadflow.core.scoring.model import Detour, Model, Stage
from leadflow.core.scoring.path import settle
from leadflow.core.scoring.standing import Override, Trigger
from leadflow.core.scoring.statements import Act
from leadflow.core.time import from_rfc3339


def apply_acts(so_far: Advance, lead: Lead, trigger: Trigger) -> Advance:
    """Apply the acts that have not been applied yet; one that is illegal where the lead stands has no effect."""
    so_far = _bant_under_override(so_far, lead, trigger)
    done = frozenset(so_far.standing.consumed)
    for act in lead.tally.acts:
        key = (act.at, act.message_id)
        if key in done:
            continue
        so_far = _applied(so_far, lead, act)
        so_far = Advance(
            replace(so_far.standing, consumed=consumed_with(so_far.standing, key)),
            so_far.changes,
        )
        so_far = settle(so_far, lead, _trigger(act))
    return so_far


def _trigger(act: Act) -> Trigger:
    return Trigger(message_id=act.message_id, rule=act.type, at=act.at)


def _applied(so_far: Advance, lead: Lead, act: Act) -> Advance:
    """Whatever sales decides ends an override that stands: the later decision of a person counts."""
    standing = so_far.standing
    if standing.stage not in LEGAL.get(act.type, frozenset()):
        return so_far
    if act.type == "override":
        return _overridden(so_far, lead, act)
    target = _target(lead.model, act.type, standing.stage)
    if target is None:
        return so_far
    to, text = target
    free = Advance(replace(standing, override=None), so_far.changes)
    if to == standing.stage:
        return free
    return moved(free, Move(to, act.at, _trigger(act), (Met(text, met=True),)), lead)


def _target(model: Model, action: str, stage: str) -> tuple[str, str] | None:
    """(stage, criterion in words) that an action leads to."""
    if action == "reopen":
        detour = detour_named(model, stage)
        return None if detour is None else (detour.back_to, "Sales has reopened the lead")
    return next(((place.name, place.action_text) for place in _places(model) if place.action == action), None)


def _places(model: Model) -> tuple[Stage | Detour, ...]:
    return (*model.stages, *model.detours)


def _overridden(so_far: Advance, lead: Lead, act: Act) -> Advance:
    standing, model = so_far.standing, lead.model
    to = str(act.fields.get("stage"))
    expires_at, readable = _expiry(act)
    if not readable or to not in {place.name for place in _places(model)}:
        return so_far
    system, system_since = system_place(standing)
    override = Override(
        stage=to,
        actor=str(act.fields.get("actor", "")),
        at=act.at,
        system=system,
        system_since=system_since,
        reason=str(act.fields.get("reason", "")),
        expires_at=expires_at,
    )
    if to != standing.stage:
        move = Move(to, act.at, _trigger(act), (Met("Sales has set the stage", met=True),))
        so_far = moved(so_far, move, lead)
    return Advance(replace(so_far.standing, override=override), so_far.changes)


def _expiry(act: Act) -> tuple[int | None, bool]:
    """When an override ends (None: when sales decides again), and whether that can be read and lies ahead."""
    given = act.fields.get("expires_at")
    if given is None:
        return None, True
    text = str(given)
    try:
        expires_at = int(text) if text.isdecimal() else from_rfc3339(text)
    except ValueError:
        return None, False
    return expires_at, expires_at > act.at


def _bant_under_override(so_far: Advance, lead: Lead, trigger: Trigger) -> Advance:
    """BANT facts are a decision of sales too: they move a lead on from the stage that an override shows."""
    standing = so_far.standing
    if standing.override is None or trigger.rule != "bant" or standing.stage not in LEGAL["bant"]:
        return so_far
    following = stage_after(lead.model, standing.stage)
    if following is None or following.from_any:
        return so_far
    found = assess(following, lead.facts(max(trigger.at, standing.since)), standing)
    if not found.holds:
        return so_far
    free = Advance(replace(standing, override=None), so_far.changes)
    return moved(free, Move(following.name, trigger.at, trigger, found.criteria), lead)
