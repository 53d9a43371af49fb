"""Help with drawing a plan: proposals for even cells, and the road through QGIS."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Depends, Query, Response

from api.deps import Signed, known_parameters
from api.routes.plans import CHANGED, READ, IfMatch, PlanId, tagged, version_of
from api.schemas.common import SIGNED, problems
from api.schemas.plans import BalanceIn, EditedOut, ProposalList, ProposalOut
from gridmap.usecases import balancing, qgis, weighing

router = APIRouter(prefix="/api/v1", tags=["plans"], dependencies=[Depends(known_parameters())])

GEOPACKAGE = "application/geopackage+sqlite3"


@router.post(
    "/plans/{plan_id}/balance", summary="Propose even cells", responses=problems(*SIGNED, 400, 404, 409, 413, 429)
)
def propose_balance(response: Response, caller: Signed, plan_id: PlanId, body: BalanceIn) -> ProposalList:
    """Several proposals with their scores, each as edits that can be sent to `edits`. The same seed, the same ones,
    as long as the search comes to its end (`complete`)."""
    wish = balancing.Wish(**{**body.model_dump(), "cells": tuple(body.cells)})
    version, found = balancing.proposals(caller.ctx, caller.view, plan_id, wish)
    tagged(response, version)
    return ProposalList(items=[ProposalOut(**one) for one in found])


@router.get(
    "/plans/{plan_id}/export", summary="Export a plan for QGIS", response_class=Response,
    responses={200: {"content": {GEOPACKAGE: {}}}, **READ},
)  # fmt: skip
def export_plan(caller: Signed, plan_id: PlanId) -> Response:
    """A GeoPackage of all its cells with the plan's id and version, to be edited and sent to `import`."""
    version, content = qgis.exported(caller.ctx, caller.view, plan_id)
    name = f'attachment; filename="plan-{plan_id}-v{version}.gpkg"'
    return Response(content, media_type=GEOPACKAGE, headers={"ETag": f'"{version}"', "Content-Disposition": name})


@router.post("/plans/{plan_id}/import", summary="Import a plan from QGIS", responses=CHANGED)
def import_plan(
    response: Response,
    caller: Signed,
    plan_id: PlanId,
    content: Annotated[bytes, Body(media_type=GEOPACKAGE)],
    mend: Annotated[bool, Query(description="repair gaps, overlaps and lacking vertices first")] = False,
    if_match: IfMatch = None,
) -> EditedOut:
    """The difference becomes edits. Defects are named with their places (`plan_defects`); `mend` repairs them."""
    version = version_of(if_match)
    done = qgis.imported(caller.ctx, caller.view, plan_id, version, content, mend=mend)
    if done is None:
        raise qgis.unchanged(version or 0)
    tagged(response, done.version)
    return EditedOut(**weighing.after_edit(caller.ctx, done))
