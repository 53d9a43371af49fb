"""Plans: a redraw is drawn, weighed, submitted, approved by another person, and published from a day on.

The ETag of a plan is its version. Whoever changes it sends If-Match: 428 without, and 412, with what the other did,
where somebody was faster.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response

from api import answers, cursors
from api.deps import Caller, Signed, known_parameters
from api.schemas.common import SIGNED, Id, problems
from api.schemas.plans import (
    CommentIn,
    CommentList,
    CommentOut,
    DrawingList,
    DrawingOut,
    EditedOut,
    EditsIn,
    FindingsOut,
    ImpactOut,
    PlanDrawing,
    PlanIn,
    PlanItem,
    PlanList,
    PlanOut,
    PlanQuery,
    PublishedOut,
    PublishIn,
    RebasedOut,
    ReturnIn,
)
from gridmap.errors import InvalidInput, Stale
from gridmap.ground.thinned import MOST_M
from gridmap.store.spatial import Bbox
from gridmap.usecases import planning, publishing, remarking, weighing

router = APIRouter(prefix="/api/v1", tags=["plans"], dependencies=[Depends(known_parameters())])

PlanId = Annotated[Id, Path(description="as answered when it was made", examples=[1])]
Unseen = Annotated[
    float,
    Query(ge=0, le=MOST_M, allow_inf_nan=False, description="metres that cannot be seen: fewer vertices; 0: all"),
]
IfMatch = Annotated[str | None, Header(alias="If-Match", max_length=200, description="the ETag that was read")]
READ = problems(*SIGNED, 404, 409)
CHANGED = problems(*SIGNED, 400, 404, 409, 412, 413, 428)
_TAG = re.compile(r'^(?:W/)?"(\d{1,9})"$')


def version_of(tag: str | None) -> int | None:
    """The version that If-Match names; None without it. An ETag that is none of ours matches no version."""
    if tag is None:
        return None
    found = _TAG.match(tag.strip())
    if found is None:
        raise Stale('If-Match is no ETag of a plan; read the plan, and send its ETag, such as "3"')
    return int(found[1])


def tagged(response: Response, version: int) -> None:
    """Say the plan's version as the answer's ETag."""
    response.headers["ETag"] = f'"{version}"'
    response.headers["Cache-Control"] = "private, no-cache"


def _after(response: Response, caller: Caller, done: planning.Changed) -> EditedOut:
    tagged(response, done.version)
    return EditedOut(**weighing.after_edit(caller.ctx, done))


def _stepped(response: Response, row: dict[str, Any]) -> PlanItem:
    tagged(response, row["version"])
    return PlanItem(**row)


@router.get("/plans", summary="List plans", responses=problems(*SIGNED))
def list_plans(request: Request, caller: Signed, query: Annotated[PlanQuery, Query()]) -> PlanList:
    """Plans of the caller's area, newest first. Drafts are shown to planners and approvers alone."""
    good_for = answers.purpose(request, caller)
    after = None if query.cursor is None else cursors.decode(caller.ctx, good_for, query.cursor)
    items, following = planning.listed(caller.ctx, caller.view, query.status, after, query.limit)
    return PlanList(
        items=[PlanItem(**one) for one in items],
        next=None if following is None else cursors.encode(caller.ctx, good_for, following),
    )


@router.post("/plans", status_code=201, summary="Begin a plan", responses=problems(*SIGNED, 400, 404, 413))
def create_plan(response: Response, caller: Signed, body: PlanIn) -> PlanItem:
    """A draft without edits, on the newest drawing (also one that is published for a day to come)."""
    return _stepped(response, planning.create(caller.ctx, caller.view, body.title, body.base_day))


@router.get("/drawings", summary="List drawings", responses=problems(*SIGNED))
def list_drawings(caller: Signed) -> DrawingList:
    """Every drawing there was, is or will be, with the days on which it is in force: one at any moment."""
    return DrawingList(items=[DrawingOut(**one) for one in publishing.history(caller.ctx, caller.view)])


@router.get("/plans/{plan_id}", summary="Read a plan", responses=READ)
def read_plan(response: Response, caller: Signed, plan_id: PlanId) -> PlanOut:
    """A plan with its way and its edits in short."""
    row = planning.one(caller.ctx, caller.view, plan_id)
    tagged(response, row["version"])
    return PlanOut(**row)


@router.get("/plans/{plan_id}/drawing", summary="Draw a plan", responses=READ)
def draw_plan(
    caller: Signed,
    plan_id: PlanId,
    bbox: Annotated[str | None, Query(max_length=200, description="west,south,east,north in degrees")] = None,
    codes: Annotated[str | None, Query(max_length=8000, description="codes of cells, by commas")] = None,
    metres: Unseen = 0.0,
) -> PlanDrawing:
    """Its cells with their figures; where few are asked for, also their borders and nodes, for editing.

    A changed cell has its shape before the plan in `was`; `gone` are cells that the plan abolishes.
    """
    box = None if bbox is None else box_of(bbox)
    chosen = None if codes is None else [one for one in codes.split(",") if one]
    version, found = weighing.drawing(caller.ctx, caller.view, plan_id, box, chosen, metres)
    headers = {"ETag": f'"{version}"', "Cache-Control": "private, no-cache"}
    return answers.json_response(found, headers=headers)  # type: ignore[return-value]  # a large answer, not checked twice


def box_of(text: str) -> Bbox:
    parts = text.split(",")
    try:
        west, south, east, north = map(float, parts)
    except ValueError:
        raise InvalidInput("bbox must be west,south,east,north in degrees", parameter="bbox") from None
    return west, south, east, north


@router.post("/plans/{plan_id}/edits", summary="Edit a plan", responses=CHANGED)
def edit_plan(
    response: Response, caller: Signed, plan_id: PlanId, body: EditsIn, if_match: IfMatch = None
) -> EditedOut:
    """Edits as JSON (docs/plans.md): the answer has the cells that came of them, what stands in the way, the impact."""
    done = planning.edit(caller.ctx, caller.view, plan_id, version_of(if_match), body.edits)
    return _after(response, caller, done)


@router.post("/plans/{plan_id}/undo", summary="Undo an edit", responses=CHANGED)
def undo_edit(response: Response, caller: Signed, plan_id: PlanId, if_match: IfMatch = None) -> EditedOut:
    """The drawing before the last edit, bit for bit."""
    return _after(response, caller, planning.undo(caller.ctx, caller.view, plan_id, version_of(if_match)))


@router.post("/plans/{plan_id}/redo", summary="Redo an edit", responses=CHANGED)
def redo_edit(response: Response, caller: Signed, plan_id: PlanId, if_match: IfMatch = None) -> EditedOut:
    """Does again what was undone last; refused where nothing was."""
    return _after(response, caller, planning.redo(caller.ctx, caller.view, plan_id, version_of(if_match)))


@router.get("/plans/{plan_id}/findings", summary="What stands in the way", responses=READ)
def read_findings(response: Response, caller: Signed, plan_id: PlanId) -> FindingsOut:
    """Blockers and warnings apart, each with its cell and place, of all cells that the plan changes."""
    version, found = weighing.findings(caller.ctx, caller.view, plan_id)
    tagged(response, version)
    return FindingsOut(**found)


@router.get("/plans/{plan_id}/impact", summary="What it does", responses=READ)
def read_impact(
    response: Response,
    caller: Signed,
    plan_id: PlanId,
    against: Annotated[Id | None, Query(description="another plan to compare with, instead of the drawing")] = None,
) -> ImpactOut:
    """Before and after by cell and by worker, who hands what to whom, and a crosswalk. Figures of places, no person."""
    version, found = weighing.weighed(caller.ctx, caller.view, plan_id, against)
    tagged(response, version)
    return ImpactOut(**found)


@router.post("/plans/{plan_id}/rebase", summary="Move to the newest drawing", responses=CHANGED)
def rebase_plan(response: Response, caller: Signed, plan_id: PlanId, if_match: IfMatch = None) -> RebasedOut:
    """Makes the edits again on the newest drawing; those that do not go are left out and named."""
    row = planning.moved_to_newest(caller.ctx, caller.view, plan_id, version_of(if_match))
    tagged(response, row["version"])
    return RebasedOut(**row)


@router.post("/plans/{plan_id}/submit", summary="Submit a plan", responses=CHANGED)
def submit_plan(response: Response, caller: Signed, plan_id: PlanId, if_match: IfMatch = None) -> PlanItem:
    """From here on it is shown to those whom it touches; one with blockers is refused (`plan_blocked`)."""
    weighing.refuse_blocked(caller.ctx, caller.view, plan_id)
    return _stepped(response, planning.step(caller.ctx, caller.view, plan_id, version_of(if_match), "submit"))


@router.post("/plans/{plan_id}/approve", summary="Approve a plan", responses=CHANGED)
def approve_plan(response: Response, caller: Signed, plan_id: PlanId, if_match: IfMatch = None) -> PlanItem:
    """By an approver, who is another person than the author."""
    return _stepped(response, planning.step(caller.ctx, caller.view, plan_id, version_of(if_match), "approve"))


@router.post("/plans/{plan_id}/return", summary="Return a plan", responses=CHANGED)
def return_plan(
    response: Response, caller: Signed, plan_id: PlanId, body: ReturnIn, if_match: IfMatch = None
) -> PlanItem:
    """A submitted or approved plan becomes a draft again."""
    version = version_of(if_match)
    return _stepped(response, planning.step(caller.ctx, caller.view, plan_id, version, "return", body.note))


@router.post("/plans/{plan_id}/withdraw", summary="Withdraw a plan", responses=CHANGED)
def withdraw_plan(response: Response, caller: Signed, plan_id: PlanId, if_match: IfMatch = None) -> PlanItem:
    """Before it is published; what is published is taken back by `reverse`."""
    return _stepped(response, planning.step(caller.ctx, caller.view, plan_id, version_of(if_match), "withdraw"))


@router.post("/plans/{plan_id}/publish", summary="Publish a plan", responses=CHANGED)
def publish_plan(
    response: Response, caller: Signed, plan_id: PlanId, body: PublishIn, if_match: IfMatch = None
) -> PublishedOut:
    """Writes the new cells with their first day and ends the old ones; on that day people and cases are handed over."""
    row = publishing.publish(caller.ctx, caller.view, plan_id, version_of(if_match), body.from_)
    tagged(response, row["version"])
    return PublishedOut(**row)


@router.post("/plans/{plan_id}/reverse", status_code=201, summary="Take a plan back", responses=CHANGED)
def reverse_plan(response: Response, caller: Signed, plan_id: PlanId) -> PlanItem:
    """A new draft that undoes a published plan: the past stays as it was, and the draft goes the usual way."""
    return _stepped(response, publishing.reverse(caller.ctx, caller.view, plan_id))


@router.get("/plans/{plan_id}/comments", summary="Read comments", responses=READ)
def read_comments(caller: Signed, plan_id: PlanId) -> CommentList:
    """What was said of a plan by whom it concerns, oldest first; to planners and approvers also what residents say."""
    said = planning.comments(caller.ctx, caller.view, plan_id) + remarking.heard(caller.ctx, caller.view, plan_id)
    return CommentList(items=[CommentOut(**one) for one in sorted(said, key=lambda one: one["at"])])


@router.post("/plans/{plan_id}/comments", status_code=201, summary="Comment on a plan", responses=CHANGED)
def comment_on_plan(caller: Signed, plan_id: PlanId, body: CommentIn) -> CommentList:
    """Workers may of a submitted plan that touches a cell they serve. Say nothing of persons here."""
    if (body.lon is None) != (body.lat is None):
        raise InvalidInput("give lon and lat together", field="lon")
    at = None if body.lon is None or body.lat is None else (body.lon, body.lat)
    planning.comment(caller.ctx, caller.view, plan_id, body.text, body.cell, at)
    return CommentList(items=[CommentOut(**one) for one in planning.comments(caller.ctx, caller.view, plan_id)])
