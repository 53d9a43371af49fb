"""Statistics that take their time: hot spots, scan, enterprises with their evidence; and what may leave of figures."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Response

from api import answers
from api.deps import Caller, Signed, known_parameters
from api.schemas.analyses import AnalysisOut, AnalysisQuery, CardQuery, EvidenceQuery, ReleaseOut, ReleaseQuery
from api.schemas.common import SIGNED, Id, problems
from gridmap.reports import pdf
from gridmap.usecases import analysing, evidence
from gridmap.usecases.analysing import Answer
from gridmap.usecases.counting import figures_within
from gridmap.usecases.happenings import happenings
from gridmap.usecases.releasing import released_map


class PdfResponse(Response):
    """A printed sheet."""

    media_type = "application/pdf"


router = APIRouter(prefix="/api/v1", tags=["figures"], dependencies=[Depends(known_parameters())])

_LATER: dict[int | str, dict[str, Any]] = {202: {"model": AnalysisOut, "description": "It waits or runs: ask again"}}
ANALYSED = {**problems(*SIGNED), **_LATER}
FOUND = {**problems(*SIGNED, 404), **_LATER}
AnalysisId = Annotated[Id, Path(description="as the analysis said", examples=[1])]


@router.get("/hotspots", summary="Hot spots", response_model=AnalysisOut, responses=ANALYSED)
def read_hotspots(caller: Signed, query: Annotated[AnalysisQuery, Query()]) -> Response:
    """Gi* and local Moran of each cell of the caller's area: z, p, q (false discoveries held down over all cells),
    class at 90, 95 and 99 %, and how the cell's hot times come and go over two years. Rates are by households. Fewer
    than 30 cases are refused: `failed`, `too_few_incidents`."""
    return _sent(analysing.ask(caller.ctx, caller.view, "hotspots", query.question(caller.ctx)))


@router.get("/stats/scan", summary="Scan for clusters", response_model=AnalysisOut, responses=ANALYSED)
def read_scan(caller: Signed, query: Annotated[AnalysisQuery, Query()]) -> Response:
    """Kulldorff's circular scan over the caller's area: the circles with the most cases beyond what their households
    let expect, most likely first, without overlap."""
    return _sent(analysing.ask(caller.ctx, caller.view, "scan", query.question(caller.ctx)))


@router.get("/stats/sources", summary="All enterprises", response_model=AnalysisOut, responses=ANALYSED)
def read_sources(caller: Signed, query: Annotated[EvidenceQuery, Query()]) -> Response:
    """Each enterprise against the ground around it: observed and expected, tests, q over all of them, and a verdict:
    clear, raised, inseparable, not_raised, too_few."""
    return _sent(analysing.ask(caller.ctx, caller.view, "sources", query.question(caller.ctx, query.within)))


@router.get(
    "/enterprises/{enterprise_id}/evidence", summary="Evidence near an enterprise", response_model=AnalysisOut,
    responses=FOUND,
)  # fmt: skip
def read_evidence(
    caller: Signed,
    enterprise_id: Annotated[Id, Path(description="as in the list", examples=[1])],
    query: Annotated[EvidenceQuery, Query()],
) -> Response:
    """What the reports near one enterprise prove and what not, for use inside: rings of observed and expected cases,
    months, tests, categories, open and red cases. Part of the analysis of all enterprises."""
    caller.reader.enterprise(enterprise_id)
    found = analysing.ask(caller.ctx, caller.view, "sources", query.question(caller.ctx, query.within))
    return _sent(found if found.result is None else replace(found, result=evidence.of_one(found, enterprise_id)))


@router.get(
    "/enterprises/{enterprise_id}/evidence.pdf",
    summary="Evidence card",
    response_class=PdfResponse,
    responses={**FOUND, 200: {"content": {"application/pdf": {}}, "description": "One A4 sheet in both languages"}},
)
def print_evidence(
    caller: Signed,
    enterprise_id: Annotated[Id, Path(description="as in the list", examples=[1])],
    query: Annotated[CardQuery, Query()],
) -> Response:
    """The evidence card. Edition `figures` is for use inside; edition `table` is for a meeting where the enterprise
    sits: it names no house and no complainant, and its counts are those of the release."""
    caller.reader.enterprise(enterprise_id)
    found, scan = evidence.asked(caller.ctx, caller.view, query.question(caller.ctx, query.within))
    waits = evidence.awaited(found, scan)
    if waits is not None:
        return _sent(waits)
    drawn = evidence.months_of(found, enterprise_id)
    more = happenings(caller.ctx, caller.view, enterprise_id, drawn, query.edition)
    made = pdf(evidence.card(caller.ctx, found, enterprise_id, query.edition, more, scan=scan), one_sheet=True)
    name = f"evidence-{enterprise_id}-{query.edition}.pdf"
    return PdfResponse(made, headers={"Content-Disposition": f'inline; filename="{name}"'})


@router.get("/stats/analyses/{analysis_id}", summary="Read an analysis", response_model=AnalysisOut, responses=FOUND)
def read_analysis(caller: Signed, analysis_id: AnalysisId) -> Response:
    """An analysis of the caller's area as it stands."""
    return _sent(analysing.find(caller.ctx, caller.view, analysis_id))


@router.delete(
    "/stats/analyses/{analysis_id}", summary="Cancel an analysis", response_model=AnalysisOut, responses=FOUND
)
def cancel_analysis(caller: Signed, analysis_id: AnalysisId) -> Response:
    """Give an analysis up; one that runs ends at its next step. What is done stays. Asked again, it begins anew."""
    return _sent(analysing.cancel(caller.ctx, caller.view, analysis_id))


@router.get("/stats/release", summary="What may leave", responses=problems(*SIGNED))
def read_release(caller: Signed, query: Annotated[ReleaseQuery, Query()]) -> ReleaseOut:
    """The county's incidents as they may leave the house: closed months by communities, small ones joined, so that no
    count and no difference of two lies between 1 and 4; by category for the whole county. The same for everybody."""
    figures_within(caller.view, None)
    return _released(caller, query)


def _released(caller: Caller, query: ReleaseQuery) -> ReleaseOut:
    found = released_map(caller.ctx, spans=query.months(caller.ctx), drawing=query.drawing)
    columns = ["name", "name_en", "communities", "codes", "count", "households"]
    return ReleaseOut(
        first=f"{found.first:%Y-%m}", last=f"{found.last:%Y-%m}", drawing=query.drawing, withheld=found.withheld,
        months=[f"{month:%Y-%m}" for month in found.months], total=found.total,
        parts=[
            {column: answers.plain(value) for column, value in zip(columns, row, strict=True)}
            for row in found.parts[columns].itertuples(index=False)
        ],
        categories=[
            {"codes": list(codes), "count": count}
            for codes, count in zip(found.kinds.groups, found.kinds.counts.tolist(), strict=True)
        ],
        single_months=found.single_months, single_incidents=found.single_incidents,
    )  # fmt: skip


def _sent(found: Answer) -> Response:
    """200 when it is settled, 202 while it waits or runs."""
    later = not found.settled
    body = answers.dump(asdict(found))
    headers = {"Cache-Control": "private, no-store"} | ({"Retry-After": "1"} if later else {})
    return Response(body, 202 if later else 200, headers, "application/json")
