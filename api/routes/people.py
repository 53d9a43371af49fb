"""Households and workers: lists for those who serve them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from api import answers
from api.deps import Explained, Signed, known_parameters
from api.lean import LeanRoute
from api.schemas.common import GEOJSON_CONTENT, SIGNED, Id, problems
from api.schemas.lists import HouseholdList, HouseholdOut, WorkerList
from api.schemas.queries import Households, Workers

router = APIRouter(prefix="/api/v1", tags=["people"], dependencies=[Depends(known_parameters())], route_class=LeanRoute)

HOUSEHOLD_FIELDS = answers.Fields(
    "id", "code", "address", "children", "adults", "elders", "housing", cell=("cell", "cell_name", "cell_name_en")
)
WORKER_FIELDS = answers.Fields(
    "id", "code", "name", "name_en", flags=("agent",),
    area=("area", "area_name", "area_name_en"), body=("body", "body_name", "body_name_en"),
)  # fmt: skip
LISTED = {200: {"content": GEOJSON_CONTENT, "description": "A page"}, **problems(*SIGNED)}


@router.get("/households", summary="List households", response_model=HouseholdList, responses=LISTED)
def list_households(request: Request, caller: Signed, query: Households) -> Response:
    """The households that the caller serves. Contacts are not in a list. The reading is logged."""
    return answers.listing(request, caller, "households", query, HOUSEHOLD_FIELDS)


@router.get("/households/{household_id}", summary="Read a household", responses=problems(*SIGNED, 404))
def read_household(
    caller: Explained, household_id: Annotated[Id, Path(description="as in the list", examples=[1])]
) -> HouseholdOut:
    """One household with its contact, where one was given with consent. The reading is logged."""
    found = caller.reader.household(household_id)
    row = answers.with_place(HOUSEHOLD_FIELDS.row(found), found["geom"])
    return HouseholdOut(**row, contact_name=found["contact_name"], contact_phone=found["contact_phone"])


@router.get("/workers", summary="List workers", response_model=WorkerList, responses=problems(*SIGNED))
def list_workers(request: Request, caller: Signed, query: Workers) -> Response:
    """The grid workers whom the caller works with: of the caller's area, or of a worker's own cells."""
    return answers.listing(request, caller, "workers", query, WORKER_FIELDS)
