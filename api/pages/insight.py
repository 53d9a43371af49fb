"""Pages beside /insight: the evidence card of an enterprise, and what of the county's figures may leave."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

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
    links = _links(request, enterprise_id, query, leads=caller.account.role in ACTIONS["meeting.lead"])
    nonce = request.state.csp_nonce
    text = evidence.card(caller.ctx, found, enterprise_id, query.edition, more, scan=scan, nonce=nonce, links=links)
    return HTMLResponse(text, headers={"Cache-Control": "private, no-store"})


def _links(request: Request, enterprise_id: int, query: CardQuery, *, leads: bool) -> list[tuple[str, str]]:
    """Where a card on the screen leads: its sheet, the other edition over the same months, and a meeting."""
    other = "table" if query.edition == "figures" else "figures"
    asked = {"from": query.from_, "to": query.to, "edition": other}
    turned = urlencode({name: value for name, value in asked.items() if value})
    words = {"table": "Card for the meeting 会议用证据卡", "figures": "Card for use inside 内部证据卡"}
    links = [
        (f"/api/v1/enterprises/{enterprise_id}/evidence.pdf?{request.url.query}", "One A4 sheet (PDF) 打印一张 A4"),
        (f"/insight/evidence/{enterprise_id}?{turned}", words[other]),
    ]
    if leads:
        links.append((f"/meetings?call&enterprise={enterprise_id}", "Call a joint meeting 召开联席会议"))
    return links


@router.get("/insight/release")
def release(request: Request, caller: Signed, query: Annotated[ReleaseQuery, Query()]) -> Response:
    """What of the county's figures may leave: which communities were joined, and how much is shown."""
    figures_within(caller.view, None)
    found = released_map(caller.ctx, spans=query.months(caller.ctx), drawing=query.drawing)
    parts = found.parts.drop(columns="geometry").sort_values(["communities", "name"], ascending=[False, True])
    names = {one["code"]: one for one in caller.reader.categories()}
    kinds = [
        {"codes": [names[code] for code in codes], "count": count}
        for codes, count in zip(found.kinds.groups, found.kinds.counts.tolist(), strict=True)
    ]
    return page(
        request, "release.html", county=county_of(caller.ctx), release=found, parts=parts.to_dict("records"),
        joined=sum(row["communities"] for row in parts.to_dict("records") if row["communities"] > 1),
        kinds=sorted(kinds, key=lambda kind: -kind["count"]),
    )  # fmt: skip
