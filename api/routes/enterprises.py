"""Mines, quarries, factories and other enterprises, and how hard they shake the houses around them.

No person is in them: everybody who works here may see all enterprises; figures are for those who may read figures.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from api import answers
from api.deps import Signed, known_parameters
from api.lean import LeanRoute
from api.routes.ground import LISTED
from api.schemas.blasting import BlastingOut, BlastingQuery, RockIn
from api.schemas.common import SIGNED, Geometry, Id, problems
from api.schemas.lists import EnterpriseList, EnterpriseOut
from api.schemas.queries import Enterprises
from gridmap.usecases import blasting

router = APIRouter(
    prefix="/api/v1/enterprises",
    tags=["enterprises"],
    dependencies=[Depends(known_parameters())],
    route_class=LeanRoute,
)

FIELDS = answers.Fields(
    "id", "code", "name", "name_en", "kind", "status", "opened_on", "source", cell=("cell", "cell_name", "cell_name_en")
)


@router.get("", summary="List enterprises", response_model=EnterpriseList, responses=LISTED)
def list_enterprises(request: Request, caller: Signed, query: Enterprises) -> Response:
    """Enterprises with their kind and status; with `format=geojson` their points or outlines."""
    return answers.kept_listing(request, caller, "enterprises", query, FIELDS, ("enterprises", "cells"))


EnterpriseId = Annotated[Id, Path(description="as in the list", examples=[1])]


@router.get("/{enterprise_id}", summary="Read an enterprise", responses=problems(*SIGNED, 404))
def read_enterprise(caller: Signed, enterprise_id: EnterpriseId) -> EnterpriseOut:
    """One enterprise with its point or outline."""
    found = caller.reader.enterprise(enterprise_id)
    row = answers.with_place(FIELDS.row(found), found["geom"])
    return EnterpriseOut(**row, geometry=Geometry(**answers.geojson_of(found["geom"])))


@router.get("/{enterprise_id}/blasting", summary="How hard it shook the houses", responses=problems(*SIGNED, 404))
def read_blasting(caller: Signed, enterprise_id: EnterpriseId, query: Annotated[BlastingQuery, Query()]) -> BlastingOut:
    """What its blast log predicts for the houses around it, after GB 6722-2014: counts by kind of building, no house.

    A house over its limit is a reason to measure there; one under it is no proof of anything.
    """
    return BlastingOut(**blasting.blasting(caller.ctx, caller.view, enterprise_id, days=query.days))


@router.put("/{enterprise_id}/rock", summary="Say what rock it is", responses=problems(*SIGNED, 400, 404, 413))
def say_rock(caller: Signed, enterprise_id: EnterpriseId, body: RockIn) -> BlastingOut:
    """A row of the standard's table, or K and alpha as they were measured there."""
    return BlastingOut(**blasting.say_rock(caller.ctx, caller.view, enterprise_id, body.rock, body.k, body.alpha))
