"""Steps in the form of the Segment HTTP tracking API, each labelled as synthetic."""

from typing import Any

from leadflow.core.time import to_rfc3339
from leadflow.simulation.diary import Step
from leadflow.simulation.names import SITE
from leadflow.simulation.people import Origin, Person

LIBRARY = "leadflow-simulate"
VERSION = "1"
"""Rises when the same seed no longer gives the same population."""


def message_id(person: Person, number: int) -> str:
    """The same for the same population, person and step: sending it twice counts once."""
    return f"sim-{person.code}-{number}"


def wire(person: Person, step: Step, number: int) -> dict[str, Any]:
    """One event for `/v1/batch`."""
    event: dict[str, Any] = {
        "type": step.type,
        "messageId": message_id(person, number),
        "anonymousId": person.devices[step.device].anonymous_id,
        "timestamp": to_rfc3339(step.at),
        "context": _context(person, step),
    }
    if step.account:
        event["userId"] = person.user_id
    if step.name is not None:
        event["event"] = step.name
    if step.type == "group":
        event["groupId"] = person.company.domain.partition(".")[0]
    if step.properties or step.type in {"page", "track"}:
        event["properties"] = dict(step.properties)
    if step.traits:
        event["traits"] = dict(step.traits)
    return event


def _context(person: Person, step: Step) -> dict[str, Any]:
    context: dict[str, Any] = {"synthetic": True, "library": {"name": LIBRARY, "version": VERSION}}
    if step.mailed:
        # Told by the e-mail tool: it knows the address and has no browser.
        return {**context, "traits": {"email": person.email}}
    context["userAgent"] = person.devices[step.device].user_agent
    context["locale"] = "vi-VN" if person.vietnamese else "en-GB"
    context |= _marketing(step.origin)
    if step.path is not None:
        page = {"path": step.path, "url": f"https://{SITE}{step.path}"}
        context["page"] = page if step.origin.referrer is None else {**page, "referrer": step.origin.referrer}
    return context


def _marketing(origin: Origin) -> dict[str, Any]:
    if origin.campaign is None:
        return {}
    return {"campaign": {"name": origin.campaign, "source": origin.source, "medium": origin.medium}}
