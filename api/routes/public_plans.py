"""A submitted plan for everybody: what it changes for places and bodies, and a word on it without an account."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api import answers
from api.deps import Ctx, known_parameters
from api.routes.public import DeviceKey, address_of
from api.schemas.common import Code, Features, Id, problems
from gridmap.usecases import remarking
from gridmap.usecases.residents import Proof
from layers.layer import geojson_geometries

router = APIRouter(prefix="/api/v1/public/plans", tags=["residents"], dependencies=[Depends(known_parameters())])

PlanId = Annotated[Id, Path(description="the plan's number, as on its page", examples=[1])]
#: 0.1 m
DECIMALS = 6


class PlaceName(BaseModel):
    code: str
    name: str
    name_en: str | None


class Side(BaseModel):
    """A cell before or after: its community, and the body that answers there."""

    name: str
    name_en: str | None
    area: str | None
    area_en: str | None
    body: str | None
    body_en: str | None
    area_m2: int


class Change(BaseModel):
    """One cell; a side on which it is not there is null."""

    code: str
    before: Side | None
    after: Side | None


class Piece(BaseModel):
    """Land that goes from one cell to another."""

    model_config = ConfigDict(populate_by_name=True)

    from_: str = Field(alias="from")
    to: str
    area_m2: int


class PublicPlan(BaseModel):
    """Borders, areas, places and bodies. Nobody's name, and no count of people, households or cases."""

    id: int
    title: str
    status: Literal["submitted", "approved", "published", "applied"]
    applies_on: date | None = Field(description="its first day, once it is published")
    area: PlaceName
    open: bool = Field(description="whether a word is still taken: until it is approved")
    changes: list[Change]
    pieces: list[Piece]
    before: Features
    after: Features


class RemarkIn(BaseModel):
    """A word on a plan. It is sealed, and read by planners and approvers alone."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1, max_length=remarking.LONGEST)
    cell: Code | None = Field(None, description="a cell that the plan changes")
    challenge: str = Field(max_length=200)
    proof: str = Field(max_length=40)


class RemarkOut(BaseModel):
    at: datetime


@router.get(
    "/{plan_id}", summary="Read a plan without an account", response_model=PublicPlan,
    responses={304: {"description": "What the client holds is still so (If-None-Match)"}, **problems(404)},
)  # fmt: skip
def read_public_plan(ctx: Ctx, request: Request, plan_id: PlanId) -> Response:
    """What a submitted plan changes for places and bodies, before and after. Drafts are not found."""
    tag = answers.tag("public plan", *remarking.state(ctx, plan_id))
    held = answers.unchanged(request, tag)
    if held is not None:
        return held

    def make() -> bytes:
        found = remarking.reading(ctx, plan_id)
        told = PublicPlan(**{**found, **{side: _features(found[side]) for side in ("before", "after")}})
        return answers.dump(told.model_dump(mode="json", by_alias=True))

    # made once for as long as it stays so: anybody may ask, as often as they like
    body = request.app.state.answers.get(tag, make)
    return Response(body, media_type="application/json", headers=answers.fresh(tag))


def _features(cells: dict[str, dict[str, Any]]) -> dict[str, Any]:
    shapes = np.array([one["geom"] for one in cells.values()], dtype=object)
    drawn = geojson_geometries(shapes, DECIMALS) if len(shapes) else []
    features = [
        {"type": "Feature", "id": code, "geometry": place,
         "properties": {"code": code, "name": one["name"], "name_en": one["name_en"]}}
        for (code, one), place in zip(cells.items(), drawn, strict=True)
    ]  # fmt: skip
    return {"type": "FeatureCollection", "features": features}


@router.post(
    "/{plan_id}/comments", status_code=201, summary="Say something of a plan",
    responses=problems(400, 404, 409, 413, 429),
)  # fmt: skip
def remark_on_plan(ctx: Ctx, request: Request, plan_id: PlanId, body: RemarkIn, key: DeviceKey) -> RemarkOut:
    """Without an account, until the plan is approved; the work or the sum of a challenge comes with it, and the same
    limits hold as for reports. The same key again has no second effect."""
    proof = Proof(body.challenge, body.proof, address_of(request))
    return RemarkOut(**remarking.remark(ctx, plan_id, body.text, body.cell, proof, key=key))
