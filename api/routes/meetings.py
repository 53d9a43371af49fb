"""Joint meetings of government, enterprise and residents, and the promises made there."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request

from api import answers, cursors
from api.deps import Signed, known_parameters
from api.routes.incidents import Key
from api.schemas.common import SIGNED, Id, problems
from api.schemas.meetings import (
    Called,
    CancelIn,
    EffectOut,
    EffectQuery,
    HeldIn,
    MeetingIn,
    MeetingItem,
    MeetingList,
    MeetingOut,
    MeetingQuery,
    PromiseList,
    PromiseOut,
    PromiseQuery,
    PromiseStep,
    StepIn,
    TableOut,
)
from gridmap.enterprise import PromiseStatus
from gridmap.usecases import meetings

router = APIRouter(prefix="/api/v1", tags=["meetings"], dependencies=[Depends(known_parameters())])

MeetingId = Annotated[Id, Path(description="as answered when it was called", examples=[1])]
PromiseId = Annotated[Id, Path(description="as in the list", examples=[1])]
WRITTEN = problems(*SIGNED, 400, 404, 409, 413)


@router.post("/meetings", status_code=201, summary="Call a joint meeting", responses=WRITTEN)
def call_meeting(caller: Signed, body: MeetingIn, key: Key = None) -> Called:
    """Calls the three sides to a table. Officials, supervisors and dispatchers call; the cases named must be theirs."""
    said: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in body}
    call = meetings.Call(**said)
    return Called(**meetings.call(caller.ctx, caller.view, call, key=key))


@router.get("/meetings", summary="List meetings", responses=problems(*SIGNED))
def list_meetings(request: Request, caller: Signed, query: Annotated[MeetingQuery, Query()]) -> MeetingList:
    """Meetings of the caller's area, newest first; a handler's are those where his body sits."""
    good_for = answers.purpose(request, caller)
    after = None if query.cursor is None else cursors.decode(caller.ctx, good_for, query.cursor)
    items, following = meetings.listed(
        caller.ctx, caller.view, status=query.status, enterprise_id=query.enterprise_id, after=after, limit=query.limit
    )
    return MeetingList(
        items=[MeetingItem(**one) for one in items],
        next=None if following is None else cursors.encode(caller.ctx, good_for, following),
    )


@router.get("/meetings/{meeting_id}", summary="Read a meeting", responses=problems(*SIGNED, 404))
def read_meeting(caller: Signed, meeting_id: MeetingId) -> MeetingOut:
    """A meeting with its seats, minutes and promises, and those of its cases that are the caller's."""
    return MeetingOut(**meetings.meeting_of(caller.ctx, caller.view, meeting_id))


@router.get("/meetings/{meeting_id}/table", summary="What lies on the table", responses=problems(*SIGNED, 404))
def read_table(caller: Signed, meeting_id: MeetingId) -> TableOut:
    """The edition for the table: no house, no complainant, no case, and no count of cases below five."""
    return TableOut(**meetings.table_edition(caller.ctx, caller.view, meeting_id))


@router.post("/meetings/{meeting_id}/held", summary="Write down that it was held", responses=WRITTEN)
def hold_meeting(caller: Signed, meeting_id: MeetingId, body: HeldIn) -> MeetingOut:
    """Minutes and promises, once. Each promise has an owner who sat at the table, and a day."""
    made = [meetings.Promise(one.text, one.due_at, one.body) for one in body.promises]
    return MeetingOut(**meetings.hold(caller.ctx, caller.view, meeting_id, body.minutes, made))


@router.post("/meetings/{meeting_id}/cancelled", summary="Call it off", responses=WRITTEN)
def cancel_meeting(caller: Signed, meeting_id: MeetingId, body: CancelIn) -> MeetingOut:
    """Says why a called meeting does not take place."""
    return MeetingOut(**meetings.call_off(caller.ctx, caller.view, meeting_id, body.reason))


@router.get("/promises", summary="List promises", responses=problems(*SIGNED))
def list_promises(request: Request, caller: Signed, query: Annotated[PromiseQuery, Query()]) -> PromiseList:
    """Promises of the meetings that the caller follows, with their lights."""
    good_for = answers.purpose(request, caller)
    after = None if query.cursor is None else cursors.decode(caller.ctx, good_for, query.cursor)
    items, following = meetings.promises(
        caller.ctx,
        caller.view,
        unsettled=query.unsettled,
        enterprise_id=query.enterprise_id,
        after=after,
        limit=query.limit,
    )
    return PromiseList(
        items=[PromiseOut(**one) for one in items],
        next=None if following is None else cursors.encode(caller.ctx, good_for, following),
    )


@router.post("/promises/{promise_id}/steps", summary="Say what became of a promise", responses=WRITTEN)
def step_promise(caller: Signed, promise_id: PromiseId, body: StepIn) -> PromiseOut:
    """Proven by its owner's side, then kept, or sent back, or broken; every step stays in its history."""
    return PromiseOut(**meetings.settle(caller.ctx, caller.view, promise_id, PromiseStatus(body.status), body.note))


@router.get("/promises/{promise_id}/steps", summary="What became of a promise", responses=problems(*SIGNED, 404))
def read_steps(caller: Signed, promise_id: PromiseId) -> list[PromiseStep]:
    """Every step that was taken, in order, with the proof or the reason that was given."""
    return [PromiseStep(**one) for one in meetings.steps(caller.ctx, caller.view, promise_id)]


@router.get("/promises/{promise_id}/effect", summary="What reports did", responses=problems(*SIGNED, 404, 409))
def read_effect(caller: Signed, promise_id: PromiseId, query: Annotated[EffectQuery, Query()]) -> EffectOut:
    """Reports near the enterprise before and after the promise: a rate ratio with its interval, or `too_few`.

    A figure about a place; it says nothing of why, and nothing of seasons.
    """
    found = meetings.effect(caller.ctx, caller.view, promise_id, radius_m=query.radius_m, categories=query.category)
    return EffectOut(**found)
