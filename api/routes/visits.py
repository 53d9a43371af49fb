"""Visits: written down once, the month's plan, what a visit brought up, and counts by place."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from api.deps import Signed, known_parameters
from api.routes.incidents import Key
from api.schemas.common import SIGNED, Id, problems
from api.schemas.homes import FiguresOut, PlanOut, RaiseIn, VisitIn, VisitItem, VisitList, VisitMade
from api.schemas.incidents import Assigned
from gridmap.usecases import visiting

router = APIRouter(prefix="/api/v1/visits", tags=["visits"], dependencies=[Depends(known_parameters())])

Month = Annotated[
    str | None, Query(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$", description="default: this one", examples=["2026-07"])
]


@router.post("", status_code=201, summary="Write a visit down", responses=problems(*SIGNED, 400, 404, 409, 413))
def add_visit(caller: Signed, body: VisitIn, key: Key = None) -> VisitMade:
    """One visit to a household that the caller serves; no place is sent or kept.

    The same `Idempotency-Key` again answers the same and has no second effect; with another body it is 422.
    """
    return VisitMade(**visiting.record(caller.ctx, caller.view, visiting.Visit(**body.model_dump()), key=key))


@router.get("", summary="List visits", responses=problems(*SIGNED))
def list_visits(
    caller: Signed,
    household_id: Annotated[Id | None, Query(description="of one household")] = None,
    before: Annotated[Id | None, Query(description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="rows a page")] = 100,
) -> VisitList:
    """Visits to the households that the caller serves, newest first, without notes. The reading is logged."""
    found = visiting.listing(caller.reader, household_id, before, limit)
    items = [VisitItem(**row) for row in found[:limit]]
    return VisitList(items=items, next=items[-1].id if len(found) > limit else None)


@router.get("/plan", summary="The month's plan", responses=problems(*SIGNED))
def read_visit_plan(caller: Signed, month: Month = None) -> PlanOut:
    """Whom the caller is to visit, first to last: promised return visits, then needs, then who was not seen longest."""
    return PlanOut(**visiting.my_plan(caller.reader, month))


@router.get("/figures", summary="Visits by place", responses=problems(*SIGNED))
def read_figures(caller: Signed, month: Month = None) -> FiguresOut:
    """By community: households, how many were met, what the quotas ask, hours needed and hours there are."""
    return FiguresOut(**visiting.figures(caller.ctx, caller.view, month))


@router.post(
    "/{visit_id}/incident", status_code=201, summary="Report what it brought up",
    responses=problems(*SIGNED, 400, 404, 409, 413),
)  # fmt: skip
def raise_incident(
    caller: Signed, visit_id: Annotated[Id, Path(description="as answered when it was written down", examples=[1])],
    body: RaiseIn,
) -> Assigned:  # fmt: skip
    """An incident at the household's place, with the visit's note unless another text is given; once for a visit."""
    return Assigned(**visiting.to_incident(caller.ctx, caller.view, visit_id, body.category, body.text))
