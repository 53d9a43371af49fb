"""The mailbox of whoever is logged in, what of it they have read; for the admin, what could not be delivered."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request

from api import answers, cursors
from api.deps import Signed, known_parameters
from api.schemas.common import SIGNED, Id, problems
from api.schemas.messages import (
    FailedItem,
    FailedList,
    MessageItem,
    MessageList,
    MessageQuery,
    ResendIn,
    Resent,
    Unread,
)
from api.schemas.queries import Pages
from gridmap.usecases import mailbox, resending

router = APIRouter(prefix="/api/v1/messages", tags=["messages"], dependencies=[Depends(known_parameters())])


@router.get("", summary="List one's messages", responses=problems(*SIGNED))
def list_messages(request: Request, caller: Signed, query: Annotated[MessageQuery, Query()]) -> MessageList:
    """What this account was told of cases, newest first, as far as those are still the caller's. No message holds what
    was said or by whom. The reading is logged."""
    good_for = answers.purpose(request, caller)
    after = None if query.cursor is None else cursors.decode(caller.ctx, good_for, query.cursor)
    found = caller.reader.messages(unread=query.unread, after=after, limit=query.limit)
    following = None if found.next is None else cursors.encode(caller.ctx, good_for, found.next)
    return MessageList(items=[MessageItem(**item) for item in found.items], next=following, unread=found.unread)


@router.get("/unread", summary="Count those not read", responses=problems(*SIGNED))
def count_unread(caller: Signed) -> Unread:
    """How many messages the caller has not read, for the badge in the bar."""
    return Unread(unread=mailbox.unread(caller.ctx, caller.view))


@router.get("/failed", summary="List failed messages", responses=problems(*SIGNED))
def list_failed(request: Request, caller: Signed, query: Annotated[Pages, Query()]) -> FailedList:
    """What was given up, latest first, and why; for the admin. No address, no text, of residents no name."""
    good_for = answers.purpose(request, caller)
    after = None if query.cursor is None else cursors.decode(caller.ctx, good_for, query.cursor)
    found = resending.failed(caller.ctx, caller.view, after=after, limit=query.limit)
    following = None if found.next is None else cursors.encode(caller.ctx, good_for, found.next)
    return FailedList(items=[FailedItem(**item) for item in found.items], next=following, total=found.total)


@router.post("/resend", summary="Send failed messages again", responses=problems(*SIGNED, 400, 413))
def resend(caller: Signed, body: ResendIn) -> Resent:
    """Puts messages that were given up back into the queue, under their old keys; written to the audit.

    What is in the queue or was sent meanwhile is left alone, so asking again has no second effect.
    """
    return Resent(resent=resending.resend(caller.ctx, caller.view, body.ids, body.reason))


@router.post("/{message_id}/read", status_code=204, summary="Mark as read", responses=problems(*SIGNED, 404, 413))
def read_message(caller: Signed, message_id: Annotated[Id, Path(description="as in the list", examples=[1])]) -> None:
    """Marks one of the caller's messages as read; again has no effect."""
    mailbox.mark_read(caller.ctx, caller.view, message_id)
