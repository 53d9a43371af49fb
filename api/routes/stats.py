"""Figures for officials and bodies inside: exact counts, no persons."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from api import answers
from api.deps import Signed, known_parameters
from api.schemas.common import SIGNED, Code, problems
from api.schemas.lists import Counts
from api.schemas.queries import AS_DRAWN, Day, Light
from gridmap.case.terms import Status
from gridmap.errors import InvalidInput
from gridmap.store.figures import DIMENSIONS, MEASURES
from gridmap.usecases import counting
from gridmap.view import Drawing

router = APIRouter(prefix="/api/v1/stats", tags=["figures"], dependencies=[Depends(known_parameters())])

MOST_KEYS = 3


class CountQuery(BaseModel):
    """What is counted, and by what."""

    model_config = ConfigDict(extra="forbid")

    by: Annotated[
        str,
        Field(
            max_length=100,
            description=f"one to {MOST_KEYS} of {', '.join(DIMENSIONS)}, separated by commas",
            examples=["town,month"],
        ),
    ] = "category"
    category: Annotated[Code | None, Field(description="a top category holds its sub-categories")] = None
    status: Annotated[Status | None, Field(description="as stored")] = None
    light: Annotated[Light | None, Field(description="of open incidents, by the server's clock")] = None
    area: Annotated[Code | None, Field(description="an area within the caller's own")] = None
    cell: Annotated[
        Code | None, Field(description="code of a cell; which one an incident counts for, see `drawing`")
    ] = None
    from_: Annotated[Day | None, Field(alias="from", description="first day received, county time")] = None
    to: Annotated[Day | None, Field(description="first day no longer included")] = None
    drawing: Annotated[Drawing, Field(description=AS_DRAWN)] = Drawing.NOW
    as_of: Annotated[Day | None, Field(description="the day whose cells `now` means; without, today")] = None

    def dimensions(self) -> list[str]:
        """The keys asked for, in order; InvalidInput names an unknown one."""
        wanted = self.by.split(",")
        unknown = [name for name in wanted if name not in DIMENSIONS]
        if unknown or len(set(wanted)) != len(wanted) or len(wanted) > MOST_KEYS:
            raise InvalidInput(
                f"by must be one to {MOST_KEYS} different ones of {', '.join(DIMENSIONS)}", parameter="by"
            )
        return wanted

    def filters(self) -> dict[str, Any]:
        return {
            "category": self.category,
            "status": self.status and str(self.status),
            "light": self.light and str(self.light),
            "cell": self.cell,
            "from": self.from_,
            "to": self.to,
        }


@router.get("/counts", summary="Count incidents", response_model=Counts, responses=problems(*SIGNED, 404))
def count_incidents(caller: Signed, query: Annotated[CountQuery, Query()]) -> Response:
    """Exact counts of the incidents of the caller's area by category, place and month, for use inside.

    `count` is all, `open` those not closed, `overdue` the open ones past their due time, `closed` the rest. Groups
    without any are left out; the sum over cells is the same in both drawings and on any day. Figures that leave the
    house go through the release gate instead.
    """
    dimensions = query.dimensions()
    counted = counting.counts(
        caller.ctx, caller.view, dimensions, query.filters(),
        area=query.area, drawing=query.drawing, as_of=query.as_of,
    )  # fmt: skip
    keys = [column for column in counted.columns if column not in MEASURES]
    rows = answers.Fields(*keys, *MEASURES).rows(counted)
    return answers.json_response(
        {"by": dimensions, "drawing": str(query.drawing), "at": caller.ctx.clock().isoformat(), "rows": rows}
    )
