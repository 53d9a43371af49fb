"""The desks: many cases at once, search in texts, duplicates, saved lists, and cases filed for residents."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Request

from api import answers, cursors
from api.deps import Explained, Signed, known_parameters
from api.routes.incidents import FIELDS, IncidentId
from api.schemas.common import SIGNED, Id, problems
from api.schemas.desk import (
    BehalfOut,
    DoneOut,
    FoundItem,
    FoundList,
    ManyIn,
    ManyOut,
    SearchIn,
    SimilarItem,
    ViewIn,
    ViewOut,
)
from gridmap.usecases import bulk, lists

router = APIRouter(prefix="/api/v1", dependencies=[Depends(known_parameters())])

RequiredKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[!-~]{1,180}$",
        description="drawn by the sender for this one request, for instance a UUID; kept per account",
        examples=["0d6c2b0e-5a0d-4a55-9a4b-6f0d1a2c3b4d"],
    ),
]


@router.post(
    "/incidents/bulk", tags=["incidents"], summary="Do something to many", responses=problems(*SIGNED, 400, 413)
)
def act_on_many(caller: Signed, body: ManyIn, key: RequiredKey) -> ManyOut:
    """Carries out one action on each case by itself. A refused one holds up no other; its reason stands beside it.

    The same `Idempotency-Key` again: what was done is not done twice, what was refused is tried again.
    """
    done = bulk.act_on_many(caller.ctx, caller.view, body.ids, body.action, body.given, key=key)
    results = [DoneOut(**one) for one in done]
    succeeded = sum(one.done for one in results)
    return ManyOut(done=succeeded, refused=len(results) - succeeded, results=results)


@router.post("/incidents/search", tags=["incidents"], summary="Search in texts", responses=problems(*SIGNED, 400, 413))
def search_texts(request: Request, caller: Explained, body: SearchIn) -> FoundList:
    """The caller's cases in whose text, notes or reporter every word stands, newest first.

    Texts are sealed, so they are opened for the search, at most 5,000 cases an answer: go on with `next`. What was
    found is written to the read log; no answer holds the text.
    """
    good_for = f"{answers.purpose(request, caller)} {caller.ctx.vault.digest(body.words)}"
    after = None if body.cursor is None else cursors.decode(caller.ctx, good_for, body.cursor)
    found = caller.reader.search(body.words, after=after, limit=body.limit)
    rows = zip(FIELDS.rows(found.rows), found.rows["geom"], strict=True)
    items = [FoundItem(**answers.with_place(row, place), places=found.places[row["id"]]) for row, place in rows]
    following = None if found.next is None else cursors.encode(caller.ctx, good_for, found.next)
    return FoundList(items=items, looked=found.looked, total=found.total, next=following)


@router.get(
    "/incidents/{incident_id}/similar", tags=["incidents"], summary="May be the same", responses=problems(*SIGNED, 404)
)
def read_similar(caller: Explained, incident_id: IncidentId) -> list[SimilarItem]:
    """Open cases of the same category close by in space and time (50 m and 12 weeks by default), nearest first."""
    found = caller.reader.similar(incident_id)
    rows = zip(FIELDS.rows(found), found["geom"], found["distance_m"], strict=True)
    return [SimilarItem(**answers.with_place(row, place), distance_m=metres) for row, place, metres in rows]


@router.get("/views", tags=["session"], summary="List one's saved lists", responses=problems(*SIGNED))
def read_views(caller: Signed) -> list[ViewOut]:
    """The filters that the caller saved under names; nobody else sees them."""
    return [ViewOut(**one) for one in lists.saved(caller.ctx, caller.view)]


@router.post("/views", tags=["session"], summary="Save a list", responses=problems(*SIGNED, 400, 413))
def save_view(caller: Signed, body: ViewIn) -> ViewOut:
    """Saves filters under a name, in place of those that had it."""
    return ViewOut(**lists.save(caller.ctx, caller.view, body.name, body.query))


@router.post(
    "/views/{view_id}/forget", status_code=204, tags=["session"], summary="Remove one", responses=problems(*SIGNED, 404)
)
def forget_view(caller: Signed, view_id: Annotated[Id, Path(description="as in the list", examples=[1])]) -> None:
    """Removes one of the caller's saved lists; again is 404."""
    lists.forget(caller.ctx, caller.view, view_id)


@router.get("/behalf", tags=["incidents"], summary="Filed for residents", responses=problems(*SIGNED))
def read_behalf(caller: Signed) -> list[BehalfOut]:
    """The cases that the caller filed for residents, with how far they are; nobody else can tell them apart."""
    return [BehalfOut(**one) for one in caller.reader.behalf()]
