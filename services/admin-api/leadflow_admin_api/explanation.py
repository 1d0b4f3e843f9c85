"""Why a lead stands where it stands, now or at any past time."""

import re
from typing import Annotated

from fastapi import APIRouter, Query

from leadflow.core.scoring.evaluate import evaluate
from leadflow.core.scoring.explain import criteria, next_stage
from leadflow.core.scoring.standing import Standing
from leadflow.core.scoring.tally import EMPTY
from leadflow.core.time import from_rfc3339, to_rfc3339
from leadflow.pipeline.scoring.views import contributions, score_view
from leadflow_admin_api.context import Ctx
from leadflow_admin_api.lead_answers import model_name
from leadflow_admin_api.lead_shapes import (
    ContributionAnswer,
    CriterionAnswer,
    Explanation,
    NextAnswer,
    ScoreWithTemperature,
)
from leadflow_admin_api.problems import documented, invalid
from leadflow_admin_api.trees import read_tree

router = APIRouter(tags=["leads"])

_SPACE_FOR_PLUS = re.compile(r"(T\S+) (\d\d:?\d\d)$")


@router.get("/leads/{profile_id}/explanation", summary="Why it stands where it stands", responses=documented(404))
async def explanation(
    ctx: Ctx,
    profile_id: str,
    at: Annotated[
        str | None, Query(description="RFC 3339. A time to come counts as now.", examples=["2026-11-21T18:33:16Z"])
    ] = None,
) -> Explanation:
    """Everything known today, evaluated at that instant; the stage from the published history."""
    now = ctx.clock.now()
    instant = now if at is None else min(_instant(at), now)
    tree = await read_tree(ctx.store, profile_id)
    model = ctx.settings.model
    known = instant >= tree.seen()[0]  # facts have no age: without this, a visitor to come would already be known
    tally = tree.tally() if known else EMPTY
    standing = tree.lead.standing if known else Standing()
    score = evaluate(tally, model, instant)
    stage = standing.stage_at(instant)
    following = next_stage(standing, tally, model, score, stage)
    return Explanation(
        profile_id=tree.root,
        at=to_rfc3339(instant),
        stage=stage,
        score=ScoreWithTemperature.model_validate(score_view(score), from_attributes=True),
        contributions=[
            ContributionAnswer.model_validate(share, from_attributes=True) for share in contributions(score)
        ],
        criteria=[
            CriterionAnswer(text=one.text, met=one.met) for one in criteria(standing, tally, model, instant, stage)
        ],
        next=NextAnswer(stage=following.stage, missing=list(following.missing)),
        model=model_name(ctx),
    )


def _instant(text: str) -> int:
    # A `+07:00` that was not escaped arrives as a space.
    try:
        return from_rfc3339(_SPACE_FOR_PLUS.sub(r"\1+\2", text))
    except ValueError as error:
        raise invalid("at", f"{error}; write it like 2026-11-21T18:33:16Z") from error
