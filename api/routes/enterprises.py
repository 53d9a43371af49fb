"""Mines, quarries, factories and other enterprises. No person is in them: everybody who works here may see all."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from api import answers
from api.deps import Signed, known_parameters
from api.lean import LeanRoute
from api.routes.ground import LISTED
from api.schemas.common import SIGNED, Geometry, Id, problems
from api.schemas.lists import EnterpriseList, EnterpriseOut
from api.schemas.queries import Enterprises

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


@router.get("/{enterprise_id}", summary="Read an enterprise", responses=problems(*SIGNED, 404))
def read_enterprise(
    caller: Signed, enterprise_id: Annotated[Id, Path(description="as in the list", examples=[1])]
) -> EnterpriseOut:
    """One enterprise with its point or outline."""
    found = caller.reader.enterprise(enterprise_id)
    row = answers.with_place(FIELDS.row(found), found["geom"])
    return EnterpriseOut(**row, geometry=Geometry(**answers.geojson_of(found["geom"])))
