"""Rules, processes and calendars, for the admin: everything is checked before it is kept, and audited."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Path, Query

from api.deps import Signed, known_parameters
from api.schemas.common import SIGNED, Code, Id, problems
from api.schemas.flow import CalendarOut, LocalIn, Published, ReplayOut, RuleSetItem, RulesIn, RulesOut, YearIn
from gridmap.usecases import processes, ruling

router = APIRouter(prefix="/api/v1", tags=["flow"], dependencies=[Depends(known_parameters())])

Version = Annotated[Id, Path(description="as in the list; 1 is the set that ships", examples=[1])]
ProcessCode = Annotated[Code, Path(description="dispute, service or emergency", examples=["service"])]
WRITES = problems(*SIGNED, 400, 404, 409, 413)


@router.get("/rules", summary="List the versions of the rules", responses=problems(*SIGNED))
def list_rules(caller: Signed) -> list[RuleSetItem]:
    """Every version, newest first, and which one is live."""
    return [RuleSetItem(**one) for one in ruling.listed(caller.ctx, caller.view)]


@router.post("/rules", status_code=201, summary="Keep new rules", responses=WRITES)
def keep_rules(caller: Signed, body: RulesIn) -> RulesOut:
    """Keeps rules as the next version, not live yet. 422 lists every fault with its rule and field in `errors`."""
    return RulesOut(**ruling.keep(caller.ctx, caller.view, body.model_dump()))


@router.get("/rules/{version}", summary="Read rules", responses=problems(*SIGNED, 404))
def read_rules(caller: Signed, version: Version) -> RulesOut:
    """One version, in the order in which its rules are asked."""
    return RulesOut(**ruling.one(caller.ctx, caller.view, version))


@router.post("/rules/{version}/replay", summary="Try rules on last month's cases", responses=WRITES)
def replay_rules(
    caller: Signed, version: Version, days: Annotated[int, Query(ge=1, le=366, description="how far back")] = 30
) -> ReplayOut:
    """Who would get what: counts by body before and after, and the cases that change. Nothing is changed."""
    return ReplayOut(**ruling.replay(caller.ctx, caller.view, version, days))


@router.post("/rules/{version}/publish", summary="Put rules in force", responses=WRITES)
def publish_rules(caller: Signed, version: Version) -> Published:
    """Puts a version in force for reports from now on; 409 `rules_untried` before it was tried. Again: no effect."""
    return Published(**ruling.publish(caller.ctx, caller.view, version))


@router.get("/processes", summary="List the processes", responses=problems(*SIGNED))
def list_processes(caller: Signed) -> list[dict[str, Any]]:
    """The newest version of each, with its steps and limits."""
    return processes.listed(caller.ctx, caller.view)


@router.get("/processes/{code}", summary="Read a process", responses=problems(*SIGNED))
def read_process(
    caller: Signed, code: ProcessCode, version: Annotated[Id | None, Query(description="else the newest")] = None
) -> dict[str, Any]:
    """A process as JSON, to be edited and put back."""
    return processes.one(caller.ctx, caller.view, code, version)


@router.put("/processes/{code}", summary="Save a process", responses=WRITES)
def save_process(caller: Signed, code: ProcessCode, body: Annotated[dict[str, Any], Body()]) -> dict[str, Any]:
    """Keeps it as the next version, for cases that begin from now on. 422 lists every fault with its step in `errors`;
    409 `process_changed` where another version came in between."""
    return processes.save(caller.ctx, caller.view, code, body)


@router.get("/calendars", summary="Read the calendar in force", responses=problems(*SIGNED))
def read_calendar(caller: Signed) -> CalendarOut:
    """Its years, and which of them are provisional."""
    return CalendarOut(**processes.calendar(caller.ctx, caller.view))


@router.post("/calendars/local", summary="Set local days and hours", responses=WRITES)
def set_local(caller: Signed, body: LocalIn) -> CalendarOut:
    """Sets days of the county's own (a typhoon, a fair) and office hours. Open cases are counted again, each with an
    event, by the job beside the server; the same again has no effect."""
    office = None if body.office is None else [one.model_dump() for one in body.office]
    return CalendarOut(**processes.set_local(caller.ctx, caller.view, body.days.splitlines(), office))


@router.post("/calendars", status_code=201, summary="Take in a published year", responses=WRITES)
def import_year(caller: Signed, body: YearIn) -> CalendarOut:
    """Makes a year official. Open cases are counted again, each with an event, by the job beside the server."""
    return CalendarOut(
        **processes.import_year(caller.ctx, caller.view, body.year, body.days.splitlines(), body.source)
    )  # fmt: skip
