"""What one touchpoint adds to a tally."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from leadflow.core.scoring.company_size import lower_bound
from leadflow.core.scoring.matching import event_of
from leadflow.core.scoring.model import Model
from leadflow.core.scoring.statements import Act, Moment, Span, Stated, Touch
from leadflow.core.scoring.sums import Tally
from leadflow.core.time import hour_of
from leadflow.core.touchpoint import Signal

MAX_TEXT = 200
"""Characters of a fact that are kept: more than any title, little enough for a document."""

MAX_AMOUNT = 10**15
"""A larger revenue is a mistake, and more than every reader of JSON can hold exactly."""

BANT = ("budget", "authority", "need", "timing")

STAGE_ACTS = frozenset({"accept", "reject", "disqualify", "won", "lost", "override", "reopen"})
"""The actions that move a lead; the others state facts."""

_NOTHING: Mapping[str, Any] = {}
_Stating = tuple[str, Callable[[Any], Any], tuple[str, ...], tuple[str, ...]]
_ACT_FIELDS = ("reason", "stage", "expires_at")


def contents_of(signal: Signal, matched: Sequence[str], model: Model) -> Tally:
    """The tally of a single touchpoint that is no bot's. `matched` as `matching.match` found it."""
    if signal.action is not None:
        return _of_action(signal)
    hour = hour_of(signal.at)
    event = event_of(signal)
    touch = touch_of(signal)
    return Tally(
        counts={rule: {hour: 1} for rule in matched} if matched else {},
        facts=_facts(signal, event, model),
        domains=_domains(signal) if signal.contacts else {},
        contacts={contact.type: signal.at for contact in signal.contacts} if signal.contacts else {},
        consents=_consents(signal) if signal.consents else {},
        qualities={signal.quality: Moment(signal.at, signal.message_id)} if signal.quality is not None else {},
        spans=_spans(signal, event, matched, model),
        first_touch=touch if signal.active else None,
        last_touch=touch if signal.active else None,
        conversion=touch if event in model.events.conversion else None,
        revenue=_revenue(signal, signal.properties) if event in model.events.purchase else None,
    )


def _of_action(signal: Signal) -> Tally:
    action = signal.action
    if action is None:
        return Tally()
    moment = Span(Moment(signal.at, signal.message_id), Moment(signal.at, signal.message_id))
    spans = {}
    if action.type == "contact":
        spans = {"contact": moment}
        if action.fields.get("outcome") == "conversation":
            spans["conversation"] = moment
    return Tally(
        consents=_consents(signal),
        spans=spans,
        bant=_bant(signal, action.fields) if action.type == "bant" else {},
        owner=_stated(signal, _text(action.fields.get("owner"))) if action.type == "assign" else None,
        revenue=_revenue(signal, action.fields) if action.type == "won" else None,
        acts=(_act(signal, action.type, action.fields, action.actor),) if action.type in STAGE_ACTS else (),
    )


def _act(signal: Signal, kind: str, fields: Mapping[str, Any], actor: str) -> Act:
    kept = {name: text for name in _ACT_FIELDS if (text := _text(fields.get(name))) is not None}
    return Act(signal.at, signal.message_id, kind, {"actor": actor, **kept})


def touch_of(signal: Signal) -> Touch:
    """A touchpoint with its marketing source."""
    source = signal.marketing
    name = (signal.event_name or signal.event) if signal.type == "track" else None
    return Touch(signal.at, signal.message_id, name, source.channel, source.medium, source.campaign)


def _spans(signal: Signal, event: str | None, matched: Sequence[str], model: Model) -> dict[str, Span]:
    moment = Moment(signal.at, signal.message_id)
    names = [] if event is None else _classes(event, signal.properties, model)
    if matched and is_intent(tuple(matched), model):
        names.append("intent")
    if signal.active:
        names.append("touch")
    return dict.fromkeys(names, Span(moment, moment))


@lru_cache(maxsize=4_096)
def is_intent(matched: tuple[str, ...], model: Model) -> bool:
    """Whether one of these rules belongs to a group of intent."""
    return any(model.kinds[rule] == "intent" for rule in matched)


def _classes(event: str, properties: Mapping[str, Any], model: Model) -> list[str]:
    names = list(classes_of(event, model))
    if "bounce" in names and _is_soft(properties):
        names.remove("bounce")
    return names


@lru_cache(maxsize=4_096)
def classes_of(event: str, model: Model) -> tuple[str, ...]:
    """The spans that an event of that name belongs to."""
    events = model.events
    classes = {
        "hand_raise": events.hand_raise,
        "purchase": events.purchase,
        "bounce": events.bounce,
        "email_engagement": events.email_engagement,
        "trial_started": events.trial_started,
        "trial_ended": events.trial_ended,
    }
    return tuple(name for name, members in classes.items() if event in members)


def _is_soft(properties: Mapping[str, Any]) -> bool:
    """A full mailbox or a busy server: the address itself is good."""
    kind = properties.get("bounce_type", properties.get("type"))
    return isinstance(kind, str) and kind.strip().lower() in {"soft", "transient", "temporary"}


def _consents(signal: Signal) -> dict[str, Stated]:
    return {channel: Stated(signal.at, signal.message_id, bool(given)) for channel, given in signal.consents.items()}


def _domains(signal: Signal) -> dict[str, int]:
    return {contact.value.rpartition("@")[2]: signal.at for contact in signal.contacts if contact.type == "email"}


def _facts(signal: Signal, event: str | None, model: Model) -> dict[str, Stated]:
    traits = signal.traits
    properties = signal.properties if event is not None and facts_may_stand_in(signal.properties, model) else _NOTHING
    if not traits and not properties:
        return {}
    stated = {}
    for name, read, in_traits, in_properties in _stating(model, tuple(traits), tuple(properties)):
        given = [traits[place] for place in in_traits]
        if in_properties:
            given += [properties[place] for place in in_properties]
        known = [value for value in map(read, given) if value is not None]
        # A number that cannot be read says nothing; a null takes the fact back.
        if known or all(value is None for value in given):
            stated[name] = _stated(signal, known[0] if known else None)
    return stated


@lru_cache(maxsize=4_096)  # the same form sends the same names
def _stating(model: Model, traits: tuple[str, ...], properties: tuple[str, ...]) -> Sequence[_Stating]:
    """The facts that traits and properties of these names state: name, reader, and the names to look at, in order."""
    found = [
        (
            fact.name,
            _READERS[fact.kind],
            tuple(name for name in fact.traits if name in traits),
            tuple(name for name in fact.properties if name in properties),
        )
        for fact in model.facts
    ]
    return [stating for stating in found if stating[2] or stating[3]]


def facts_may_stand_in(properties: Mapping[str, Any], model: Model) -> bool:
    """Whether an event's properties hold one that may state a fact."""
    return not _property_names(model).isdisjoint(properties)


@lru_cache(maxsize=16)
def _property_names(model: Model) -> frozenset[str]:
    return frozenset(name for fact in model.facts for name in fact.properties)


def _stated(signal: Signal, value: Any) -> Stated:
    return Stated(signal.at, signal.message_id, value)


def _text(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value).strip()[:MAX_TEXT] or None


def _presence(value: Any) -> bool | None:
    """True for anything that says something; what it says is not kept."""
    return True if (_text(value) is not None or (isinstance(value, dict | list) and value)) else None


_READERS = {"text": _text, "size": lower_bound, "presence": _presence}


def _bant(signal: Signal, fields: Mapping[str, Any]) -> dict[str, Stated]:
    return {name: _stated(signal, _bant_fact(fields[name])) for name in BANT if name in fields}


def _bant_fact(given: Any) -> dict[str, Any]:
    """`{met, value, evidence}`, where met defaults to true; a bare boolean is `met`, a bare text the value."""
    if isinstance(given, bool) or given is None:
        return {"met": bool(given), "value": None, "evidence": None}
    if not isinstance(given, Mapping):
        return {"met": True, "value": _text(given), "evidence": None}
    met = given.get("met", True)
    value, evidence = (_text(given.get(name)) for name in ("value", "evidence"))
    return {"met": met is None or met is True, "value": value, "evidence": evidence}


def _revenue(signal: Signal, fields: Mapping[str, Any]) -> Stated | None:
    for name in ("revenue", "total", "value"):
        amount = fields.get(name)
        if isinstance(amount, int | float) and not isinstance(amount, bool) and abs(amount) <= MAX_AMOUNT:
            return _stated(signal, amount)
    return None
