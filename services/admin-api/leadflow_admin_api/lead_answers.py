"""From documents to the answer about a lead: as of now for one, as last scored for lists."""

from typing import Any

from leadflow.core.scoring.evaluate import evaluate
from leadflow.core.scoring.stages import allowed_actions, flags, route
from leadflow.core.scoring.standing import Standing, stage_since
from leadflow.core.scoring.tally import Stated, Tally, Touch
from leadflow.core.time import to_rfc3339
from leadflow.pipeline.scoring.views import marketing_source, score_view
from leadflow_admin_api.context import Context
from leadflow_admin_api.lead_shapes import (
    BantAnswer,
    Lead,
    LeadScoreParts,
    LeadSource,
    ModelName,
    OverrideAnswer,
    ParkedAnswer,
    Who,
)
from leadflow_admin_api.lead_shapes import Touch as TouchAnswer
from leadflow_admin_api.trees import Tree, read_tree


def stage_of(tree: Tree) -> str:
    """Where the lead stands now."""
    return tree.lead.standing.stage


async def lead_now(ctx: Context, profile_id: str) -> Lead:
    """The lead of a profile, scored as of now."""
    return lead_at(ctx, await read_tree(ctx.store, profile_id), ctx.clock.now())


def lead_at(ctx: Context, tree: Tree, at: int) -> Lead:
    """The lead with its score as of an instant."""
    model = ctx.settings.model
    tally = tree.tally()
    score = evaluate(tally, model, at)
    return Lead(
        score=LeadScoreParts.model_validate(score_view(score), from_attributes=True),
        temperature=score.temperature,
        flags=list(flags(tally, model, at)),
        route=route(stage_of(tree), score),
        as_of=to_rfc3339(at),
        model=model_name(ctx),
        **_facts(tree, tally),
    )


def lead_as_scored(ctx: Context, tree: Tree) -> Lead:
    """The lead with its score as published last; of a lead that has none yet, as of now."""
    stored = tree.lead.published()
    if stored is None:
        return lead_at(ctx, tree, ctx.clock.now())
    return Lead(
        score=LeadScoreParts.model_validate(stored, from_attributes=True),
        temperature=stored.temperature,
        flags=list(stored.flags),
        route=stored.route,
        as_of=stored.as_of,
        model=ModelName.model_validate(stored.model, from_attributes=True),
        **_facts(tree, tree.tally()),
    )


def model_name(ctx: Context) -> ModelName:
    """The model in force."""
    return ModelName(name=ctx.settings.model.name, version=ctx.settings.model.version)


def _facts(tree: Tree, tally: Tally) -> dict[str, Any]:
    """What does not depend on the instant."""
    lead, traits = tree.lead, tree.traits()
    return {
        "profile_id": tree.root,
        "stage": lead.standing.stage,
        "stage_since": to_rfc3339(_since(tree, tally)),
        "source": LeadSource.model_validate(marketing_source(tally), from_attributes=True),
        "sequence": lead.standing.sequence,
        "owner": _text(tally.owner.value) if tally.owner else None,
        "first_touch": _touch(tally.first_touch),
        "last_touch": _touch(tally.last_touch),
        "who": Who(title=_text(traits.get("title")), company=_text(traits.get("company", traits.get("company.name")))),
        "need": _text(traits.get("need")),
        "bant": {name: _bant(stated) for name, stated in tally.bant.items()},
        "override": _override(lead.standing),
        "allowed": list(allowed_actions(lead.standing.stage)),
        "parked": _parked(tree),
    }


def _parked(tree: Tree) -> ParkedAnswer | None:
    """The member that has stood still the longest."""
    stopped = [(lead.parked.since, pid, lead.parked) for pid, lead in tree.leads.items() if lead.parked is not None]
    if not stopped:
        return None
    since, pid, parked = min(stopped, key=lambda one: one[:2])
    return ParkedAnswer(profile_id=pid, since=to_rfc3339(since), reason=parked.reason)


def _since(tree: Tree, tally: Tally) -> int:
    """When it entered its stage; a visitor entered with the first touchpoint."""
    since = stage_since(tree.lead.standing, tally)
    return tree.seen()[0] if since is None else since


def _touch(touch: Touch | None) -> TouchAnswer | None:
    if touch is None:
        return None
    return TouchAnswer(channel=touch.channel or "direct", campaign=touch.campaign, at=to_rfc3339(touch.at))


def _bant(stated: Stated) -> BantAnswer:
    value = stated.value if isinstance(stated.value, dict) else {}
    return BantAnswer(
        met=value.get("met") is True,
        value=value.get("value"),
        evidence=_text(value.get("evidence")),
        at=to_rfc3339(stated.at),
    )


def _override(standing: Standing) -> OverrideAnswer | None:
    held = standing.override
    if held is None:
        return None
    return OverrideAnswer(
        stage=held.stage,
        reason=held.reason or None,
        actor=held.actor,
        expires_at=None if held.expires_at is None else to_rfc3339(held.expires_at),
        system=held.system,
    )


def _text(value: Any) -> str | None:
    """JSON from outside as a text: None stays None."""
    return None if value is None else str(value)
