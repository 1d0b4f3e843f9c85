"""The scoring model in force, as people read it."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from leadflow.core.scoring.model import Criterion, Group, Model, Stage
from leadflow.core.time import DAY
from leadflow.pipeline.scoring.views import points
from leadflow_admin_api.context import Ctx
from leadflow_admin_api.paging import DEFAULT_LIMIT, CursorText, Limit, page, read_cursor
from leadflow_admin_api.problems import documented

router = APIRouter(tags=["model"])
_LISTING = "models"


class RuleAnswer(BaseModel):
    """What is worth how much."""

    id: str
    text: str
    when: str = Field(description="The condition, in the model's language.")
    points: float
    cap_per_day: int | None = None


class GroupAnswer(BaseModel):
    """Rules that decay and are clamped together."""

    name: str
    kind: str
    half_life_days: float
    low: float
    high: float
    rules: list[RuleAnswer]


class StageAnswer(BaseModel):
    """A stage and what it asks for: all of `needs` and, where there are any, all of one list of `either`."""

    name: str
    needs: list[str]
    either: list[list[str]]
    action: str | None = Field(description="The action of sales that leads here.")
    detour: bool = Field(description="Beside the path: recycled, disqualified, lost.")


class ModelAnswer(BaseModel):
    """A scoring model. `version` is a hash of its content."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "b2b",
                    "version": "3f2a9c",
                    "in_force": True,
                    "time_zone": "Asia/Ho_Chi_Minh",
                    "groups": [
                        {
                            "name": "intent",
                            "kind": "intent",
                            "half_life_days": 7.0,
                            "low": 0.0,
                            "high": 120.0,
                            "rules": [
                                {
                                    "id": "trial_started",
                                    "text": "Trial started",
                                    "when": "event == 'trial started'",
                                    "points": 25.0,
                                    "cap_per_day": 1,
                                }
                            ],
                        }
                    ],
                    "fit": {"low": -50.0, "high": 100.0, "rules": []},
                    "grades": [{"grade": "A", "from": 40.0}, {"grade": "B", "from": 0.0}],
                    "temperature": {"warm": 25.0, "warm_back": 20.0, "hot": 60.0, "hot_back": 50.0},
                    "completeness": {"high": 20.0, "weights": {"name": 2, "phone": 3, "email": 3, "need": 4}},
                    "source_quality": {"opt_in": 1.0, "partner": 0.7},
                    "stages": [
                        {
                            "name": "sql",
                            "needs": [],
                            "either": [],
                            "action": "accept",
                            "detour": False,
                        }
                    ],
                    "flags": [{"name": "pql", "text": "three days of product use within 14 days"}],
                }
            ]
        }
    )

    name: str
    version: str
    in_force: bool
    time_zone: str
    groups: list[GroupAnswer]
    fit: dict[str, Any]
    grades: list[dict[str, Any]]
    temperature: dict[str, float]
    completeness: dict[str, Any]
    source_quality: dict[str, float]
    stages: list[StageAnswer]
    flags: list[dict[str, str]]


class Models(BaseModel):
    """A page of models: the one in force."""

    items: list[ModelAnswer]
    next: str
    more: bool


def stage_names(model: Model) -> tuple[str, ...]:
    """Every stage in the order of the path, then the detours."""
    return (*(stage.name for stage in model.stages), *(detour.name for detour in model.detours))


@router.get("/models", summary="The scoring model in force", responses=documented(), response_model=Models)
async def models(ctx: Ctx, limit: Limit = DEFAULT_LIMIT, cursor: CursorText = None) -> dict[str, Any]:
    """Its rules, half-lives, caps, thresholds and stages."""
    start = read_cursor(_LISTING, cursor)
    model = ctx.settings.model
    if start:
        return page(_LISTING, [], [], limit, start)
    return page(_LISTING, [_answer(model)], [(0, model.name)], limit, start)


def _answer(model: Model) -> ModelAnswer:
    fit_rules = [
        RuleAnswer(id=rule.id, text=rule.text, when=rule.when.condition.text, points=points(rule.points))
        for rule in model.fit.rules
    ]
    heat = model.temperatures
    detours = [
        StageAnswer(name=detour.name, needs=[], either=[], action=detour.action, detour=True)
        for detour in model.detours
    ]
    return ModelAnswer(
        name=model.name,
        version=model.version,
        in_force=True,
        time_zone=model.time_zone,
        groups=[_group(group) for group in model.groups],
        fit={"low": points(model.fit.low), "high": points(model.fit.high), "rules": fit_rules},
        grades=[{"grade": grade, "from": points(begin)} for grade, begin in model.grades],
        temperature={
            "warm": points(heat.warm),
            "warm_back": points(heat.warm_back),
            "hot": points(heat.hot),
            "hot_back": points(heat.hot_back),
        },
        completeness={"high": points(model.completeness.high), "weights": dict(model.completeness.weights)},
        source_quality={name: points(factor) for name, factor in model.source_quality.items()},
        stages=[*map(_stage, model.stages), *detours],
        flags=[{"name": flag.name, "text": flag.text} for flag in model.flags],
    )


def _group(group: Group) -> GroupAnswer:
    rules = [
        RuleAnswer(
            id=rule.id,
            text=rule.text,
            when=rule.when.condition.text,
            points=points(rule.points),
            cap_per_day=rule.cap,
        )
        for rule in group.rules
    ]
    return GroupAnswer(
        name=group.name,
        kind=group.kind,
        half_life_days=group.half_life / DAY,
        low=points(group.low),
        high=points(group.high),
        rules=rules,
    )


def _stage(stage: Stage) -> StageAnswer:
    return StageAnswer(
        name=stage.name,
        needs=_texts(stage.needs),
        either=[_texts(criteria) for criteria in stage.either],
        action=stage.action,
        detour=False,
    )


def _texts(criteria: tuple[Criterion, ...]) -> list[str]:
    return [criterion.text for criterion in criteria]
