"""A worker's phone: the day's pack in one round trip, and entries that a phone sealed while nobody was logged in."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from pydantic import ValidationError

from api import answers
from api.deps import Caller, Signed, known_parameters
from api.errors import status_of
from api.routes.ground import CELL_FIELDS
from api.routes.incidents import FIELDS, draft_of
from api.routes.people import HOUSEHOLD_FIELDS
from api.schemas.common import SIGNED, problems
from api.schemas.incidents import ReportIn
from api.schemas.phones import PackOut, SealedEntry, SealedIn, SealedOut, SealedResult
from api.schemas.plans import HandoverOut
from gridmap.errors import EnvironmentFault, Forbidden, GridmapError, InvalidInput
from gridmap.usecases import envelopes, packing
from gridmap.usecases.packing import Day
from gridmap.view import Role

router = APIRouter(prefix="/api/v1", tags=["phones"], dependencies=[Depends(known_parameters())])

#: rows that a phone is given at most; who serves more works with a network
MOST_HOMES, MOST_CASES, MOST_CELLS = 5_000, 1_000, 300


@router.get("/pack", summary="The day's pack", responses=problems(*SIGNED), response_model=PackOut)
def read_pack(
    caller: Signed,
    have: Annotated[
        str | None,
        Query(
            pattern=r"^([a-z]{1,20}:[0-9a-f]{1,64})(,[a-z]{1,20}:[0-9a-f]{1,64}){0,19}$",
            description="which sections the phone has: `name:hash,...`; those are not sent again",
            examples=["cells:0f3a9c1b2d4e5f60"],
        ),
    ] = None,
) -> Response:
    """Own cells with their neighbours' outlines, households, open cases, whom to visit, sheets to sign: for a worker.

    Contacts and care notes are not in it. The reading is logged. A phone erases it when the answer is 401 or 403.
    """
    day = packing.day(caller.reader, caller.account)
    known = dict(one.split(":") for one in have.split(",")) if have else {}
    parts = {name: make(caller, day) for name, make in _SECTIONS.items()}
    sections = b",".join(_section(name, data, known.get(name)) for name, data in parts.items())
    head = answers.dump({"made_at": day.made_at, "lease_until": day.lease_until})
    tail = answers.dump({"sealing_key": envelopes.sealing_key(caller.ctx, day.worker_id)})
    return Response(head[:-1] + b',"sections":{' + sections + b"}," + tail[1:], media_type="application/json")


def _section(name: str, data: bytes, known: str | None) -> bytes:
    digest = hashlib.sha256(data).hexdigest()[:16]
    return b'"%b":{"hash":"%b"%b}' % (
        name.encode(), digest.encode(), b"" if digest == known else b',"data":' + data
    )  # fmt: skip


def _cells(caller: Caller, day: Day) -> bytes:
    if day.box is None:
        return answers.collection([], None)
    page = caller.reader.page("cells", bbox=day.box, limit=MOST_CELLS)
    return answers.collection(answers.features(page, CELL_FIELDS), None)


def _households(caller: Caller, day: Day) -> bytes:
    page = caller.reader.page("households", limit=MOST_HOMES)
    items, seen = answers.placed(HOUSEHOLD_FIELDS, page.rows), day.visits.rows
    return answers.dump([
        {
            **{name: one[name] for name in ("id", "code", "address", "lon", "lat")}, "cell_id": _cell_id(day, one),
            "members": {name: one[name] for name in ("children", "adults", "elders")}, "housing_type": one["housing"],
            "last_visit": seen.get(one["id"], {}).get("last_visit"),
        }
        for one in items
    ])  # fmt: skip


def _cell_id(day: Day, one: Mapping[str, Any]) -> int | None:
    return one["cell"] and day.cell_ids.get(one["cell"]["code"])


def _incidents(caller: Caller, day: Day) -> bytes:
    page = caller.reader.page("incidents", filters={"open": True}, limit=MOST_CASES)
    items = answers.placed(FIELDS, page.rows)
    return answers.dump([
        {
            **{name: one[name] for name in ("id", "lon", "lat", "status", "light", "due_at")}, "code": one["number"],
            "category": one["category"] and one["category"]["code"], "cell_id": _cell_id(day, one),
        }
        for one in items
    ])  # fmt: skip


def _today(_caller: Caller, day: Day) -> bytes:
    visits = [
        {"household_id": one["id"], **{name: one[name] for name in ("days", "red", "due", "return_on", "needs")}}
        for one in day.visits.items()
    ]
    handovers = [HandoverOut(**one).model_dump(mode="json") for one in day.handovers]
    return answers.dump({"visits": visits, "handovers": handovers, "unread": day.unread})


def _categories(caller: Caller, _day: Day) -> bytes:
    return answers.dump(caller.reader.categories())


def _me(caller: Caller, day: Day) -> bytes:
    return answers.dump({"name": caller.account.name, "unit": day.unit, "cells": day.cells})


_SECTIONS: Mapping[str, Callable[[Caller, Day], bytes]] = {
    "cells": _cells, "households": _households, "incidents": _incidents, "today": _today, "categories": _categories,
    "me": _me,
}  # fmt: skip


@router.post("/sealed", summary="Bring sealed entries", responses=problems(*SIGNED, 400, 413))
def bring_sealed(caller: Signed, body: SealedIn) -> SealedOut:
    """Reports that a phone sealed to `sealing_key`; whoever brings them, each is filed for the worker who wrote it.

    Under its key a report has one effect, however often it comes, sealed or open. One that is refused holds up none
    of the others.
    """
    if caller.account.role is not Role.WORKER:
        raise Forbidden("sealed entries are brought by workers", code="no_pack")
    return SealedOut(results=[_filed(caller, one) for one in body.entries])


def _filed(caller: Caller, one: SealedEntry) -> SealedResult:
    try:
        entry = envelopes.opened(
            caller.ctx, one.key_id, _bytes(one.sealed), key=one.key, bringer=caller.account.worker_id
        )
        answer = envelopes.file(caller.ctx, entry, partial(_draft, Role.WORKER), one.key)
    except EnvironmentFault:
        raise  # nobody's fault: the phone brings them all again
    except GridmapError as fault:
        problem = {"code": fault.code, "detail": str(fault), "status": status_of(fault), **fault.details}
        return SealedResult(key=one.key, status="refused", problem=problem)
    return SealedResult(key=one.key, status="taken", incident_id=answer["id"])


def _draft(role: Role, body: Any) -> Any:
    try:
        return draft_of(ReportIn.model_validate(body), role)
    except ValidationError as fault:
        first = fault.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise InvalidInput(f"{where}: {first['msg']}", field=where) from None


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise InvalidInput("sealed: it is no base64", code="envelope_broken", field="sealed") from None
