"""The county's limits for cells: size, area, compactness, deviation of the work."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from api.deps import Signed, known_parameters
from api.schemas.common import SIGNED, problems
from api.schemas.limits import LimitsIn, LimitsNow
from gridmap.plan import Limits
from gridmap.usecases import limiting

router = APIRouter(prefix="/api/v1/cell-limits", tags=["plans"], dependencies=[Depends(known_parameters())])


@router.get("", summary="Read the limits of cells", responses=problems(*SIGNED))
def read_limits(caller: Signed) -> LimitsNow:
    """What the county wants of a cell: plans are judged by it. For those who read plans, and for the admin."""
    return LimitsNow(**limiting.current(caller.ctx, caller.view))


@router.put("", summary="Set the limits of cells", responses=problems(*SIGNED, 400, 413))
def set_limits(caller: Signed, body: LimitsIn) -> LimitsNow:
    """For the admin. From now on every plan is judged by them, open ones too; 422 names the field that is wrong."""
    return LimitsNow(**limiting.put(caller.ctx, caller.view, Limits(**body.model_dump())))
