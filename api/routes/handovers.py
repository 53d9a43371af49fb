"""Hand-over sheets of a redraw: listed, printed, and signed by the worker who gives and the one who takes."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Response

from api.deps import Signed, known_parameters
from api.schemas.common import SIGNED, Id, problems
from api.schemas.plans import HandoverList, HandoverOut, HandoverQuery, HandoverSheet
from gridmap.usecases import handing

router = APIRouter(prefix="/api/v1", tags=["plans"], dependencies=[Depends(known_parameters())])

HandoverId = Annotated[Id, Path(description="as in the list", examples=[1])]


@router.get("/handovers", summary="List hand-overs", responses=problems(*SIGNED))
def list_handovers(caller: Signed, query: Annotated[HandoverQuery, Query()]) -> HandoverList:
    """A worker's own, else those of the caller's area, newest first: how much is handed over, no person."""
    found = handing.listed(caller.ctx, caller.view, query.plan, unsigned=query.unsigned)
    return HandoverList(items=[HandoverOut(**one) for one in found])


@router.get("/handovers/{handover_id}", summary="Read a hand-over", responses=problems(*SIGNED, 404))
def read_handover(caller: Signed, handover_id: HandoverId) -> HandoverSheet:
    """One sheet in full: codes of households and numbers of cases, as on its print, and no person but the two workers;
    to others those of their area alone. The reading is logged."""
    return HandoverSheet(**handing.one(caller.reader, handover_id))


@router.post("/handovers/{handover_id}/sign", summary="Sign a hand-over", responses=problems(*SIGNED, 404))
def sign_handover(caller: Signed, handover_id: HandoverId) -> HandoverOut:
    """By the worker who gives or takes; signing again changes nothing."""
    return HandoverOut(**handing.sign(caller.ctx, caller.view, handover_id))


@router.get(
    "/handovers/{handover_id}/sheet.pdf", summary="Print a hand-over", response_class=Response,
    responses={200: {"content": {"application/pdf": {}}}, **problems(*SIGNED, 404)},
)  # fmt: skip
def print_handover(
    caller: Signed,
    handover_id: HandoverId,
    lang: Annotated[Literal["zh", "en"], Query(description="of the paper")] = "zh",
) -> Response:
    """The sheet for both to sign on paper: codes of households and numbers of cases."""
    return Response(handing.sheet(caller.reader, handover_id, lang), media_type="application/pdf")
