"""The funnel: how many leads stand in each stage."""

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from leadflow.contracts.collections import LEADS
from leadflow_admin_api.context import Ctx
from leadflow_admin_api.models import stage_names
from leadflow_admin_api.problems import documented

router = APIRouter(tags=["leads"])


class StageCount(BaseModel):
    """Leads in one stage now."""

    stage: str
    count: int


class Funnel(BaseModel):
    """Every stage of the model in its order, those without leads too. Merged profiles count once."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "items": [{"stage": "visitor", "count": 120}, {"stage": "lead", "count": 14}],
                    "stages": {"visitor": 120, "lead": 14},
                    "total": 134,
                }
            ]
        }
    )

    items: list[StageCount]
    stages: dict[str, int]
    total: int


@router.get("/funnel", summary="Leads by stage", responses=documented())
async def funnel(ctx: Ctx) -> Funnel:
    """Counted as of the last change of each lead."""
    counted = await ctx.store.count(LEADS, "stage")
    order = tuple(dict.fromkeys((*stage_names(ctx.settings.model), *sorted(map(str, counted)))))
    stages = {stage: counted.get(stage, 0) for stage in order}
    return Funnel(
        items=[StageCount(stage=stage, count=count) for stage, count in stages.items()],
        stages=stages,
        total=sum(stages.values()),
    )
