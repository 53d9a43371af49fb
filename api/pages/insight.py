"""Pages beside /insight: the evidence card of an enterprise, and what of the county's figures may leave."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import HTMLResponse, Response

from api.deps import Signed
from api.pages.frame import county_of, page
from api.schemas.analyses import CardQuery, ReleaseQuery
from api.schemas.common import Id
from gridmap.people.roles import ACTIONS
from gridmap.usecases import evidence
from gridmap.usecases.counting import figures_within
from gridmap.usecases.happenings import happenings
from gridmap.usecases.releasing import released_map

router = APIRouter(include_in_schema=False)


@router.get("/insight/evidence/{enterprise_id}")
def card(
    request: Request, caller: Signed, enterprise_id: Annotated[Id, Path()], query: Annotated[CardQuery, Query()]
) -> Response:
    """The evidence card to read and print; while its analysis runs, a page that asks again."""
    caller.reader.enterprise(enterprise_id)
    found, scan = evidence.asked(caller.ctx, caller.view, query.question(caller.ctx, query.within))
    waits = evidence.awaited(found, scan)
    if waits is not None:
        shown: dict[str, Any] = {"analysis": waits, "again": not waits.settled}
        return page(request, "waiting.html", county=county_of(caller.ctx), **shown)
    drawn = evidence.months_of(found, enterprise_id)
    more = happenings(caller.ctx, caller.view, enterprise_id, drawn, query.edition)
    call = f"/meetings?call&enterprise={enterprise_id}" if caller.account.role in ACTIONS["meeting.lead"] else None
    nonce = request.state.csp_nonce
    text = evidence.card(caller.ctx, found, enterprise_id, query.edition, more, scan=scan, nonce=nonce, call=call)
    return HTMLResponse(text, headers={"Cache-Control": "private, no-store"})


@router.get("/insight/release")
def release(request: Request, caller: Signed, query: Annotated[ReleaseQuery, Query()]) -> Response:
    """What of the county's figures may leave: which communities were joined, and how much is shown."""
    figures_within(caller.view, None)
    found = released_map(caller.ctx, spans=query.months(caller.ctx), drawing=query.drawing)
    parts = found.parts.drop(columns="geometry").sort_values(["communities", "name"], ascending=[False, True])
    return page(
        request, "release.html", county=county_of(caller.ctx), release=found, parts=parts.to_dict("records"),
        joined=sum(row["communities"] for row in parts.to_dict("records") if row["communities"] > 1),
    )  # fmt: skip
