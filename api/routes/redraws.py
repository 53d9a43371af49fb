"""What the page /plan asks beside the plans themselves: codes for new cells, and the drawing of another day."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response

from api import answers
from api.deps import Signed, known_parameters
from api.routes.plans import READ, PlanId, Unseen, box_of
from api.schemas.common import SIGNED, Code, Features, problems
from api.schemas.queries import Day
from gridmap.usecases import redrawing

router = APIRouter(prefix="/api/v1", tags=["plans"], dependencies=[Depends(known_parameters())])


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
