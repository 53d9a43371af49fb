"""What the page /plan asks beside the plans: codes for new cells, the drawing of another day, what differs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response

from api import answers
from api.deps import Signed, known_parameters
from api.routes.plans import READ, PlanId, Unseen, box_of, tagged
from api.schemas.common import SIGNED, Code, Features, Id, problems
from api.schemas.plans import DiffOut
from api.schemas.queries import Day
from gridmap.usecases import redrawing

router = APIRouter(prefix="/api/v1", tags=["plans"], dependencies=[Depends(known_parameters())])

Lang = Annotated[redrawing.Lang, Query(description="of the words")]


@router.get("/plans/{plan_id}/codes", summary="Codes for new cells", responses=READ)
def next_codes(
    caller: Signed,
    plan_id: PlanId,
    community: Annotated[Code, Query(description="the code of the community that the new cells lie in")],
    count: Annotated[int, Query(ge=1, le=100, description="how many")] = 1,
) -> list[str]:
    """The next codes of a community: after the highest that it uses or ever used. Nothing is reserved."""
    return list(redrawing.next_codes(caller.ctx, caller.view, plan_id, community, count))


@router.get("/drawings/{day}", summary="Draw a day", response_model=Features, responses=problems(*SIGNED, 404))
def draw_day(
    caller: Signed,
    day: Annotated[Day, Path(description="a day of the county")],
    bbox: Annotated[str | None, Query(max_length=200, description="west,south,east,north in degrees")] = None,
    metres: Unseen = 0.0,
) -> Response:
    """The cells in force on a day, as GeoJSON in WGS84; in a box, and with as few vertices as a map from afar needs."""
    found = redrawing.drawn_on(caller.ctx, caller.view, day, None if bbox is None else box_of(bbox), metres)
    return answers.json_response(found, headers={"Cache-Control": "private, no-cache"})


@router.get("/plans/{plan_id}/diff", summary="What a plan draws otherwise", responses=READ)
def plan_diff(
    response: Response,
    caller: Signed,
    plan_id: PlanId,
    against: Annotated[Id | None, Query(description="another plan to compare with, instead of the drawing")] = None,
    lang: Lang = "zh",
) -> DiffOut:
    """Cells gone, new and changed, and which land goes from whom to whom, also in words."""
    version, found = redrawing.differing(caller.ctx, caller.view, plan_id, against, lang)
    tagged(response, version)
    return DiffOut(**found)


@router.get("/drawings/{day}/diff", summary="What a drawing changed", responses=problems(*SIGNED, 404))
def drawing_diff(
    caller: Signed,
    day: Annotated[Day, Path(description="a day of the county")],
    since: Annotated[Day | None, Query(description="a day of the other drawing; else the one before")] = None,
    lang: Lang = "zh",
) -> DiffOut:
    """What is different between the drawings in force on two days. Of drawings that were digitised apart, pieces of
    land that may be nothing but that error have `reliable_m2` 0."""
    return DiffOut(**redrawing.between(caller.ctx, caller.view, day, since, lang))
