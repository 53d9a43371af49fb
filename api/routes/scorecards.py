"""Scorecards of places, bodies and categories: every ratio with both its counts, beside the year before. No persons."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from api import answers
from api.deps import Signed, known_parameters
from api.schemas.common import SIGNED, Code, problems
from gridmap.usecases import scoring
from gridmap.usecases.scoredocs import document

router = APIRouter(prefix="/api/v1/stats", tags=["figures"], dependencies=[Depends(known_parameters())])


class CardQuery(BaseModel):
    """Which card."""

    model_config = ConfigDict(extra="forbid")

    month: Annotated[
        str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$", description="a month of the county", examples=["2026-06"])
    ]
    area: Annotated[Code | None, Field(description="an area within the caller's own")] = None
    category: Annotated[Code | None, Field(description="a top category holds its sub-categories")] = None
    by: Annotated[
        Literal["area", "town", "community", "body", "category", "channel", "month"],
        Field(description="what stands in its lines; area: those right below; month: the twelve up to this one"),
    ] = "area"


class Scorecard(BaseModel):
    """A month's card; see docs/scorecards.md for what each count and ratio is of."""

    month: str
    by: str
    area: dict[str, Any] | None
    category: Annotated[dict[str, Any] | None, Field(description="what it is narrowed to")]
    body: Annotated[dict[str, Any] | None, Field(description="a handler's own body, whose figures alone are told")]
    at: str
    zone: Annotated[str, Field(description="the county's time zone, by which months begin")]
    complete: Annotated[bool, Field(description="whether the month is over")]
    total: dict[str, Any]
    lines: list[dict[str, Any]]
    channels: dict[str, int]
    history: dict[str, dict[str, int]]


@router.get("/scorecard", summary="A month's scorecard", response_model=Scorecard, responses=problems(*SIGNED, 404))
def scorecard(caller: Signed, query: Annotated[CardQuery, Query()]) -> Response:
    """Counts and ratios of the caller's area in a month, as a whole and by line, beside the month and the year before.

    Each ratio tells its numerator, its denominator, what that is of, and its 95 % interval; `small` ones should be
    greyed. Hours to close count cases that are open still as "longer than this". Bodies and places, never persons.
    `filters` of a line with `month` and `counted` list the cases behind a count (`GET /api/v1/incidents`).
    """
    card = scoring.card(caller.ctx, caller.view, query.month, query.by, area=query.area, category=query.category)
    return answers.json_response(document(card))
