"""Scorecards of places, bodies and categories: every ratio with both its counts, beside the year before. No persons."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from api import answers
from api.deps import Signed, known_parameters
from api.schemas.common import SIGNED, problems
from api.schemas.scorecards import CardQuery, Scorecard
from gridmap.usecases import scoring
from gridmap.usecases.scoredocs import document

router = APIRouter(prefix="/api/v1/stats", tags=["figures"], dependencies=[Depends(known_parameters())])


@router.get("/scorecard", summary="A month's scorecard", response_model=Scorecard, responses=problems(*SIGNED, 404))
def scorecard(caller: Signed, query: Annotated[CardQuery, Query()]) -> Response:
    """Counts and ratios of the caller's area in a month, as a whole and by line, beside the month and the year before.

    Each ratio tells its numerator, its denominator, what that is of, and its 95 % interval; `small` ones should be
    greyed. Hours to close count cases that are open still as "longer than this". Bodies and places, never persons.
    `filters` of a line with `month` and `counted` list the cases behind a count (`GET /api/v1/incidents`).
    """
    card = scoring.card(caller.ctx, caller.view, query.month, query.by, area=query.area, category=query.category)
    return answers.json_response(document(card))
