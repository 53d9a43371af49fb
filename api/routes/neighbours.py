"""An enterprise's neighbourhood in figures, its permits, contact and regular meetings, the review before a project."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from api.deps import Signed, known_parameters
from api.routes.enterprises import EnterpriseId
from api.schemas.common import SIGNED, problems
from api.schemas.neighbours import (
    AgreedOut,
    ContactIn,
    ContactOut,
    NeighbourhoodOut,
    PermitIn,
    RegularIn,
    ReviewOut,
    ReviewQuery,
)
from gridmap.usecases import company, neighbours

router = APIRouter(
    prefix="/api/v1/enterprises/{enterprise_id}", tags=["enterprises"], dependencies=[Depends(known_parameters())]
)
WRITTEN = problems(*SIGNED, 400, 404, 413)


@router.get("/neighbourhood", summary="Who lives around it", responses=problems(*SIGNED, 404))
def read_neighbourhood(caller: Signed, enterprise_id: EnterpriseId) -> NeighbourhoodOut:
    """How many households within which distance, how many reports in a year, and its community. No house, no case."""
    return NeighbourhoodOut(**neighbours.neighbourhood(caller.ctx, caller.view, enterprise_id))


@router.get("/review", summary="Review a project", responses=problems(*SIGNED, 404))
def review_project(caller: Signed, enterprise_id: EnterpriseId, query: Annotated[ReviewQuery, Query()]) -> ReviewOut:
    """Before a new blasting or land project: who is affected, how many, and what was promised last time."""
    found = neighbours.review(
        caller.ctx, caller.view, enterprise_id, charge_kg=query.charge_kg, within_m=query.within_m
    )
    return ReviewOut(**found)


@router.get("/agreed", summary="Permits and regular meetings", responses=problems(*SIGNED, 404))
def read_agreed(caller: Signed, enterprise_id: EnterpriseId) -> AgreedOut:
    """What it is permitted and until when, and when the next regular meeting is due."""
    return AgreedOut(**neighbours.agreed(caller.ctx, enterprise_id))


@router.post("/permits", summary="Write a permit down", responses=WRITTEN)
def keep_permit(caller: Signed, enterprise_id: EnterpriseId, body: PermitIn) -> AgreedOut:
    """Keeps a permit, in place of the one with its kind and number."""
    return AgreedOut(**neighbours.keep_permit(caller.ctx, caller.view, enterprise_id, **body.model_dump()))


@router.get("/contact", summary="Whom to call there", responses=problems(*SIGNED, 404))
def read_contact(caller: Signed, enterprise_id: EnterpriseId) -> ContactOut:
    """Name and number, for those who lead joint meetings there; the reading is logged."""
    return ContactOut(**company.contact(caller.reader, enterprise_id))


@router.put("/contact", summary="Say whom to call there", responses=WRITTEN)
def keep_contact(caller: Signed, enterprise_id: EnterpriseId, body: ContactIn) -> ContactOut:
    """In place of who was named before: that name and number are destroyed."""
    company.keep_contact(caller.ctx, caller.view, enterprise_id, body.contact_name, body.contact_phone)
    return ContactOut(**company.contact(caller.reader, enterprise_id))


@router.put("/regular", summary="Ask its neighbours regularly", responses=WRITTEN)
def say_regular(caller: Signed, enterprise_id: EnterpriseId, body: RegularIn) -> AgreedOut:
    """A joint meeting every so many months, whether there are complaints or not. The desk is told 30 days before."""
    return AgreedOut(**neighbours.say_regular(caller.ctx, caller.view, enterprise_id, body.months, body.since))
