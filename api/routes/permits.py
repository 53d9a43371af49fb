"""A whole file of permits; one at a time is written down at its enterprise (`api.routes.neighbours`)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Depends, Query

from api.deps import Signed, known_parameters
from api.schemas.common import SIGNED, problems
from api.schemas.permits import BroughtOut
from gridmap.usecases import permitting

router = APIRouter(prefix="/api/v1/permits", tags=["enterprises"], dependencies=[Depends(known_parameters())])


@router.post("/import", summary="Import permits", responses=problems(*SIGNED, 400, 413))
def import_permits(
    caller: Signed,
    content: Annotated[bytes, Body(media_type="application/octet-stream", description="the file as it is")],
    name: Annotated[
        str, Query(max_length=200, description="the file's name; it ends in .csv or .xlsx", examples=["permits.csv"])
    ],
    dry_run: Annotated[bool, Query(description="do all of it, then take it back: what would come of it")] = False,
) -> BroughtOut:
    """Permits of any number of enterprises, each known by its enterprise and number. Bad rows come back.

    Columns are found by their headings, Chinese or English; see docs/import.md.
    """
    return BroughtOut(**permitting.bring(caller.ctx, caller.view, name, content, dry_run=dry_run))
